//! The tag of an override, from its raw bytes.
//!
//! `object`, `type`, `tag` and `tagger`, in this order and no other; an empty line; the statement;
//! one signature, and nothing behind it. What is signed is all that stands before the signature,
//! as in every tag that `git tag -s` makes.

use super::lines::quoted;
use super::statement::{Statement, What};
use crate::update::{ObjectFormat, Oid};

/// How large a tag may be, in bytes.
pub const LARGEST: usize = 64 * 1024;

/// How the first line of a signature begins, whatever made it.
const BEGIN: &[u8] = b"-----BEGIN ";
/// The signatures that git makes, from the first line to the last.
const BLOCKS: [(&str, &str); 4] = [
    (
        "-----BEGIN PGP SIGNATURE-----",
        "-----END PGP SIGNATURE-----",
    ),
    (
        "-----BEGIN SSH SIGNATURE-----",
        "-----END SSH SIGNATURE-----",
    ),
    ("-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----"),
    (
        "-----BEGIN SIGNED MESSAGE-----",
        "-----END SIGNED MESSAGE-----",
    ),
];

/// An override's tag, read whole. Whose signature it is, and whether it counts, is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverrideTag {
    /// What it points at.
    pub target: Oid,
    /// Its message.
    pub statement: Statement,
    /// What is signed.
    pub payload: Vec<u8>,
    /// The signature, from its first line to its last.
    pub signature: Vec<u8>,
}

impl OverrideTag {
    /// Reads a tag; what is wrong with it, if it is no override's.
    pub fn parse(raw: &[u8], format: ObjectFormat) -> Result<Self, String> {
        if raw.len() > LARGEST {
            return Err(too_large());
        }
        let at = start_of_signature(raw)?;
        let (payload, signature) = raw.split_at(at);
        is_one_block(signature)?;
        let end = payload.windows(2).position(|pair| pair == b"\n\n");
        let end = end.ok_or("the tag has no message")?;
        let (headers, message) = payload.split_at(end + 1);
        let (target, kind) = headers_of(headers, format)?;
        let statement = Statement::parse(message.get(1..).unwrap_or_default())?;
        if statement.lifts.target() != Some(target) {
            return Err(format!(
                "the tag points at {}, which is not what its statement names first",
                target.short()
            ));
        }
        if matches!(statement.lifts.what, What::Commits(_)) && kind != b"commit" {
            return Err("the tag points at something that is no commit".into());
        }
        Ok(Self {
            target,
            statement,
            payload: payload.to_vec(),
            signature: signature.to_vec(),
        })
    }
}

/// What is said of a tag that is larger than [`LARGEST`].
pub fn too_large() -> String {
    format!("the tag is larger than {} KiB", LARGEST / 1024)
}

/// Where the one line stands that begins a signature.
fn start_of_signature(raw: &[u8]) -> Result<usize, String> {
    let mut at = 0;
    let mut found = None;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(BEGIN) && found.replace(at).is_some() {
            return Err("the tag has more than one signature".into());
        }
        at += line.len();
    }
    found.ok_or_else(|| "the tag isn't signed: `git tag -s` signs".into())
}

/// From its first line to its last, and no further.
fn is_one_block(signature: &[u8]) -> Result<(), String> {
    let first = signature.split(|byte| *byte == b'\n').next();
    let first = first.unwrap_or_default();
    let block = BLOCKS.iter().find(|(begin, _)| begin.as_bytes() == first);
    let Some((_, last)) = block else {
        return Err(format!("`{}` begins no signature of git's", quoted(first)));
    };
    let ends = signature
        .strip_suffix(b"\n")
        .is_some_and(|rest| rest.ends_with(&[b"\n", last.as_bytes()].concat()));
    let lasts = signature.split(|byte| *byte == b'\n');
    match ends && lasts.filter(|line| *line == last.as_bytes()).count() == 1 {
        true => Ok(()),
        false => Err("the tag doesn't end where its signature does".into()),
    }
}

/// What the tag points at, and of which kind that is.
fn headers_of(headers: &[u8], format: ObjectFormat) -> Result<(Oid, &[u8]), String> {
    let mut lines = headers.split_inclusive(|byte| *byte == b'\n');
    let mut header = |name: &str| {
        let line = lines.next().and_then(|line| line.strip_suffix(b"\n"));
        let value = line.and_then(|line| line.strip_prefix(name.as_bytes()));
        let value = value.and_then(|rest| rest.strip_prefix(b" "));
        value.ok_or_else(|| format!("the tag's header `{name}` is not where it belongs"))
    };
    let object = header("object")?;
    let target = Oid::from_hex(object).filter(|oid| oid.format() == format);
    let target = target.ok_or("the tag names no object of this repository's format")?;
    let kind = header("type")?;
    header("tag")?;
    header("tagger")?;
    match lines.next() {
        None => Ok((target, kind)),
        Some(line) => Err(format!(
            "the tag has a header too many, `{}`",
            quoted(line.trim_ascii_end())
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";
    const B: &str = "2a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";

    fn tag() -> String {
        format!(
            "object {A}\ntype commit\ntag x\ntagger A <a@b> 1 +0000\n\n\
             override-version: 1\nrepository: r\nref: refs/heads/m\nrules: denied-path\n\
             commits: {A}\nexpires: 2026-12-01T12:00:00Z\nreason: x\n\
             -----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"
        )
    }

    fn fault(text: &str) -> String {
        OverrideTag::parse(text.as_bytes(), ObjectFormat::Sha1).unwrap_err()
    }

    #[test]
    fn a_tag_is_taken_apart() {
        let whole = tag();
        let tag = OverrideTag::parse(whole.as_bytes(), ObjectFormat::Sha1).unwrap();
        assert_eq!(tag.target.to_string(), A);
        assert!(tag.payload.ends_with(b"reason: x\n"));
        assert!(tag.signature.starts_with(b"-----BEGIN SSH"));
        assert_eq!([tag.payload, tag.signature].concat(), whole.as_bytes());
    }

    #[test]
    fn each_fault_is_told() {
        let signature = &tag()[tag().find("-----BEGIN").unwrap()..];
        for (odd, told) in [
            (tag().replace(signature, ""), "isn't signed"),
            (format!("{}{signature}", tag()), "more than one signature"),
            (format!("{}x\n", tag()), "doesn't end where"),
            (tag().trim_end().to_owned(), "doesn't end where"),
            (
                tag().replace("AAAA\n", "AAAA\n-----END SSH SIGNATURE-----\n"),
                "doesn't end where",
            ),
            (
                tag().replace("BEGIN SSH SIGNATURE", "BEGIN CERTIFICATE"),
                "no signature of git's",
            ),
            (tag().replace("END SSH", "END PGP"), "doesn't end where"),
            (tag().replace("\ntag x\n", "\n"), "`tag` is not where"),
            (
                tag().replace("\n\noverride", "\nmore x\n\noverride"),
                "too many, `more x`",
            ),
            (
                tag().replace("type commit\ntag x", "tag x\ntype commit"),
                "`type` is not where",
            ),
            (
                tag().replacen(A, B, 1),
                "not what its statement names first",
            ),
            (tag().replace("type commit", "type tree"), "no commit"),
            (tag().replacen(A, &A.repeat(2)[..64], 1), "format"),
            (
                tag().replace("\n\noverride", "\n\n\noverride"),
                "line 1 of the statement",
            ),
            (
                tag().replace("reason: x\n", "reason: x\n\n"),
                "one too many",
            ),
            (tag().replace("AAAA", &"A".repeat(LARGEST)), "64 KiB"),
        ] {
            let got = fault(&odd);
            assert!(got.contains(told), "{told}: {got}");
        }
    }
}
