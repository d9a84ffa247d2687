//! A store of refs, its files written by hand. No object is there: a ref's listing needs none.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// What there is of a ref. Numbers stand for objects.
#[derive(Clone, Debug)]
pub enum State {
    Absent,
    Packed(u8),
    /// The same, of an annotated tag.
    PackedTag(u8),
    Loose(u8),
    Both {
        loose: u8,
        packed: u8,
    },
    /// Another name for the ref at that place; nothing if that one isn't there.
    Alias(usize),
}

pub struct Store {
    dir: TempDir,
    digits: usize,
}

impl Store {
    pub fn new(sha256: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (version, extension, digits) = match sha256 {
            true => (1, "[extensions]\nobjectformat = sha256\n", 64),
            false => (0, "", 40),
        };
        let config = format!("[core]\nrepositoryformatversion = {version}\nbare = true\n");
        fs::write(dir.path().join("config"), config + extension).unwrap();
        fs::write(dir.path().join("HEAD"), "ref: refs/heads/unborn\n").unwrap();
        for folder in ["objects", "refs"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        Self { dir, digits }
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn oid(&self, number: u8) -> String {
        format!("{number:x}").repeat(self.digits)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    /// Writes a loose file.
    pub fn loose(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    /// Writes `packed-refs`.
    pub fn packed(&self, lines: impl AsRef<[u8]>) {
        let header = b"# pack-refs with: peeled fully-peeled sorted \n".as_slice();
        fs::write(self.path("packed-refs"), [header, lines.as_ref()].concat()).unwrap();
    }

    /// Writes all of a store, and so many packed refs beside.
    pub fn fill(&self, names: &[&str], states: &[State], filler: usize) {
        let mut packed = Vec::new();
        for (at, (name, state)) in names.iter().zip(states).enumerate() {
            let beside = |other: &(&&str, &State)| conflict(name, other.0) && is_there(other.1);
            if names
                .iter()
                .zip(states)
                .take(at)
                .any(|other| beside(&other))
            {
                continue;
            }
            match state {
                State::Absent => {}
                State::Packed(number) => packed.push((name.to_string(), *number, false)),
                State::PackedTag(number) => packed.push((name.to_string(), *number, true)),
                State::Loose(number) => self.loose(name, self.oid(*number) + "\n"),
                State::Both { loose, packed: old } => {
                    self.loose(name, self.oid(*loose) + "\n");
                    packed.push((name.to_string(), *old, false));
                }
                State::Alias(of) => self.alias(at, *of, names, states),
            }
        }
        for number in 0..filler {
            let name = format!("refs/heads/filler/{}{number}", "x".repeat(number % 41));
            packed.push((name, u8::try_from(number % 9 + 1).unwrap(), number % 5 == 0));
        }
        packed.sort();
        let mut lines = String::new();
        for (name, number, tag) in packed {
            writeln!(lines, "{} {name}", self.oid(number)).unwrap();
            if tag {
                writeln!(lines, "^{}", self.oid(number + 1)).unwrap();
            }
        }
        if !lines.is_empty() {
            self.packed(lines);
        }
    }

    /// An alias of what was written before, which is no alias: chains are for others to make.
    fn alias(&self, at: usize, of: usize, names: &[&str], states: &[State]) {
        let conflicts = |place: usize| (0..place).any(|other| conflict(names[place], names[other]));
        let alone = of < at && !conflicts(of) && names[of].is_ascii();
        if alone && !matches!(states[of], State::Absent | State::Alias(_)) {
            self.loose(names[at], format!("ref: {}\n", names[of]));
        }
    }
}

/// Returns true if and only if one of the names is a folder of the other.
fn conflict(one: &str, other: &str) -> bool {
    let below = |name: &str, folder: &str| name.starts_with(&format!("{folder}/"));
    below(one, other) || below(other, one)
}

fn is_there(state: &State) -> bool {
    !matches!(state, State::Absent)
}
