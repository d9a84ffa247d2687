//! The check `other-users`: whether the gate works for whoever may push, not only for who asks.
//!
//! Worked out from permission bits. Root, whom no bits bind, also starts the hook as such a user.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::audience::{Audience, own_user};
use super::check::Check;
use super::parts::{EXECUTE, Part, READ, gate, repository};
use super::report::Entry;
use super::shim::Shim;
use super::subject::{Subject, budget};
use super::way::way;
use super::words::{quoted_path, quoted_paths};
use super::writable::some;
use crate::error::{Error, Exit};

/// A place that somebody needs and may not use.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lack {
    path: PathBuf,
    needs: u32,
    decides: bool,
}

/// The check `other-users`.
pub fn other_users(subject: &Subject<'_>, shim: Option<&Shim>) -> Result<Entry, Error> {
    let audience = Audience::of(subject.repo)?;
    let mut parts = gate(subject, shim);
    parts.extend(repository(subject));
    let mut lacks: Vec<Lack> = Vec::new();
    for lack in parts.iter().flat_map(|part| lacking(part, audience)) {
        if !lacks.contains(&lack) {
            lacks.push(lack);
        }
    }
    if !lacks.is_empty() {
        return Ok(denied(subject, audience, &lacks));
    }
    let starts = shim.is_some_and(Shim::can_start);
    if let Some(entry) = tried(subject, audience, starts)? {
        return Ok(entry);
    }
    let detail = format!(
        "{} can run the hook and read what it reads",
        audience.name()
    );
    Ok(Entry::ok(Check::OtherUsers, detail))
}

/// The places on the way to a part, and the part itself, that the audience may not use.
fn lacking(part: &Part, audience: Audience) -> Vec<Lack> {
    // What isn't there was told of by another check.
    let Ok(steps) = way(&part.path) else {
        return Vec::new();
    };
    let last = steps.len().saturating_sub(1);
    let lacking = steps.iter().enumerate().filter_map(|(at, step)| {
        let needs = if at == last { part.needs } else { EXECUTE };
        // What a link itself allows counts for nothing.
        if step.is_link() || audience.may(&step.found, needs) {
            return None;
        }
        // What nobody can execute was told of by another check.
        if step.found.is_file() && needs & EXECUTE != 0 && step.found.mode() & 0o111 == 0 {
            return None;
        }
        let alone = |bit: u32| needs & bit != 0 && !audience.may(&step.found, bit);
        let lacks = [READ, EXECUTE].into_iter().filter(|bit| alone(*bit)).sum();
        Some(Lack {
            path: step.path.clone(),
            needs: lacks,
            decides: part.decides && lacks & EXECUTE != 0,
        })
    });
    lacking.collect()
}

fn denied(subject: &Subject<'_>, audience: Audience, lacks: &[Lack]) -> Entry {
    let paths = |bit: u32| -> Vec<&Path> {
        let lacks = lacks.iter().filter(|lack| lack.needs & bit != 0);
        lacks.map(|lack| lack.path.as_path()).collect()
    };
    let (mut what, mut help) = (Vec::new(), Vec::new());
    for (bit, verb, letter) in [(READ, "read", 'r'), (EXECUTE, "pass or execute", 'x')] {
        let paths = paths(bit);
        if !paths.is_empty() {
            what.push(format!("may not {verb} {}", some(&paths)));
            help.push(format!("chmod a+{letter} {}", quoted_paths(&paths)));
        }
    }
    let end = match lacks.iter().any(|lack| lack.decides) {
        true => subject.unjudged(),
        false => "all their pushes are refused",
    };
    let detail = format!("{} {}: {end}", audience.name(), what.join(" and "));
    Entry::fail(Check::OtherUsers, detail, help.join(" && "))
}

/// Starts the hook as another user, outside of a repository: it must come as far as to say that
/// it is in none. Only root can, and only our own hook is tried, where it should start.
fn tried(subject: &Subject<'_>, audience: Audience, starts: bool) -> Result<Option<Entry>, Error> {
    let (uid, gid) = audience.ids();
    if !starts || uid == 0 || own_user()? != 0 {
        return Ok(None);
    }
    let hook = subject.hook();
    let why = match subject.ambient.git.run_as(&hook, (uid, gid), &budget()) {
        Ok(None) => return Ok(None),
        Ok(Some(answer)) if answer.status == Some(i32::from(Exit::Usage as u8)) => return Ok(None),
        Ok(Some(answer)) => format!(
            "it ended with {}: {}",
            answer
                .status
                .map_or("a signal".into(), |status| status.to_string()),
            String::from_utf8_lossy(answer.stderr.trim_ascii())
        ),
        Err(error) => error.to_string(),
    };
    let detail = format!(
        "{}: {} does not start: {why}",
        audience.name(),
        hook.display()
    );
    let help = format!(
        "setpriv --reuid={uid} --regid={gid} --clear-groups {}",
        quoted_path(&hook)
    );
    Ok(Some(Entry::fail(Check::OtherUsers, detail, help)))
}
