//! Object names, ref names and ref updates: one type for each fact, bytes inside.

use std::fmt;

use crate::hex::hex;

/// How a repository names its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectFormat {
    /// 20 bytes, 40 hex digits.
    Sha1,
    /// 32 bytes, 64 hex digits.
    Sha256,
}

impl ObjectFormat {
    /// Length of an oid in bytes.
    pub const fn raw_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// git's word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    /// Length of an oid in hex digits.
    pub const fn hex_len(self) -> usize {
        2 * self.raw_len()
    }
}

/// The name of an object. Never the zero oid: absence is [`RefValue::Absent`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Oid {
    bytes: [u8; 32],
    format: ObjectFormat,
}

impl std::hash::Hash for Oid {
    /// An oid is a hash already: eight bytes of it tell objects apart, and spare the rest.
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write(self.bytes.first_chunk::<8>().unwrap_or(&[0; 8]));
    }
}

impl Oid {
    /// The oid with these raw bytes; `None` if their number is not one of the two formats'
    /// or all of them are zero.
    pub fn from_bytes(raw: &[u8]) -> Option<Self> {
        let format = match raw.len() {
            20 => ObjectFormat::Sha1,
            32 => ObjectFormat::Sha256,
            _ => return None,
        };
        let mut bytes = [0; 32];
        bytes.get_mut(..raw.len())?.copy_from_slice(raw);
        raw.iter()
            .any(|byte| *byte != 0)
            .then_some(Self { bytes, format })
    }

    /// The oid written as 40 or 64 lower-case hex digits, and nothing shorter.
    pub fn from_hex(hex: &[u8]) -> Option<Self> {
        match RefValue::from_hex(hex)? {
            RefValue::At(oid) => Some(oid),
            RefValue::Absent => None,
        }
    }

    /// The raw bytes: 20 or 32 of them.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(..self.format.raw_len())
            .unwrap_or(&self.bytes)
    }

    /// The format that the oid is of.
    pub fn format(&self) -> ObjectFormat {
        self.format
    }

    /// The first twelve hex digits, what the kernel quotes in its messages.
    pub fn short(&self) -> String {
        let mut hex = self.to_string();
        hex.truncate(12);
        hex
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hex(self.as_bytes()))
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// What a ref holds, or is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefValue {
    /// There is no such ref. On the wire: the zero oid.
    Absent,
    /// The ref points here.
    At(Oid),
}

impl RefValue {
    /// Reads 40 or 64 lower-case hex digits, zeros meaning absence; `None` for anything else.
    pub fn from_hex(hex: &[u8]) -> Option<Self> {
        if hex.len() != ObjectFormat::Sha1.hex_len() && hex.len() != ObjectFormat::Sha256.hex_len()
        {
            return None;
        }
        let mut raw = [0; 32];
        let (pairs, _) = hex.as_chunks::<2>();
        let mut all = 0;
        for (byte, [high, low]) in raw.iter_mut().zip(pairs) {
            let (high, low) = (nibble(*high), nibble(*low));
            *byte = high << 4 | low;
            all |= high | low;
        }
        if all >= NO_DIGIT {
            return None;
        }
        let raw = raw.get(..hex.len() / 2)?;
        Some(Oid::from_bytes(raw).map_or(Self::Absent, Self::At))
    }

    /// The oid, where there is one.
    pub fn oid(self) -> Option<Oid> {
        match self {
            Self::Absent => None,
            Self::At(oid) => Some(oid),
        }
    }
}

/// What stands for a byte that is no digit.
const NO_DIGIT: u8 = 16;

/// The value of a digit, without a branch: a repository may have thousands of refs.
fn nibble(digit: u8) -> u8 {
    let (number, letter) = (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a'));
    let letter = if letter < 6 { letter + 10 } else { NO_DIGIT };
    if number < 10 { number } else { letter }
}

/// The full name of a ref, one that git itself would accept below `refs/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefName(Box<[u8]>);

impl RefName {
    /// Checks a name by the rules of `git check-ref-format`; `None` if it breaks one.
    pub fn new(name: &[u8]) -> Option<Self> {
        let whole = name.starts_with(b"refs/") && !name.ends_with(b"/") && !name.ends_with(b".");
        (whole && !name.ends_with(b".lock") && are_components(name)).then(|| Self(name.into()))
    }

    /// The name's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name as a case-insensitive file system would compare it.
    pub fn folded(&self) -> String {
        String::from_utf8_lossy(&self.0).to_lowercase()
    }
}

/// Returns true if and only if no byte is forbidden, nor where it stands; the end isn't looked at.
/// A push may have to look at thousands of names, so each is gone through once.
fn are_components(name: &[u8]) -> bool {
    let mut last = 0;
    name.iter().enumerate().all(|(at, byte)| {
        let before = std::mem::replace(&mut last, *byte);
        match *byte {
            b'/' => before != b'/' && !name.get(..at).is_some_and(|it| it.ends_with(b".lock")),
            b'.' => before != b'/' && before != b'.',
            b'{' => before != b'@',
            byte => !forbidden_in_ref(byte),
        }
    })
}

pub(crate) fn forbidden_in_ref(byte: u8) -> bool {
    byte < 0x20
        || matches!(
            byte,
            0x7f | b' ' | b'~' | b'^' | b':' | b'?' | b'*' | b'[' | b'\\'
        )
}

/// Returns true if and only if an entry of a tree object can be called that.
pub fn is_component(name: &[u8]) -> bool {
    // Names are short: looking for both bytes at once, one by one, is quickest.
    let ends = |byte: &u8| matches!(byte, b'/' | 0);
    !matches!(name, b"" | b"." | b".." | b".git") && !name.iter().any(ends)
}

/// Returns true if and only if a commit can have a file at this path from the top of its tree.
pub fn is_path(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').all(is_component)
}

/// One command of a push: the client's claim of what a ref holds, and what it shall hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefUpdate {
    /// The ref.
    pub name: RefName,
    /// What it shall become.
    pub change: Change,
}

/// The kinds of update; that both values are absent can't be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A ref that was not there.
    Create {
        /// Its first value.
        new: Oid,
    },
    /// A ref that goes away.
    Delete {
        /// Its last value.
        old: Oid,
    },
    /// A ref that moves, forwards or not.
    Move {
        /// Where it was.
        old: Oid,
        /// Where it shall be.
        new: Oid,
    },
}

impl Change {
    /// What the client says the ref holds now.
    pub fn old(self) -> RefValue {
        match self {
            Self::Create { .. } => RefValue::Absent,
            Self::Delete { old } | Self::Move { old, .. } => RefValue::At(old),
        }
    }

    /// What the ref shall hold.
    pub fn new_value(self) -> RefValue {
        match self {
            Self::Delete { .. } => RefValue::Absent,
            Self::Create { new } | Self::Move { new, .. } => RefValue::At(new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ref_names_follow_git() {
        for good in [
            "refs/heads/a",
            "refs/heads/a.b",
            "refs/x@y",
            "refs/heads/\u{f6}",
            "refs/a{b}@",
            "refs/a.b.c/d",
            "refs/a.locked/b.loc",
            "refs/@/-",
        ] {
            assert!(RefName::new(good.as_bytes()).is_some(), "{good}");
        }
        for bad in [
            "HEAD",
            "refs/",
            "refs/a..b",
            "refs/a/",
            "refs//a",
            "refs/.a",
            "refs/a.lock",
            "refs/a.lock/b",
            "refs/a/.lock",
            "refs/a/.b",
            "refs/a/./b",
            "refs/a//",
            "refs/a\x7f",
            "refs/a?",
            "refs/a~1",
            "refs/a^",
            "refs/a[b",
            "refs/a.",
            "refs/a b",
            "refs/a\x1b",
            "refs/a\n",
            "refs/@{a",
            "refs/a*",
            "refs/a\\b",
            "refs/a:b",
            "--upload-pack",
            "",
        ] {
            assert!(RefName::new(bad.as_bytes()).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn oids_are_whole_or_nothing() {
        assert!(Oid::from_hex(b"0").is_none());
        assert!(Oid::from_hex(b"abc").is_none());
        assert!(Oid::from_hex(&[b'A'; 40]).is_none());
        assert_eq!(RefValue::from_hex(&[b'0'; 40]), Some(RefValue::Absent));
        assert_eq!(RefValue::from_hex(&[b'0'; 64]), Some(RefValue::Absent));
        let hex = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";
        let oid = Oid::from_hex(hex.as_bytes()).unwrap();
        assert_eq!(oid.to_string(), hex);
        assert_eq!(oid.short(), "1a2b3c4d5e6f");
        for at in 0..hex.len() {
            let mut odd = hex.as_bytes().to_vec();
            odd[at] = b'G';
            assert!(Oid::from_hex(&odd).is_none(), "{at}");
        }
        assert_eq!(Oid::from_bytes(oid.as_bytes()), Some(oid));
    }
}
