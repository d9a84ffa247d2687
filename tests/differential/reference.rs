//! What a merge itself changes, worked out slowly: whole commits as maps from path to leaf, and a
//! rule for each path. Contents are merged by `git merge-file`, which shares no code with the
//! engine and knows neither renames nor attributes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use treewarden::finding::Origin;
use treewarden::update::Oid;

use super::engine::Paths;
use super::witness::Witness;

/// What stands at a path: git's mode, and the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Leaf {
    pub mode: u32,
    pub oid: Oid,
}

impl Leaf {
    /// Whether it is a file, a symbolic link or a gitlink, as far as git lets one pass for another.
    fn kind(self) -> u32 {
        self.mode >> 12
    }
}

/// A commit, flat.
pub type Tree = BTreeMap<Vec<u8>, Leaf>;

/// The automatic merge at one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merged {
    Clean(Option<Leaf>),
    Conflict,
}

/// Asks what a merge with several bases has at a path on which they disagree.
pub type Several<'s> = dyn Fn(Oid, Oid, &[u8]) -> Merged + 's;

/// The reference, with all that it was told by git.
pub struct Reference<'w> {
    git: &'w Witness,
    several: &'w Several<'w>,
    trees: RefCell<HashMap<Oid, Rc<Tree>>>,
    contents: RefCell<HashMap<[Option<Oid>; 3], Option<Oid>>>,
    /// How many paths had their contents merged, how many of these conflicted, and at how many
    /// several bases disagreed: what compared little proves little.
    pub merged: RefCell<[usize; 3]>,
}

/// The commits that take part in a merge.
pub struct Sides {
    names: Vec<Oid>,
    parents: Vec<Rc<Tree>>,
    bases: Vec<Vec<Rc<Tree>>>,
}

impl Sides {
    /// How many merge bases the first two parents have.
    pub fn bases(&self) -> usize {
        self.bases.first().map_or(0, Vec::len)
    }

    /// Every path of the parents and the bases.
    fn paths(&self) -> BTreeSet<&[u8]> {
        let trees = self.parents.iter().chain(self.bases.iter().flatten());
        trees
            .flat_map(|tree| tree.keys().map(Vec::as_slice))
            .collect()
    }
}

impl<'w> Reference<'w> {
    pub fn new(git: &'w Witness, several: &'w Several<'w>) -> Self {
        Self {
            git,
            several,
            trees: RefCell::default(),
            contents: RefCell::default(),
            merged: RefCell::default(),
        }
    }

    /// A commit's files.
    pub fn tree(&self, commit: Oid) -> Rc<Tree> {
        let mut known = self.trees.borrow_mut();
        let tree = known
            .entry(commit)
            .or_insert_with(|| Rc::new(flat(self.git, commit)));
        tree.clone()
    }

    /// Finds the merge bases: of each parent and all before it.
    pub fn sides(&self, parents: &[Oid]) -> Sides {
        let bases = (1..parents.len()).map(|at| {
            let names: Vec<String> = parents[..at].iter().map(Oid::to_string).collect();
            let one = parents[at].to_string();
            let mut args = vec!["merge-base", "--all", &one];
            args.extend(names.iter().map(String::as_str));
            let found = self.git.commits(&args);
            let none = || vec![Rc::new(Tree::new())];
            let trees: Vec<_> = found.iter().map(|oid| self.tree(*oid)).collect();
            if trees.is_empty() { none() } else { trees }
        });
        Sides {
            names: parents.to_vec(),
            bases: bases.collect(),
            parents: parents.iter().map(|oid| self.tree(*oid)).collect(),
        }
    }

    /// The paths at which the merge differs from the automatic merge of its parents.
    pub fn own_changes(&self, merge: Oid, parents: &[Oid]) -> Paths {
        let sides = self.sides(parents);
        let has = self.tree(merge);
        let mut paths = sides.paths();
        paths.extend(has.keys().map(Vec::as_slice));
        let mut own = Paths::new();
        for path in paths {
            let (merged, both) = self.automatic(&sides, path);
            let origin = match merged {
                Merged::Conflict => Origin::Resolved,
                Merged::Clean(leaf) if leaf == has.get(path).copied() => continue,
                Merged::Clean(_) if both || clashes(&sides, path) => Origin::Resolved,
                Merged::Clean(_) => Origin::Added,
            };
            own.insert((path.to_vec(), origin));
        }
        own
    }

    /// The automatic merge at one path, and whether both sides had changed it.
    pub fn automatic(&self, sides: &Sides, path: &[u8]) -> (Merged, bool) {
        let at = |tree: &Rc<Tree>| tree.get(path).copied();
        let mut result = at(&sides.parents[0]);
        let mut both = false;
        for (parent, bases) in sides.parents[1..].iter().zip(&sides.bases) {
            let other = at(parent);
            let by_base: Vec<_> = bases
                .iter()
                .map(|base| settle(at(base), result, other))
                .collect();
            if let Some(settled) =
                by_base[0].filter(|first| by_base.iter().all(|o| o == &Some(*first)))
            {
                result = settled;
                continue;
            }
            both = true;
            let merged = match (bases.as_slice(), result, other) {
                ([base], Some(one), Some(other)) => self.contents(at(base), one, other),
                ([_], ..) => Merged::Conflict,
                _ => self.several(&sides.names, path),
            };
            let Merged::Clean(leaf) = merged else {
                return (Merged::Conflict, true);
            };
            result = leaf;
        }
        (Merged::Clean(result), both)
    }

    /// Several bases that disagree: git merges those first. In an octopus nobody does.
    fn several(&self, parents: &[Oid], path: &[u8]) -> Merged {
        let [one, other] = parents else {
            return Merged::Conflict;
        };
        self.merged.borrow_mut()[2] += 1;
        (self.several)(*one, *other, path)
    }

    /// What git's `merge-ort` makes of a path that both sides changed and still have.
    fn contents(&self, base: Option<Leaf>, one: Leaf, other: Leaf) -> Merged {
        let merged = self.clean_contents(base, one, other);
        let mut counts = self.merged.borrow_mut();
        counts[0] += 1;
        counts[1] += usize::from(merged.is_none());
        merged.map_or(Merged::Conflict, |leaf| Merged::Clean(Some(leaf)))
    }

    fn clean_contents(&self, base: Option<Leaf>, one: Leaf, other: Leaf) -> Option<Leaf> {
        if one.kind() != other.kind() {
            return None;
        }
        let base_mode = base.map(|leaf| leaf.mode);
        let mode = settle(base_mode, Some(one.mode), Some(other.mode))??;
        let base_oid = base.map(|leaf| leaf.oid);
        let oid = match settle(base_oid, Some(one.oid), Some(other.oid)) {
            Some(settled) => settled?,
            None if one.kind() != 0o10 => return None,
            // A base of another kind has nothing to say about a file's lines.
            None => self.merge_file(base.filter(|b| b.kind() == 0o10), one, other)?,
        };
        Some(Leaf { mode, oid })
    }

    fn merge_file(&self, base: Option<Leaf>, one: Leaf, other: Leaf) -> Option<Oid> {
        let key = [base.map(|leaf| leaf.oid), Some(one.oid), Some(other.oid)];
        if let Some(known) = self.contents.borrow().get(&key) {
            return *known;
        }
        let empty = || self.git.ask(&["hash-object", "-w", "--stdin"], b"");
        let base = match base {
            Some(leaf) => leaf.oid.to_string(),
            None => String::from_utf8(empty()).unwrap().trim().to_owned(),
        };
        let (one, other) = (one.oid.to_string(), other.oid.to_string());
        let how = [
            "merge-file",
            "--object-id",
            "--diff-algorithm=histogram",
            "-q",
        ];
        let answer = self
            .git
            .try_ask(&[&how[..], &[&one, &base, &other]].concat(), b"");
        // 255: it can't, since a file is binary. Less: so many conflicts.
        let merged =
            (answer.status == 0).then(|| Oid::from_hex(answer.stdout.trim_ascii_end()).unwrap());
        self.contents.borrow_mut().insert(key, merged);
        merged
    }
}

/// What a base settles by itself: `None` where both sides changed it, and differently.
fn settle<T: PartialEq>(base: T, one: T, other: T) -> Option<T> {
    match (base == one, base == other, one == other) {
        (_, true, _) | (_, _, true) => Some(one),
        (true, ..) => Some(other),
        _ => None,
    }
}

/// Whether the path, or a folder above it, is a name that one parent made a file and another a
/// folder: no merge can have both, so the one that is missing was decided against by hand.
fn clashes(sides: &Sides, path: &[u8]) -> bool {
    let ends = (0..path.len()).filter(|at| path[*at] == b'/');
    let names = ends.chain([path.len()]).map(|end| &path[..end]);
    names.into_iter().any(|name| {
        let bases = || sides.bases.iter().flatten();
        let files = sides.parents.iter().map(|tree| tree.get(name));
        let file_made = files
            .filter(Option::is_some)
            .any(|file| !bases().any(|base| base.get(name) == file));
        let folders = sides.parents.iter().map(|tree| folder(tree, name));
        let folder_made = folders
            .filter(|folder| !folder.is_empty())
            .any(|made| !bases().any(|base| folder(base, name) == made));
        file_made && folder_made
    })
}

fn folder<'t>(tree: &'t Tree, name: &[u8]) -> Vec<(&'t [u8], Leaf)> {
    let prefix = [name, b"/"].concat();
    let below = tree.range(prefix.clone()..);
    below
        .take_while(|(path, _)| path.starts_with(&prefix))
        .map(|(path, leaf)| (path.as_slice(), *leaf))
        .collect()
}

/// A tree-ish, flat.
pub fn flat(git: &Witness, commit: Oid) -> Tree {
    let listed = git.ask(
        &["ls-tree", "-r", "-z", "--full-tree", &commit.to_string()],
        b"",
    );
    let lines = listed.split(|byte| *byte == 0);
    lines.filter(|line| !line.is_empty()).map(leaf).collect()
}

/// Reads `<mode> <type> <oid> TAB <path>`.
fn leaf(line: &[u8]) -> (Vec<u8>, Leaf) {
    let tab = line.iter().position(|byte| *byte == b'\t').unwrap();
    let mut fields = line[..tab].split(|byte| *byte == b' ');
    let mode = std::str::from_utf8(fields.next().unwrap()).unwrap();
    let leaf = Leaf {
        mode: u32::from_str_radix(mode, 8).unwrap(),
        oid: Oid::from_hex(fields.nth(1).unwrap()).unwrap(),
    };
    (line[tab + 1..].to_vec(), leaf)
}

/// git's own merge of two commits: its tree, and the paths that conflict in it.
pub fn merge_tree(git: &Witness, one: Oid, other: Oid) -> (Tree, BTreeSet<Vec<u8>>) {
    let how = [
        "merge-tree",
        "--write-tree",
        "-z",
        "--no-messages",
        "--allow-unrelated-histories",
    ];
    let sides = [one.to_string(), other.to_string()];
    let answer = git.try_ask(&[&how[..], &[&sides[0], &sides[1]]].concat(), b"");
    let said = answer.stderr.escape_ascii().to_string();
    assert!(matches!(answer.status, 0 | 1), "{said}");
    let mut fields = answer.stdout.split(|byte| *byte == 0);
    let tree = Oid::from_hex(fields.next().unwrap()).unwrap();
    let names = fields.filter_map(|field| {
        let tab = field.iter().position(|byte| *byte == b'\t')?;
        // Where kinds clash, one side stands beside the other, as `<name>~<side>`.
        field[tab + 1..].split(|byte| *byte == b'~').next()
    });
    let conflicts = names.map(<[u8]>::to_vec).collect();
    (flat(git, tree), conflicts)
}
