//! Git configuration, read from a repository and written for a scratch one.

use super::command::{CleanGit, run};
use super::open::Repo;
use crate::budget::{Budget, Limits};
use crate::error::Error;

/// The text of a config file that is being written.
#[derive(Clone, Debug, Default)]
pub struct Settings(Vec<u8>);

impl Settings {
    /// Adds a value to a key, `section.name` or `section.subsection.name`; `None` is the key
    /// without a `=`, which git reads as true.
    pub fn add(&mut self, key: &[u8], value: Option<&[u8]>) {
        let Some(key) = Key::parse(key) else {
            return;
        };
        let out = &mut self.0;
        out.push(b'[');
        out.extend(key.section);
        if let Some(subsection) = key.subsection {
            out.extend(b" \"");
            for byte in subsection {
                if matches!(byte, b'"' | b'\\') {
                    out.push(b'\\');
                }
                out.push(*byte);
            }
            out.push(b'"');
        }
        out.extend(b"]\n\t");
        out.extend(key.name);
        if let Some(value) = value {
            out.extend(b" = \"");
            quote(value, out);
            out.push(b'"');
        }
        out.push(b'\n');
    }

    /// The same for what is text.
    pub fn set(&mut self, key: &str, value: &str) {
        self.add(key.as_bytes(), Some(value.as_bytes()));
    }

    /// The text, as git reads it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A key in its parts: what stands before the first dot, between the two, and behind the last.
struct Key<'k> {
    section: &'k [u8],
    subsection: Option<&'k [u8]>,
    name: &'k [u8],
}

impl<'k> Key<'k> {
    fn parse(key: &'k [u8]) -> Option<Self> {
        let first = key.iter().position(|byte| *byte == b'.')?;
        let last = key.iter().rposition(|byte| *byte == b'.')?;
        Some(Self {
            section: key.get(..first)?,
            subsection: key.get(first + 1..last),
            name: key.get(last + 1..)?,
        })
    }
}

fn quote(value: &[u8], out: &mut Vec<u8>) {
    for byte in value {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            b'\n' => out.extend(b"\\n"),
            b'\t' => out.extend(b"\\t"),
            b'\x08' => out.extend(b"\\b"),
            other => out.push(*other),
        }
    }
}

impl Repo {
    /// The repository's own configuration, files that it includes among it, as far as another
    /// repository can have it.
    pub(super) fn own_settings(&self) -> Result<Settings, Error> {
        let mut command = CleanGit::as_whoever_runs_this(&self.git_dir);
        command.args(["config", "--local", "--includes", "--null", "--list"]);
        let answer = run(command, &Budget::new(Limits::default()))?;
        if answer.status != Some(0) {
            return Err(answer.error("config --list"));
        }
        let mut settings = Settings::default();
        for entry in answer.stdout.split(|byte| *byte == 0) {
            let mut fields = entry.splitn(2, |byte| *byte == b'\n');
            let key = fields.next().unwrap_or_default();
            if !key.is_empty() && !leads_elsewhere(key) {
                settings.add(key, fields.next());
            }
        }
        Ok(settings)
    }
}

/// Returns true if and only if the key, of the real repository's configuration, could lead a push
/// or its consequences out of the scratch repositories, or says what these say of themselves.
fn leads_elsewhere(key: &[u8]) -> bool {
    let section = key.split(|byte| *byte == b'.').next().unwrap_or_default();
    let name = key.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    match section {
        b"branch" | b"extensions" | b"gc" | b"hook" | b"include" | b"includeif"
        | b"maintenance" | b"url" => true,
        b"remote" => !name.starts_with(b"treewarden"),
        b"core" => matches!(
            name,
            b"bare" | b"hookspath" | b"repositoryformatversion" | b"sshcommand" | b"worktree"
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_reads_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        let entries: [(&[u8], Option<&[u8]>); 5] = [
            (b"core.bare", None),
            (b"a.b.c.d", Some(b"  x # y ; \"z\" \\\t\x08 ")),
            (b"url.q\"\\\xff/.insteadof", Some(b"two\nlines\r\xff")),
            (b"push.pushoption", Some(b"")),
            (b"a.B.c", Some(b"\xc3\xb6")),
        ];
        let mut want = Vec::new();
        for (key, value) in entries {
            settings.add(key, value);
            want.extend(key);
            want.extend(value.iter().flat_map(|value| [b"\n", *value].concat()));
            want.push(0);
        }
        std::fs::write(folder.path().join("config"), settings.as_bytes()).unwrap();
        let git = CleanGit {
            path: Some("/usr/bin:/bin".into()),
        };
        let mut command = git.command(folder.path());
        command.args(["config", "--null", "--list", "--file"]);
        command.arg(folder.path().join("config"));
        let answer = run(command, &Budget::new(Limits::default())).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&answer.stdout),
            String::from_utf8_lossy(&want)
        );
        assert_eq!(answer.stdout, want);
    }

    #[test]
    fn what_would_lead_out_is_left_behind() {
        for (key, left) in [
            ("remote.mirror.url", true),
            ("remote.a.treewarden.url", true),
            ("remote.origin.treewarden", false),
            ("remote.origin.treewardenrepository", false),
            ("url.ssh://x/.insteadof", true),
            ("core.hookspath", true),
            ("core.sharedrepository", false),
            ("receive.fsckobjects", false),
            ("treewarden.policy", false),
        ] {
            assert_eq!(leads_elsewhere(key.as_bytes()), left, "{key}");
        }
    }
}
