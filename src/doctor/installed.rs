//! The repository itself, and which of treewarden's hooks are meant to be in it.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::audience::own_user;
use super::check::Check;
use super::report::Entry;
use super::subject::{install, name, program};
use super::words::{git, quoted_path, trimmed};
use crate::error::Error;
use crate::git::{HookSide, Repo};
use crate::install::INSTALLED;

/// What the repository is.
pub fn repository(repo: &Repo) -> Entry {
    let kind = match repo.is_bare() {
        true => "bare",
        false => "with a work tree",
    };
    let refs = match repo.has_reftable() {
        true => "a reftable",
        false => "files",
    };
    let (path, objects) = (trimmed(repo.git_dir()), repo.format().name());
    let path = path.display();
    let detail = format!("{path}, {kind}, {objects} objects, refs in {refs}");
    Entry::ok(Check::Repository, detail)
}

/// Why there was no repository to look at. `path` is where one was looked for.
pub fn no_repository(path: &Path, error: &Error) -> Entry {
    let shown = quoted_path(path);
    let owner = path.metadata().ok().map(|found| found.uid());
    let help = match (owner, own_user()) {
        (Some(owner), Ok(own)) if owner != own => {
            format!("sudo -u '#{owner}' treewarden doctor {shown}")
        }
        (Some(_), _) => format!("git -C {shown} rev-parse --git-dir"),
        (None, _) => "treewarden doctor REPO".into(),
    };
    Entry::fail(Check::Repository, error, help)
}

/// The hooks that are installed, or were: what a hook that vanished leaves behind counts too.
pub fn sides(repo: &Repo) -> Result<Vec<HookSide>, Error> {
    let noted = repo.own_config(INSTALLED)?;
    let is_meant = |side| {
        let is_noted = noted.iter().any(|deed| deed == name(side));
        mentioned(repo, side).map(|mentioned| mentioned || is_noted)
    };
    let mut sides = Vec::new();
    let is_client = is_meant(HookSide::Client)? || !repo.judged_remotes()?.is_empty();
    // A bare repository with a policy is a server's, unless one pushes from it.
    let is_server = !is_client && repo.is_bare() && has_policy(repo)?;
    if is_meant(HookSide::Server)? || is_server {
        sides.push(HookSide::Server);
    }
    if is_client {
        sides.push(HookSide::Client);
    }
    Ok(sides)
}

/// Returns true if and only if a hook starts our program, where git looks or where it would by
/// itself.
fn mentioned(repo: &Repo, side: HookSide) -> Result<bool, Error> {
    let places = [repo.hooks(side)?.folder, repo.own_hooks()];
    Ok(places.iter().any(|folder| is_ours(folder, side)))
}

/// Returns true if and only if the folder has a hook that speaks of our program.
pub fn is_ours(folder: &Path, side: HookSide) -> bool {
    std::fs::read(folder.join(name(side))).is_ok_and(|text| speaks_of(&text, program(side)))
}

/// Returns true if and only if the text holds the word.
pub fn speaks_of(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|part| part == word.as_bytes())
}

fn has_policy(repo: &Repo) -> Result<bool, Error> {
    let own: PathBuf = repo.common_dir().join("treewarden.toml");
    let configured = repo.trusted_config("treewarden.policy")?;
    Ok(configured.is_some() || own.symlink_metadata().is_ok())
}

/// What is installed.
pub fn installed(repo: &Repo, sides: &[HookSide]) -> Entry {
    if sides.is_empty() {
        return nothing(repo);
    }
    let names: Vec<&str> = sides.iter().map(|side| name(*side)).collect();
    Entry::ok(Check::Installed, names.join(" and "))
}

fn nothing(repo: &Repo) -> Entry {
    let (what, help) = match repo.is_bare() {
        true => (
            "neither hook, and no policy, is installed here",
            install(repo, HookSide::Server, "POLICY"),
        ),
        false => (
            "neither hook, and no remote to judge pushes to, is installed here",
            format!(
                "in a clone: {}; on a server: {}",
                install(repo, HookSide::Client, "POLICY"),
                install(repo, HookSide::Server, "POLICY")
            ),
        ),
    };
    Entry::fail(Check::Installed, what, help)
}

/// A client's hook without a remote passes everything by.
pub fn judged(repo: &Repo) -> Result<Option<Entry>, Error> {
    if !repo.judged_remotes()?.is_empty() {
        return Ok(None);
    }
    let git = git(repo.git_dir());
    let help = format!("{git} config remote.origin.treewarden true");
    let detail = "pre-push is here, but judges pushes to no remote";
    Ok(Some(Entry::fail(Check::Installed, detail, help)))
}
