//! The checks `audit` and `post-receive`: whether pushes are written down.

use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::audience::Audience;
use super::check::Check;
use super::hook::EXECUTE;
use super::report::Entry;
use super::shim::Shim;
use super::subject::Subject;
use super::words::{quoted_path, quoted_paths};
use crate::audit::{self, Place};
use crate::error::Error;
use crate::install::Hook;

/// May be written.
const WRITE: u32 = 0o2;
/// May be read.
const READ: u32 = 0o4;
/// Of a folder: may be passed.
const PASS: u32 = 0o1;

/// Both checks; the second only where pre-receive is there, since what it lacks this one lacks too.
pub fn audit(subject: &Subject<'_>, shim: Option<&Shim>) -> Result<Vec<Entry>, Error> {
    let Some(place) = Place::of(subject.repo)? else {
        let detail = format!(
            "no push is written down, by {} = {}",
            audit::KEY,
            audit::OFF
        );
        return Ok(vec![Entry::ok(Check::Audit, detail)]);
    };
    let mut entries = vec![log(subject, &place)?];
    entries.extend(shim.map(|_| post_receive(subject)));
    Ok(entries)
}

/// The check `audit`: every push is refused where its record can't be written.
fn log(subject: &Subject<'_>, place: &Place) -> Result<Entry, Error> {
    let audience = Audience::of(subject.repo)?;
    let refused = |what: String, help: String| {
        Entry::fail(
            Check::Audit,
            format!("{what}: every push to a tree is refused"),
            help,
        )
    };
    let folder = place.folder();
    let Ok(found) = folder.metadata() else {
        let what = format!("{} is not there", folder.display());
        return Ok(refused(what, subject.install()));
    };
    if let Some(entry) = not_writable(&found, folder, READ | WRITE | PASS, audience) {
        return Ok(entry);
    }
    for path in [place.log().to_owned(), place.lock()] {
        match path.symlink_metadata() {
            Ok(found) if !found.is_file() => {
                let what = format!("{} is no file", path.display());
                let help = format!(
                    "find out who put it there, and move {} away",
                    quoted_path(&path)
                );
                return Ok(refused(what, help));
            }
            Ok(found) => {
                if let Some(entry) = not_writable(&found, &path, READ | WRITE, audience) {
                    return Ok(entry);
                }
            }
            Err(_) => {}
        }
    }
    at_end(subject, place)
}

fn not_writable(found: &Metadata, path: &Path, needs: u32, audience: Audience) -> Option<Entry> {
    if audience.may(found, needs) {
        return None;
    }
    let detail = format!(
        "{} may not write {}: their pushes to a tree are refused",
        audience.name(),
        path.display()
    );
    let who = match audience {
        Audience::Owner { .. } => 'u',
        Audience::Group { .. } => 'g',
        Audience::Everybody => 'o',
    };
    let help = format!("chmod {who}+rwX {}", quoted_paths(&[path]));
    Some(Entry::fail(Check::Audit, detail, help))
}

fn at_end(subject: &Subject<'_>, place: &Place) -> Result<Entry, Error> {
    let log = place.log().display();
    Ok(match audit::verify_end(place)? {
        Ok(0) => Entry::ok(Check::Audit, format!("{log}, without a record yet")),
        Ok(count) => Entry::ok(
            Check::Audit,
            format!("{log}, whose last {count} records are as they were written"),
        ),
        Err(fault) => Entry::fail(
            Check::Audit,
            format!("{log}: near its end, {fault}"),
            format!(
                "treewarden audit verify {}",
                quoted_path(subject.repo.git_dir())
            ),
        ),
    })
}

/// The check `post-receive`.
fn post_receive(subject: &Subject<'_>) -> Entry {
    let hook = Hook::PostReceive;
    let path = subject.hooks.folder.join(hook.name());
    let shown = path.display();
    let warn = |what: &str| {
        let detail = format!("{shown} {what}: what lands is not written down");
        Entry::warn(Check::PostReceive, detail, subject.install())
    };
    let Ok(text) = std::fs::read(&path) else {
        return warn("is not there, or can't be read");
    };
    let shim = Shim::parse(&text, hook.program());
    let is_ours = |shim: &Shim| shim.binary.is_some();
    match (shim.filter(is_ours), path.metadata()) {
        (Some(_), Ok(found)) if found.permissions().mode() & EXECUTE == 0 => {
            warn("is not executable")
        }
        (Some(shim), Ok(_)) if !shim.can_start() => warn("starts a program that can't be run"),
        (Some(_), Ok(_)) => Entry::ok(Check::PostReceive, format!("{shown} is treewarden's")),
        (_, _) => warn("is another program's"),
    }
}
