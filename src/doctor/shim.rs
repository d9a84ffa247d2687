//! What stands in the hook: our shim, the program that reads it, and the one that it starts.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::check::Check;
use super::hook::EXECUTE;
use super::installed::speaks_of;
use super::report::Entry;
use super::subject::{Subject, program};
use super::words::quoted_path;
use crate::error::Error;

/// What follows the program in a shim that hands over how it was run.
const ARGUMENTS: &[u8] = b" \"$0\" \"$@\"";
/// What follows it in the shim of this version.
const CURRENT: &str = include_str!("../../hooks/pre-receive");

/// A hook, as its text reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shim {
    /// The program that its first line names.
    pub interpreter: PathBuf,
    /// What it hands over to; `None` where it doesn't end in that.
    pub binary: Option<PathBuf>,
    /// Whether that is told how the hook was run, as this version's is.
    pub current: bool,
    /// Whether anything but comments stands between.
    pub does_more: bool,
}

impl Shim {
    /// Reads the hook's text; `None` if its first line names no program.
    pub fn parse(text: &[u8], program: &str) -> Option<Self> {
        let mut lines = text.split(|byte| *byte == b'\n');
        let first = lines.next()?.strip_prefix(b"#!")?.trim_ascii_start();
        let named = first.split(|byte| matches!(byte, b' ' | b'\t')).next()?;
        let mut body: Vec<&[u8]> = lines.filter(|line| is_code(line)).collect();
        let last = body.pop().unwrap_or_default();
        let handed = last.strip_prefix(b"exec ").and_then(word);
        let (binary, rest) = match handed {
            Some((path, rest)) if is_program(&path, program) => (Some(path), rest),
            _ => (None, &[][..]),
        };
        Some(Self {
            interpreter: OsStr::from_bytes(named).into(),
            binary: binary.filter(|_| rest.is_empty() || rest == ARGUMENTS),
            current: rest == ARGUMENTS || is_current(rest),
            does_more: !body.is_empty(),
        })
    }
}

impl Shim {
    /// Returns true if and only if anybody can run what it names.
    pub fn can_start(&self) -> bool {
        let runs = |program: &Path| cannot_run(program).is_none();
        runs(&self.interpreter) && self.binary.as_deref().is_some_and(runs)
    }
}

/// Returns true if and only if the line is no comment, and not empty.
pub fn is_code(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    !line.is_empty() && !line.starts_with(b"#")
}

fn is_program(path: &Path, program: &str) -> bool {
    path.is_absolute() && path.file_name() == Some(OsStr::new(program))
}

/// Returns true if and only if the shim that this version writes ends so.
fn is_current(rest: &[u8]) -> bool {
    CURRENT
        .split_once("@BINARY@")
        .is_some_and(|(_, end)| end.trim_end().as_bytes() == rest)
}

/// The first word of a shell's command line, and what follows it.
fn word(line: &[u8]) -> Option<(PathBuf, &[u8])> {
    let mut path = Vec::new();
    let (mut quoted, mut rest) = (false, line);
    while let Some((byte, after)) = rest.split_first() {
        match byte {
            b'\'' => quoted = !quoted,
            other if quoted => path.push(*other),
            b' ' => break,
            b'\\' if after.first() == Some(&b'\'') => {
                path.push(b'\'');
                rest = after.get(1..)?;
                continue;
            }
            other if other.is_ascii_alphanumeric() || b"/._-+".contains(other) => {
                path.push(*other);
            }
            // Anything else means something to a shell.
            _ => return None,
        }
        rest = after;
    }
    (!quoted).then(|| (OsStr::from_bytes(&path).into(), rest))
}

/// The check `shim`, and the shim as far as it can be told.
pub fn shim(subject: &Subject<'_>) -> Result<(Entry, Option<Shim>), Error> {
    let (path, program) = (subject.hook(), program(subject.side));
    let text = std::fs::read(&path)
        .map_err(|error| Error::Repository(format!("{}: {error}", path.display())))?;
    let shown = path.display();
    let parsed = Shim::parse(&text, program);
    let entry = match &parsed {
        Some(shim) if shim.binary.is_some() => ours(subject, shim),
        _ if speaks_of(&text, program) => Entry::fail(
            Check::Shim,
            format!(
                "{shown} speaks of {program}, but does not end in `exec`ing it: another exit status can take the place of its own"
            ),
            anew(subject),
        ),
        _ => Entry::fail(
            Check::Shim,
            format!(
                "{shown} is another program's hook, which begins {}",
                beginning(&text)
            ),
            subject.install(),
        ),
    };
    Ok((entry, parsed))
}

/// The commands that write the hook anew. What stands there would be kept as another program's.
fn anew(subject: &Subject<'_>) -> String {
    format!(
        "rm {} && {}",
        quoted_path(&subject.hook()),
        subject.install()
    )
}

fn ours(subject: &Subject<'_>, shim: &Shim) -> Entry {
    let path = subject.hook();
    let shown = path.display();
    if shim.does_more {
        let detail = format!(
            "{shown} does more than to start treewarden's program: what stands before that can leave pushes unjudged"
        );
        return Entry::fail(Check::Shim, detail, anew(subject));
    }
    if !shim.current {
        let detail = format!("{shown} is of an older version, which can't run a chained hook");
        return Entry::warn(Check::Shim, detail, subject.install());
    }
    Entry::ok(Check::Shim, format!("{shown} is treewarden's"))
}

/// The first line that says something, for a message.
fn beginning(text: &[u8]) -> String {
    let mut lines = text.split(|byte| *byte == b'\n');
    let first = lines.find(|line| is_code(line)).unwrap_or_default();
    let kept: String = String::from_utf8_lossy(first).chars().take(60).collect();
    format!("`{kept}`")
}

/// The check `interpreter`.
pub fn interpreter(subject: &Subject<'_>, shim: &Shim) -> Entry {
    match cannot_run(&shim.interpreter) {
        None => Entry::ok(Check::Interpreter, shim.interpreter.display()),
        Some(why) => Entry::fail(
            Check::Interpreter,
            format!(
                "{} {why}: every push is refused",
                shim.interpreter.display()
            ),
            anew(subject),
        ),
    }
}

/// The check `binary`.
pub fn binary(subject: &Subject<'_>, binary: &Path) -> Result<Entry, Error> {
    let shown = binary.display();
    if let Some(why) = cannot_run(binary) {
        let help = match why {
            NOT_EXECUTABLE => format!("chmod a+rx {}", quoted_path(binary)),
            _ => subject.install(),
        };
        let detail = format!("{shown} {why}: every push is refused");
        return Ok(Entry::fail(Check::Binary, detail, help));
    }
    let folder = subject.options.programs.as_deref();
    let Some(beside) = folder.map(|folder| folder.join(program(subject.side))) else {
        return Ok(Entry::ok(Check::Binary, shown));
    };
    let version = env!("CARGO_PKG_VERSION");
    if cannot_run(&beside).is_some() {
        let detail = format!(
            "{shown}: of which version can't be told without {}",
            beside.display()
        );
        let help = "install treewarden and the programs of its hooks together: ./install.sh";
        return Ok(Entry::warn(Check::Binary, detail, help));
    }
    Ok(match same_contents(binary, &beside)? {
        true => Entry::ok(
            Check::Binary,
            format!("{shown}, of this version, {version}"),
        ),
        false => Entry::warn(
            Check::Binary,
            format!(
                "{shown} is another than {}, of this version, {version}",
                beside.display()
            ),
            subject.install(),
        ),
    })
}

const NOT_EXECUTABLE: &str = "is not executable";

/// Why the program can't be run by anybody, if so.
fn cannot_run(program: &Path) -> Option<&'static str> {
    match program.metadata() {
        Err(_) => Some("is not there"),
        Ok(found) if !found.is_file() => Some("is no file"),
        Ok(found) if found.permissions().mode() & EXECUTE == 0 => Some(NOT_EXECUTABLE),
        Ok(_) => None,
    }
}

fn same_contents(one: &Path, other: &Path) -> Result<bool, Error> {
    let compare = || -> std::io::Result<bool> {
        if one.canonicalize()? == other.canonicalize()? {
            return Ok(true);
        }
        if one.metadata()?.len() != other.metadata()?.len() {
            return Ok(false);
        }
        Ok(std::fs::read(one)? == std::fs::read(other)?)
    };
    compare().map_err(|error| Error::Repository(format!("{}: {error}", one.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Shim {
        Shim::parse(text.as_bytes(), "treewarden-pre-receive").unwrap()
    }

    #[test]
    fn shims_of_every_version_are_ours() {
        for (word, path) in [
            (
                "'/opt/treewarden-pre-receive'",
                "/opt/treewarden-pre-receive",
            ),
            (
                "'/o'\\''p t/treewarden-pre-receive'",
                "/o'p t/treewarden-pre-receive",
            ),
            ("/opt/treewarden-pre-receive", "/opt/treewarden-pre-receive"),
        ] {
            let shim = parse(&format!("#!/bin/sh\nexec {word} \"$0\" \"$@\"\n"));
            assert_eq!(shim.interpreter, Path::new("/bin/sh"));
            assert_eq!(shim.binary.as_deref(), Some(Path::new(path)));
            assert!(shim.current && !shim.does_more);
            let older = parse(&format!("#! /bin/dash -e\n# a comment\nexec {word}\n"));
            assert_eq!(older.interpreter, Path::new("/bin/dash"));
            assert_eq!(older.binary.as_deref(), Some(Path::new(path)));
        }
    }

    #[test]
    fn what_does_not_end_in_the_program_is_not_ours() {
        for body in [
            "'/opt/treewarden-pre-receive'\nexit 0",
            "exec '/opt/treewarden-pre-receive'\nexit 0",
            "exec '/opt/treewarden-pre-receive' || exit 0",
            "exec '/opt/treewarden-pre-receive' \"$0\" \"$@\" || true",
            "exec '/opt/treewarden-pre-receive",
            "exec treewarden-pre-receive",
            "exec $x/treewarden-pre-receive",
            "exec /opt/other",
            "",
        ] {
            assert_eq!(
                parse(&format!("#!/bin/sh\n{body}\n")).binary,
                None,
                "{body}"
            );
        }
        assert!(parse("#!/bin/sh\nexit 0\nexec '/opt/treewarden-pre-receive'\n").does_more);
        assert_eq!(Shim::parse(b"exit 0\n", "treewarden-pre-receive"), None);
    }
}
