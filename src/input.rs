//! The standard input of both hooks, a line an update.
//!
//! pre-receive: `<old> SP <new> SP <ref> LF`. What stands there is a client's word, and
//! receive-pack hands it on before it has checked much of it: names may hold spaces, escapes or
//! bytes that are no UTF-8, and both oids may be zero.
//!
//! pre-push: `<source> SP <new> SP <ref> SP <old> LF`. The source is what the user wrote, spaces
//! and all, or `(delete)`; the old value is the remote's own, as of now.

use std::io::Read;

use crate::error::Error;
use crate::update::{Change, ObjectFormat, RefName, RefUpdate, RefValue};

/// A line of the input, understood or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// An update that can be judged.
    Update(RefUpdate),
    /// One that no honest client sends.
    Bad(BadCommand),
}

/// Why a line is no update, with the name that it gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadCommand {
    /// The raw name: anything at all may stand in it.
    pub name: Vec<u8>,
    /// What is wrong.
    pub fault: &'static str,
}

/// All of a hook's standard input.
pub fn read(stdin: &mut dyn Read) -> Result<Vec<u8>, Error> {
    let mut input = Vec::new();
    stdin
        .read_to_end(&mut input)
        .map_err(|error| Error::Input(format!("standard input can't be read: {error}")))?;
    Ok(input)
}

/// Parses the whole input of pre-receive. Errors where the input itself can't be trusted: empty,
/// cut off in the middle of a line, or a line without its three fields.
pub fn pre_receive(input: &[u8], format: ObjectFormat) -> Result<Vec<Command>, Error> {
    if input.is_empty() {
        let fault = "standard input is empty: git names the updates there";
        return Err(Error::Input(fault.into()));
    }
    parse(input, "<old-oid> <new-oid> <ref>", |line| {
        let mut fields = line.splitn(3, |byte| *byte == b' ');
        let (old, new, name) = (fields.next()?, fields.next()?, fields.next()?);
        Some(command(old, new, name, format))
    })
}

/// Parses the whole input of pre-push; it is empty where nothing is left to push.
pub fn pre_push(input: &[u8], format: ObjectFormat) -> Result<Vec<Command>, Error> {
    parse(input, "<source> <new-oid> <ref> <old-oid>", |line| {
        let mut fields = line.rsplitn(4, |byte| *byte == b' ');
        let (old, name, new) = (fields.next()?, fields.next()?, fields.next()?);
        fields.next()?;
        Some(command(old, new, name, format))
    })
}

fn parse(
    input: &[u8],
    grammar: &str,
    command: impl Fn(&[u8]) -> Option<Command>,
) -> Result<Vec<Command>, Error> {
    if input.is_empty() {
        return Ok(Vec::new());
    }
    let body = input
        .strip_suffix(b"\n")
        .ok_or_else(|| Error::Input("standard input ends in the middle of a line".into()))?;
    let unlike = |at: usize| {
        Error::Input(format!(
            "line {} of standard input is not `{grammar}`",
            at + 1
        ))
    };
    body.split(|byte| *byte == b'\n')
        .enumerate()
        .map(|(at, line)| command(line).ok_or_else(|| unlike(at)))
        .collect()
}

fn command(old: &[u8], new: &[u8], name: &[u8], format: ObjectFormat) -> Command {
    match update(old, new, name, format) {
        Ok(update) => Command::Update(update),
        Err(fault) => Command::Bad(BadCommand {
            name: name.into(),
            fault,
        }),
    }
}

fn update(
    old: &[u8],
    new: &[u8],
    name: &[u8],
    format: ObjectFormat,
) -> Result<RefUpdate, &'static str> {
    let value = |hex: &[u8]| {
        (hex.len() == format.hex_len())
            .then(|| RefValue::from_hex(hex))
            .flatten()
            .ok_or("an object name is not of this repository's format")
    };
    let change = match (value(old)?, value(new)?) {
        (RefValue::Absent, RefValue::Absent) => {
            return Err("both its old and its new value are zero");
        }
        (RefValue::Absent, RefValue::At(new)) => Change::Create { new },
        (RefValue::At(old), RefValue::Absent) => Change::Delete { old },
        (RefValue::At(old), RefValue::At(new)) => Change::Move { old, new },
    };
    let name = RefName::new(name).ok_or("git does not allow this ref name")?;
    Ok(RefUpdate { name, change })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";
    const ZERO: &str = "0000000000000000000000000000000000000000";

    fn one(line: &str) -> Command {
        let mut all = pre_receive(format!("{line}\n").as_bytes(), ObjectFormat::Sha1).unwrap();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    #[test]
    fn each_kind_of_update() {
        for (line, old, new) in [
            (format!("{ZERO} {A} refs/heads/x"), false, true),
            (format!("{A} {ZERO} refs/heads/x"), true, false),
            (format!("{A} {A} refs/heads/x"), true, true),
        ] {
            let Command::Update(update) = one(&line) else {
                panic!("{line}");
            };
            assert_eq!(update.change.old().oid().is_some(), old);
            assert_eq!(update.change.new_value().oid().is_some(), new);
        }
    }

    #[test]
    fn hostile_lines_are_bad_commands() {
        for line in [
            format!("{ZERO} {ZERO} refs/heads/x"),
            format!("{A} {} refs/heads/x", &A[1..]),
            format!("{A} {A}00 refs/heads/x"),
            format!("{A} {} refs/heads/x", A.to_uppercase()),
            format!("{A} {A} refs/heads/a b"),
            format!("{A} {A} --help"),
        ] {
            assert!(matches!(one(&line), Command::Bad(_)), "{line}");
        }
    }

    #[test]
    fn unreadable_input_is_an_error() {
        for input in ["", "\n", "x\n", "a b\n", &format!("{A} {A} refs/heads/x")] {
            assert!(
                pre_receive(input.as_bytes(), ObjectFormat::Sha1).is_err(),
                "{input:?}"
            );
        }
    }

    #[test]
    fn pre_push_is_read_from_the_right() {
        for (source, new) in [
            ("refs/heads/x", A),
            ("HEAD^{/a fix}", A),
            ("(delete)", ZERO),
        ] {
            let line = format!("{source} {new} refs/heads/x {}\n", "b".repeat(40));
            let all = pre_push(line.as_bytes(), ObjectFormat::Sha1).unwrap();
            let [Command::Update(update)] = all.as_slice() else {
                panic!("{line}: {all:?}");
            };
            assert_eq!(update.name.as_bytes(), b"refs/heads/x");
            assert_eq!(
                update.change.old(),
                RefValue::from_hex("b".repeat(40).as_bytes()).unwrap()
            );
            assert_eq!(
                update.change.new_value(),
                RefValue::from_hex(new.as_bytes()).unwrap()
            );
        }
    }

    #[test]
    fn pre_push_may_have_nothing_to_say_but_not_half_of_it() {
        assert_eq!(pre_push(b"", ObjectFormat::Sha1).unwrap(), []);
        for input in [
            "\n",
            &format!("x {A} refs/heads/x {A}"),
            &format!("{A} refs/heads/x {A}\n"),
        ] {
            assert!(
                pre_push(input.as_bytes(), ObjectFormat::Sha1).is_err(),
                "{input:?}"
            );
        }
    }
}
