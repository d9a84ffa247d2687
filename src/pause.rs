//! Pauses: a tree whose rules warn for a while instead of refusing, for the night when the gate
//! itself is at fault. Protections of the whole push refuse all the same.
//!
//! They are in a file of the repository that only its owner, or root, may have written: who can
//! only push can't pause anything. A pause ends by itself, by the server's clock.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::OFlags;
use serde_json::{Value, json};

use crate::audit::DEFAULT_FOLDER;
use crate::decision::{Decision, Judgement};
use crate::error::Error;
use crate::finding::{Finding, Scope, Severity};
use crate::git::Repo;
use crate::owner::Owner;
use crate::report::ascii;
use crate::report::escape::Shown;

/// The file, beside the audit log's usual place.
const FILE: &str = "paused.json";
/// Permissions to write that nobody but its owner may have.
const OTHERS_WRITE: u32 = 0o022;
/// More than any such file holds.
const MOST: u64 = 1024 * 1024;

/// One tree that is paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// The tree's name.
    pub tree: String,
    /// When it ends.
    pub until: Timestamp,
    /// Why, in one line.
    pub reason: String,
    /// Who did it: the user, by the kernel's word.
    pub uid: u32,
}

/// The pauses that are in force.
pub fn active(repo: &Repo, now: Timestamp) -> Result<Vec<Pause>, Error> {
    let path = path(repo);
    let Some(text) = read(repo, &path).map_err(|error| failed(&path, &error))? else {
        return Ok(Vec::new());
    };
    let all = parse(&text).ok_or_else(|| {
        let unlike = io::Error::other("is not what `treewarden pause` writes: remove it");
        failed(&path, &unlike)
    })?;
    Ok(all.into_iter().filter(|pause| pause.until > now).collect())
}

/// Puts these into force, and no others.
pub fn write(repo: &Repo, pauses: &[Pause]) -> Result<(), Error> {
    let path = path(repo);
    let written = match pauses {
        [] => match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        },
        pauses => write_file(repo, &path, pauses),
    };
    written.map_err(|error| failed(&path, &error))
}

/// What the pauses make of the decision: what breaks a rule of a paused tree only warns, and every
/// report says so.
pub fn apply(decision: Decision, pauses: &[Pause]) -> Decision {
    if pauses.is_empty() {
        return decision;
    }
    let (Decision::Accept(judgement) | Decision::Reject(judgement)) = decision;
    let mut judgement: Judgement = judgement;
    for finding in &mut judgement.findings {
        if pauses.iter().any(|pause| pause.covers(finding)) {
            finding.severity = Severity::Warn;
        }
    }
    judgement.notes.extend(pauses.iter().map(Pause::note));
    judgement.decide()
}

impl Pause {
    fn covers(&self, finding: &Finding) -> bool {
        finding.code.scope() == Scope::Tree && finding.tree.as_ref() == Some(&self.tree)
    }

    fn note(&self) -> String {
        let (tree, reason) = (Shown(self.tree.as_bytes()), Shown(self.reason.as_bytes()));
        format!(
            "the rules of {tree} are paused until {}: {reason}",
            self.until
        )
    }

    /// The same for programs.
    pub fn to_json(&self) -> Value {
        json!({
            "tree": self.tree,
            "until": self.until.to_string(),
            "reason": self.reason,
            "uid": self.uid,
        })
    }

    fn parse(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name)?.as_str();
        Some(Self {
            tree: text("tree")?.to_owned(),
            until: text("until")?.parse().ok()?,
            reason: text("reason")?.to_owned(),
            uid: u32::try_from(value.get("uid")?.as_u64()?).ok()?,
        })
    }
}

fn parse(text: &[u8]) -> Option<Vec<Pause>> {
    let value: Value = serde_json::from_slice(text).ok()?;
    let pauses = value.get("pauses")?.as_array()?;
    pauses.iter().map(Pause::parse).collect()
}

fn path(repo: &Repo) -> PathBuf {
    repo.common_dir().join(DEFAULT_FOLDER).join(FILE)
}

/// Returns true if and only if what this user writes is believed.
pub fn may_pause(repo: &Repo, uid: u32) -> io::Result<bool> {
    Ok(uid == 0 || uid == repo.common_dir().metadata()?.uid())
}

fn read(repo: &Repo, path: &Path) -> io::Result<Option<Vec<u8>>> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = File::options()
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).map_err(io::Error::other)?)
        .open(path);
    let file = match opened {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        other => other?,
    };
    let found = file.metadata()?;
    if !found.is_file() || found.mode() & OTHERS_WRITE != 0 || !may_pause(repo, found.uid())? {
        return Err(io::Error::other(
            "others than its owner, who must be the repository's or root, can write it: remove it",
        ));
    }
    let mut text = Vec::new();
    file.take(MOST).read_to_end(&mut text)?;
    Ok(Some(text))
}

fn write_file(repo: &Repo, path: &Path, pauses: &[Pause]) -> io::Result<()> {
    let folder = path.parent().ok_or(ErrorKind::InvalidInput)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let pauses: Vec<Value> = pauses.iter().map(Pause::to_json).collect();
    let text = ascii::line(&json!({ "pauses": pauses }));
    file.write_all(format!("{text}\n").as_bytes())?;
    // Whoever pushes reads it.
    file.as_file()
        .set_permissions(Permissions::from_mode(0o644))?;
    Owner::of(&repo.common_dir().metadata()?).offer(file.as_file())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn failed(path: &Path, error: &io::Error) -> Error {
    let path = Shown(path.as_os_str().as_bytes());
    Error::Repository(format!("pauses: {path}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Code, Offender};

    fn finding(code: Code, tree: Option<&str>) -> Finding {
        Finding {
            code,
            severity: Severity::Deny,
            tree: tree.map(str::to_owned),
            ref_name: b"refs/heads/x".to_vec(),
            offender: Offender::Update,
            fault: String::new(),
            place: None,
            help: Vec::new(),
            lifted_by: Vec::new(),
        }
    }

    fn pause(tree: &str) -> Pause {
        Pause {
            tree: tree.into(),
            until: Timestamp::UNIX_EPOCH,
            reason: "a\u{f6}".into(),
            uid: 7,
        }
    }

    #[test]
    fn only_rules_of_the_tree_are_lowered() {
        for (code, tree, accepts) in [
            (Code::DeniedPath, Some("net"), true),
            (Code::RefRewound, Some("net"), true),
            (Code::DeniedPath, Some("master"), false),
            (Code::BadUpdate, Some("net"), false),
            (Code::ReplaceRef, None, false),
        ] {
            let judgement = Judgement {
                findings: vec![finding(code, tree)],
                ..Judgement::default()
            };
            let decided = apply(judgement.decide(), &[pause("net")]);
            assert_eq!(
                matches!(decided, Decision::Accept(_)),
                accepts,
                "{code} {tree:?}"
            );
        }
    }

    #[test]
    fn pauses_are_read_as_they_are_written() {
        let text = json!({ "pauses": [pause("net").to_json()] }).to_string();
        assert_eq!(parse(text.as_bytes()), Some(vec![pause("net")]));
        for unlike in ["", "{}", "{\"pauses\":[{}]}", "[]"] {
            assert_eq!(parse(unlike.as_bytes()), None, "{unlike}");
        }
    }
}
