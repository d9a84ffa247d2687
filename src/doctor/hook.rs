//! Where git looks for the hook, and whether it runs what it finds. It is silent where it
//! doesn't: it goes on as if there were no hook.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::audience::{own_user, owner};
use super::check::Check;
use super::installed::{is_ours, speaks_of};
use super::report::{Entry, Outcome};
use super::shim::is_code;
use super::subject::{Subject, name, program};
use super::words::quoted_path;
use crate::error::Error;
use crate::git::{ConfigScope, HooksPath};

/// Anybody's permission to execute.
pub const EXECUTE: u32 = 0o111;

/// The check `hooks-path`.
pub fn hooks_path(subject: &Subject<'_>) -> Result<Entry, Error> {
    let found = as_found_here(subject);
    let decides = match &subject.hooks.path {
        Some(path) => path.scope.is_own(),
        None => false,
    };
    let owner = owner(subject.repo)?;
    if found.outcome != Outcome::Ok || decides || owner == own_user()? {
        return Ok(found);
    }
    Ok(Entry::warn(
        Check::HooksPath,
        format!(
            "{}; but user {owner} owns the repository, whose own git config may lead elsewhere and was not read",
            found.detail
        ),
        format!(
            "run doctor as the owner: sudo -u '#{owner}' treewarden doctor {}",
            quoted_path(subject.repo.git_dir())
        ),
    ))
}

/// Where git looks when whoever asks runs it.
fn as_found_here(subject: &Subject<'_>) -> Entry {
    let (folder, own) = (&subject.hooks.folder, subject.repo.own_hooks());
    let Some(path) = &subject.hooks.path else {
        return Entry::ok(Check::HooksPath, format!("{}, git's own", folder.display()));
    };
    let led = format!(
        "core.hooksPath = {} in {}",
        path.value.display(),
        path.scope.name()
    );
    if same_folder(folder, &own) {
        return Entry::ok(
            Check::HooksPath,
            format!("{}, also by {led}", own.display()),
        );
    }
    let side = subject.side;
    if !is_ours(folder, side) && is_ours(&own, side) {
        let passed_over = own.join(name(side));
        let detail = format!(
            "{led} leads git to {}, past {}: {}",
            folder.display(),
            passed_over.display(),
            subject.unjudged()
        );
        return Entry::fail(Check::HooksPath, detail, lead_back(subject, path));
    }
    let detail = format!("{}, by {led}", folder.display());
    match path.scope {
        ConfigScope::Local | ConfigScope::Worktree | ConfigScope::System => {
            Entry::ok(Check::HooksPath, detail)
        }
        ConfigScope::Global | ConfigScope::Command => {
            let why = "another user's git looks elsewhere";
            let set = set_path(subject, folder);
            Entry::warn(Check::HooksPath, format!("{detail}: {why}"), set)
        }
    }
}

fn same_folder(one: &Path, other: &Path) -> bool {
    let whole = one.canonicalize();
    whole.is_ok() && whole.ok() == other.canonicalize().ok()
}

/// The command after which git looks in the repository's own folder.
fn lead_back(subject: &Subject<'_>, path: &HooksPath) -> String {
    let git = subject.git();
    match path.scope {
        ConfigScope::Local => format!("{git} config --unset-all core.hooksPath"),
        ConfigScope::Worktree => format!("{git} config --worktree --unset-all core.hooksPath"),
        // The repository's own value wins, and other repositories keep theirs.
        ConfigScope::System | ConfigScope::Global => set_path(subject, &subject.repo.own_hooks()),
        ConfigScope::Command => {
            "take core.hooksPath out of GIT_CONFIG_COUNT or GIT_CONFIG_PARAMETERS".into()
        }
    }
}

fn set_path(subject: &Subject<'_>, folder: &Path) -> String {
    let folder = quoted_path(folder);
    format!("{} config core.hooksPath {folder}", subject.git())
}

/// The check `hook`.
pub fn hook(subject: &Subject<'_>) -> Result<Entry, Error> {
    let path = subject.hook();
    let shown = path.display();
    let gone = |what: String, help: String| {
        let detail = format!("{shown} {what}: {}", subject.unjudged());
        Entry::fail(Check::Hook, detail, help)
    };
    let link = match path.symlink_metadata() {
        Ok(found) => found.is_symlink(),
        Err(error) if is_absence(&error) => {
            return Ok(gone("is not there".into(), subject.install()));
        }
        Err(error) => return Err(unreadable(&path, &error)),
    };
    let quoted = quoted_path(&path);
    let found = match path.metadata() {
        Ok(found) => found,
        Err(error) if is_absence(&error) => {
            let what = format!("is a dangling symbolic link to {}", target(&path).display());
            return Ok(gone(what, format!("rm {quoted} && {}", subject.install())));
        }
        Err(error) => return Err(unreadable(&path, &error)),
    };
    if !found.is_file() {
        let help = format!("move {quoted} away, then: {}", subject.install());
        return Ok(Entry::fail(
            Check::Hook,
            format!("{shown} is no file"),
            help,
        ));
    }
    if found.permissions().mode() & EXECUTE == 0 {
        let what = "is not executable".to_owned();
        return Ok(gone(what, format!("chmod a+rx {quoted}")));
    }
    Ok(Entry::ok(Check::Hook, named(&path, link)))
}

/// The path, and where it leads if it is a symbolic link.
fn named(path: &Path, link: bool) -> String {
    match link {
        true => format!(
            "{}, a symbolic link to {}",
            path.display(),
            target(path).display()
        ),
        false => path.display().to_string(),
    }
}

fn target(link: &Path) -> PathBuf {
    // Only for the message; what can't be read was told before.
    link.read_link().unwrap_or_default()
}

fn is_absence(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::Repository(format!("{}: {error}", path.display()))
}

/// The check `chained-hook`.
pub fn chained_hook(subject: &Subject<'_>) -> Result<Entry, Error> {
    let path = chained_path(subject);
    let shown = path.display();
    match path.symlink_metadata() {
        Ok(_) => {}
        Err(error) if is_absence(&error) => return Ok(Entry::ok(Check::ChainedHook, "none")),
        Err(error) => return Err(unreadable(&path, &error)),
    }
    let quoted = quoted_path(&path);
    let ignored = |what: &str, help: String| {
        Entry::warn(
            Check::ChainedHook,
            format!("{shown} {what}: it is ignored"),
            help,
        )
    };
    Ok(match path.metadata() {
        Err(error) if is_absence(&error) => {
            ignored("is a dangling symbolic link", format!("rm {quoted}"))
        }
        Err(error) => return Err(unreadable(&path, &error)),
        Ok(found) if found.permissions().mode() & EXECUTE == 0 => {
            ignored("is not executable", format!("chmod a+rx {quoted}"))
        }
        Ok(found) if starts_us(subject, &path, &found)? => {
            let program = program(subject.side);
            Entry::fail(
                Check::ChainedHook,
                format!(
                    "{shown} starts {program} again: what is accepted is judged without end, or refused"
                ),
                format!("unless {shown} does more than that: rm {quoted}"),
            )
        }
        Ok(_) => {
            let detail = format!("{shown}, run once treewarden has accepted a push");
            Entry::ok(Check::ChainedHook, detail)
        }
    })
}

/// Returns true if and only if the chained hook is the hook itself, or starts our program.
fn starts_us(subject: &Subject<'_>, path: &Path, found: &Metadata) -> Result<bool, Error> {
    let hook = subject.hook().metadata();
    if hook.is_ok_and(|hook| (hook.dev(), hook.ino()) == (found.dev(), found.ino())) {
        return Ok(true);
    }
    if !found.is_file() {
        return Ok(false);
    }
    let text = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    let mut code = text
        .split(|byte| *byte == b'\n')
        .filter(|line| is_code(line));
    Ok(code.any(|line| speaks_of(line, program(subject.side))))
}

/// Where the hook that ours took the place of is kept.
pub fn chained_path(subject: &Subject<'_>) -> PathBuf {
    let mut path = subject.hook().into_os_string();
    path.push(".chained");
    path.into()
}
