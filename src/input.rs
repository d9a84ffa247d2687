//! The standard input of pre-receive: `<old> SP <new> SP <ref> LF`, a line an update.
//!
//! What stands there is a client's word, and receive-pack hands it on before it has checked much
//! of it: names may hold spaces, escapes or bytes that are no UTF-8, and both oids may be zero.

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

/// Reads the whole input. Errors where the input itself can't be trusted: empty, cut off in the
/// middle of a line, or a line without its three fields.
pub fn parse(input: &[u8], format: ObjectFormat) -> Result<Vec<Command>, Error> {
    let Some(body) = input.strip_suffix(b"\n") else {
        return Err(Error::Input(if input.is_empty() {
            "standard input is empty: git names the updates there".into()
        } else {
            "standard input ends in the middle of a line".into()
        }));
    };
    body.split(|byte| *byte == b'\n')
        .enumerate()
        .map(|(at, line)| command(line, format).ok_or_else(|| not_three_fields(at + 1)))
        .collect()
}

fn not_three_fields(line: usize) -> Error {
    Error::Input(format!(
        "line {line} of standard input is not `<old-oid> <new-oid> <ref>`"
    ))
}

fn command(line: &[u8], format: ObjectFormat) -> Option<Command> {
    let mut fields = line.splitn(3, |byte| *byte == b' ');
    let (old, new, name) = (fields.next()?, fields.next()?, fields.next()?);
    Some(match update(old, new, name, format) {
        Ok(update) => Command::Update(update),
        Err(fault) => Command::Bad(BadCommand {
            name: name.into(),
            fault,
        }),
    })
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
        let mut all = parse(format!("{line}\n").as_bytes(), ObjectFormat::Sha1).unwrap();
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
                parse(input.as_bytes(), ObjectFormat::Sha1).is_err(),
                "{input:?}"
            );
        }
    }
}
