//! Refs that are kept in files, read without a git process.
//!
//! A ref is a file of its own below `refs/`, which git calls loose, or a line of `packed-refs`;
//! where it is both, the loose one counts. A loose file holds an object's name, or `ref: ` and
//! the name of the ref that it is an alias of.
//!
//! **Nothing is missed while others write.** To pack a ref, git puts a new `packed-refs` in place
//! and removes the loose file only then. So all loose files are read first, and `packed-refs` is
//! opened after: a ref whose file was gone by then stands in there, unless it was deleted. To
//! delete one, git takes it out of `packed-refs` before it removes the loose file: the value from
//! before its last is never seen either.
//!
//! **What isn't plain isn't read here.** What git warns of, passes over or never writes itself (a
//! symbolic link, a value that is cut off, an alias of nothing) is [`Unusual`], and then git is
//! asked for everything. So these lines know the ordinary store only, and know it exactly.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::Standing;
use super::packed::Packed;
use crate::update::{ObjectFormat, Oid, RefName};

/// No loose file of git's is longer: it holds one name, which is part of a path.
const LONGEST_LOOSE: u64 = 4096;
/// git follows so many aliases of aliases, and takes a longer chain for a broken ref.
const MOST_ALIASES: usize = 4;
/// Folders of which each linked worktree has its own.
const OF_A_WORKTREE: [&[u8]; 3] = [b"refs/bisect/", b"refs/rewritten/", b"refs/worktree/"];

/// Something that git is to be asked about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unusual;

/// What is found where nothing is unusual.
pub(super) type Plain<T> = Result<T, Unusual>;

impl From<io::Error> for Unusual {
    fn from(_: io::Error) -> Self {
        Self
    }
}

/// A store of refs in files.
pub(super) struct Files<'r> {
    common_dir: &'r Path,
    from_worktree: bool,
    format: ObjectFormat,
}

/// What stands where a loose ref would be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Loose {
    Nothing,
    Folder,
    Value(Oid),
    /// The ref is another name for this one.
    Alias(RefName),
}

/// A loose ref, an alias followed as far as loose files lead.
struct Draft {
    /// `None` if the last of the aliases stands for a packed ref.
    value: Option<Oid>,
    target: Option<RefName>,
}

impl<'r> Files<'r> {
    /// The store in a git directory, that of the repository itself; whether it is looked at from a
    /// linked worktree; how objects are named.
    pub fn new(common_dir: &'r Path, from_worktree: bool, format: ObjectFormat) -> Plain<Self> {
        // Where case doesn't count, a file is found by names that it doesn't have.
        if there(&common_dir.join("REFS"))?.is_some() {
            return Err(Unusual);
        }
        Ok(Self {
            common_dir,
            from_worktree,
            format,
        })
    }

    /// What `git for-each-ref` lists for these names, and for folders, which end in `/`. A name
    /// stands for the refs below it, too. `each` is called before each file: there may be many.
    pub fn read(
        &self,
        asked: &BTreeSet<Vec<u8>>,
        each: &dyn Fn(),
    ) -> Plain<BTreeMap<RefName, Standing>> {
        let mut drafts = BTreeMap::new();
        for name in asked {
            self.loose_refs(name, each, &mut drafts)?;
        }
        // Not before all loose files are read: see above.
        let path = self.common_dir.join("packed-refs");
        let mut packed = Packed::open(&path, self.format, asked.len())?;
        let mut listed = Vec::new();
        for name in asked {
            packed.each(name, |name, value| {
                let target = None;
                listed.push((name, Standing { value, target }));
            })?;
        }
        let mut found: BTreeMap<_, _> = listed.into_iter().collect();
        for (name, draft) in drafts {
            found.insert(name, draft.standing(&mut packed)?);
        }
        Ok(found)
    }

    /// What stands where the loose ref of this name would be.
    pub fn loose(&self, name: &[u8]) -> Plain<Loose> {
        self.check(name)?;
        self.open(name)
    }

    fn open(&self, name: &[u8]) -> Plain<Loose> {
        let path = self.path(name);
        let Some(about) = there(&path)? else {
            return Ok(Loose::Nothing);
        };
        if about.is_dir() {
            return Ok(Loose::Folder);
        }
        if !about.is_file() || about.len() > LONGEST_LOOSE {
            return Err(Unusual);
        }
        match if_there(fs::read(&path))? {
            Some(text) => self.parse(&text).ok_or(Unusual),
            None => Ok(Loose::Nothing),
        }
    }

    fn parse(&self, text: &[u8]) -> Option<Loose> {
        let line = text.strip_suffix(b"\n")?;
        if let Some(target) = line.strip_prefix(b"ref: ") {
            return RefName::new(target).map(Loose::Alias);
        }
        let oid = Oid::from_hex(line).filter(|oid| oid.format() == self.format)?;
        Some(Loose::Value(oid))
    }

    fn loose_refs(
        &self,
        asked: &[u8],
        each: &dyn Fn(),
        drafts: &mut BTreeMap<RefName, Draft>,
    ) -> Plain<()> {
        if let Some(folder) = asked.strip_suffix(b"/") {
            return self.walk(folder, each, drafts);
        }
        match self.loose(asked)? {
            Loose::Folder => self.walk(asked, each, drafts),
            found => self.take(asked, found, drafts),
        }
    }

    /// Reads all loose refs in a folder and those below it.
    fn walk(
        &self,
        folder: &[u8],
        each: &dyn Fn(),
        drafts: &mut BTreeMap<RefName, Draft>,
    ) -> Plain<()> {
        self.check(folder)?;
        let mut folders = vec![folder.to_vec()];
        while let Some(folder) = folders.pop() {
            let Some(entries) = if_there(fs::read_dir(self.path(&folder)))? else {
                continue;
            };
            for entry in entries {
                each();
                let entry = entry?;
                let file = entry.file_name();
                if file.as_bytes().starts_with(b".") || file.as_bytes().ends_with(b".lock") {
                    continue;
                }
                let name = [&folder, b"/".as_slice(), file.as_bytes()].concat();
                if entry.file_type()?.is_dir() {
                    folders.push(name);
                } else {
                    self.take(&name, self.open(&name)?, drafts)?;
                }
            }
        }
        Ok(())
    }

    fn take(&self, name: &[u8], found: Loose, drafts: &mut BTreeMap<RefName, Draft>) -> Plain<()> {
        let draft = match found {
            Loose::Nothing => return Ok(()),
            Loose::Folder => return Err(Unusual),
            Loose::Value(value) => Draft {
                value: Some(value),
                target: None,
            },
            Loose::Alias(target) => self.follow(target)?,
        };
        drafts.insert(RefName::new(name).ok_or(Unusual)?, draft);
        Ok(())
    }

    fn follow(&self, first: RefName) -> Plain<Draft> {
        let mut target = first;
        for _ in 0..MOST_ALIASES {
            let value = match self.loose(target.as_bytes())? {
                Loose::Alias(next) => {
                    target = next;
                    continue;
                }
                Loose::Value(value) => Some(value),
                Loose::Nothing | Loose::Folder => None,
            };
            return Ok(Draft {
                value,
                target: Some(target),
            });
        }
        Err(Unusual)
    }

    /// Errs if a name, or a folder's without the `/`, could be found where git wouldn't look.
    fn check(&self, name: &[u8]) -> Plain<()> {
        let is_valid = name == b"refs" || RefName::new(name).is_some();
        // Some file systems know several spellings of other letters.
        let is_plain = is_valid && name.is_ascii();
        let is_own = self.from_worktree
            && OF_A_WORKTREE
                .iter()
                .any(|own| own.starts_with(name) || name.starts_with(own));
        (is_plain && !is_own).then_some(()).ok_or(Unusual)
    }

    fn path(&self, name: &[u8]) -> PathBuf {
        self.common_dir.join(OsStr::from_bytes(name))
    }
}

impl Draft {
    fn standing(self, packed: &mut Packed) -> Plain<Standing> {
        let target = self.target.map(|target| target.as_bytes().to_vec());
        let value = match (self.value, &target) {
            (Some(value), _) => value,
            (None, Some(target)) => packed.value(target)?.ok_or(Unusual)?,
            (None, None) => return Err(Unusual),
        };
        Ok(Standing { value, target })
    }
}

fn there(path: &Path) -> Plain<Option<fs::Metadata>> {
    if_there(path.symlink_metadata())
}

/// What was asked of a file; `None` if there is no such file.
pub(super) fn if_there<T>(answer: io::Result<T>) -> Plain<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(_) => Err(Unusual),
    }
}
