//! What libgit2 is told before it opens anything.

use std::sync::OnceLock;

use rustix::process::{geteuid, getuid};

use crate::error::Error;

/// Whether this program has the GNU C library built in.
const IS_STATIC: bool = cfg!(all(target_feature = "crt-static", target_env = "gnu"));

/// Errs where libgit2 would bring the program down. As it starts, it looks up the home of the
/// effective user if that isn't the real one; and that library, when it is built in, may crash
/// over users that it doesn't find in `/etc/passwd`.
fn one_user(is_static: bool, real: u32, effective: u32) -> Result<(), Error> {
    if is_static && real != effective {
        return Err(Error::Repository(format!(
            "this runs as user {effective} on behalf of user {real}, which a program that is \
             linked statically can't: build it with `cargo build --release`"
        )));
    }
    Ok(())
}

/// Lets libgit2 open reftable repositories. Objects are all that it reads there: see `refs`.
pub(super) fn know_extensions() -> Result<(), Error> {
    static SET: OnceLock<Result<(), String>> = OnceLock::new();
    one_user(IS_STATIC, getuid().as_raw(), geteuid().as_raw())?;
    let known = [
        "noop",
        "objectformat",
        "partialclone",
        "preciousobjects",
        "refstorage",
        "relativeworktrees",
        "worktreeconfig",
    ];
    let set = SET.get_or_init(|| {
        #[allow(unsafe_code)]
        // SAFETY: libgit2 asks that no other thread reads the list meanwhile. It reads it when a
        // repository is opened, and every open here waits for this one call.
        let set = unsafe { git2::opts::set_extensions(&known) };
        set.map_err(|error| error.message().to_owned())
    });
    set.clone().map_err(Error::Repository)
}

/// Switches libgit2's question off who owns the repository. Only a hook may: the git that runs it
/// has asked it, and knows every form of `safe.directory`, where libgit2 knows two.
pub(super) fn trust_owner() -> Result<(), Error> {
    one_user(IS_STATIC, getuid().as_raw(), geteuid().as_raw())?;
    #[allow(unsafe_code)]
    // SAFETY: it sets one flag, and no other thread of a hook uses libgit2.
    let set = unsafe { git2::opts::set_verify_owner_validation(false) };
    set.map_err(|error| Error::Repository(error.message().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_users_are_no_matter_but_to_a_static_program() {
        assert!(one_user(true, 1, 1).is_ok());
        assert!(one_user(false, 1, 2).is_ok());
        assert!(one_user(true, 1, 2).is_err());
    }
}
