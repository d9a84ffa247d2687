//! The entering commits of a push, without a look at the tips that could hide them.
//!
//! What can be reached from a ref is all there, down to the first commit. So a commit that the
//! repository lacked before the push can't be reached from any of its refs, and neither can what
//! descends from it. A push mostly brings a few such commits that stand on what some ref has: so
//! go down from the new tip to the tips that hide, known by their names alone, and see that the
//! lowest commits on the way were brought. Then all of them enter, whatever else a thousand
//! upstream refs hold.
//!
//! It is only tried where it is less work than to read these tips, and given up as soon as it
//! isn't. Where something can't be told, the walk in `range` tells it. A file of objects that
//! can't be read makes a commit look as if it was brought: it is then judged once more.

use std::io::ErrorKind;

use foldhash::HashSet;

use super::commits::{Node, PerNode};
use super::history::History;
use super::open::Repo;
use crate::error::Error;
use crate::update::Oid;

/// To open a pack's index takes about as long as finding so many commits in the commit-graph.
const TIPS_PER_PACK: usize = 8;

/// The commits that `new` makes reachable and that none of `hidden` reaches, in no certain order;
/// `None` where more has to be read to tell. No more are looked at than there are hidden values,
/// all of which refs had before the push.
pub(super) fn brought(
    history: &History<'_>,
    new: Node,
    hidden: &[Oid],
) -> Result<Option<Vec<Node>>, Error> {
    if !history.repo.tells_what_is_brought(hidden.len()) {
        return Ok(None);
    }
    let tips: HashSet<Oid> = hidden.iter().copied().collect();
    let mut met: PerNode<bool> = PerNode::default();
    met.set(new, true);
    let (mut open, mut found) = (vec![new], Vec::new());
    while let Some(node) = open.pop() {
        // What is in the commit-graph was there before.
        if found.len() == hidden.len() || history.is_in_graph(node) {
            return Ok(None);
        }
        found.push(node);
        let mut is_lowest = true;
        for at in history.links(node)?.parents() {
            let parent = history.parent(at)?;
            if tips.contains(&history.name(parent)?) {
                continue;
            }
            is_lowest = false;
            if !met.get(parent) {
                met.set(parent, true);
                open.push(parent);
            }
        }
        if is_lowest && !history.repo.is_brought(history.name(node)?) {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

impl Repo {
    /// Returns true if and only if the files of objects tell what a push brought, and that is less
    /// work than to find so many tips in the commit-graph.
    fn tells_what_is_brought(&self, tips: usize) -> bool {
        self.quarantine.is_some()
            && tips >= self.files().own_packs().saturating_mul(TIPS_PER_PACK)
            && !self.may_have_alternates()
    }

    /// Returns true if the object isn't found among the repository's own. False says nothing.
    fn is_brought(&self, oid: Oid) -> bool {
        self.files().own_lack(oid)
    }

    /// Returns true if and only if objects may lie in other repositories.
    fn may_have_alternates(&self) -> bool {
        let list = self.common_dir().join("objects/info/alternates");
        let about = list.symlink_metadata();
        !about.is_err_and(|error| error.kind() == ErrorKind::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use git2::{ObjectType, Repository};

    use super::*;
    use crate::budget::{Budget, Limits};
    use crate::git::{CleanGit, Quarantine};

    /// How many commits there are on the line; the server has the first half.
    const LINE: usize = 6;

    /// A server's repository, and all objects of a line of commits: what a push brings.
    struct Push {
        folder: tempfile::TempDir,
        server: Repository,
        line: Vec<Oid>,
    }

    impl Push {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let server = Repository::init_bare(folder.path().join("server")).unwrap();
            let pushed = Repository::init_bare(folder.path().join("pushed")).unwrap();
            let mut line: Vec<Oid> = Vec::new();
            for at in 0..LINE {
                let tree = pushed.treebuilder(None).unwrap().write().unwrap();
                let parent = line.last().map(|oid| format!("parent {oid}\n"));
                let who = format!("x <x@y.example> {at} +0000");
                let parent = parent.unwrap_or_default();
                let raw = format!("tree {tree}\n{parent}author {who}\ncommitter {who}\n\n{at}\n");
                let write = |repo: &Repository| {
                    let odb = repo.odb().unwrap();
                    odb.write(ObjectType::Commit, raw.as_bytes()).unwrap()
                };
                let oid = write(&pushed);
                if at < LINE / 2 {
                    write(&server);
                }
                line.push(Oid::from_bytes(oid.as_bytes()).unwrap());
            }
            Self {
                folder,
                server,
                line,
            }
        }

        /// A file or folder of the server's.
        fn at(&self, path: &str) -> std::path::PathBuf {
            self.server.path().join(path)
        }

        /// Packs the server's newest commit, alone.
        fn pack(&self) {
            let newest = git2::Oid::from_bytes(self.line[LINE / 2 - 1].as_bytes()).unwrap();
            let mut packed = self.server.packbuilder().unwrap();
            packed.insert_object(newest, None).unwrap();
            packed.write(&self.at("objects/pack"), 0).unwrap();
        }

        /// How many commits are found to be brought, with these on the line as tips.
        fn found(&self, tips: &[usize]) -> Option<usize> {
            let path = Some(self.folder.path().join("pushed/objects"));
            self.found_with(&Quarantine { path }, tips)
        }

        fn found_with(&self, quarantine: &Quarantine, tips: &[usize]) -> Option<usize> {
            let dir = self.server.path();
            let repo = Repo::open_for_hook(dir, quarantine, None, CleanGit::default()).unwrap();
            let budget = Budget::new(Limits::default());
            let history = History::new(&repo, &budget);
            let new = history.node(self.line[LINE - 1]).unwrap();
            let tips: Vec<Oid> = tips.iter().map(|at| self.line[*at]).collect();
            brought(&history, new, &tips).unwrap().map(|all| all.len())
        }
    }

    #[test]
    fn what_stands_on_a_tip_and_was_not_there_is_brought() {
        let push = Push::new();
        assert_eq!(push.found(&[2; 3]), Some(3));
        assert_eq!(push.found(&[0, 1, 2, 2]), Some(3));
    }

    #[test]
    fn what_the_server_had_is_not_brought() {
        let push = Push::new();
        // The third commit enters, and is there: another ref could have it.
        assert_eq!(push.found(&[1; 8]), None);
        assert_eq!(push.found(&[]), None);
        let other = Push::new();
        other.pack();
        let loose = other.line[2].to_string();
        let (first, rest) = loose.split_at(2);
        std::fs::remove_file(other.at("objects").join(first).join(rest)).unwrap();
        assert_eq!(other.found(&[1; 8]), None);
        assert_eq!(other.found(&[2; 8]), Some(3));
    }

    #[test]
    fn what_takes_more_than_reading_the_tips_is_not_tried() {
        let push = Push::new();
        assert_eq!(push.found(&[2; 2]), None, "more commits than tips");
        push.pack();
        assert_eq!(push.found(&[2; TIPS_PER_PACK - 1]), None);
        assert_eq!(push.found(&[2; TIPS_PER_PACK]), Some(3));
    }

    #[test]
    fn where_objects_may_lie_elsewhere_nothing_is_told() {
        let push = Push::new();
        assert_eq!(push.found(&[2; 8]), Some(3));
        let list = push.at("objects/info/alternates");
        std::fs::create_dir_all(list.parent().unwrap()).unwrap();
        std::fs::write(list, "/gone\n").unwrap();
        assert_eq!(push.found(&[2; 8]), None);
    }

    #[test]
    fn a_pack_that_makes_no_sense_tells_nothing() {
        let push = Push::new();
        std::fs::write(push.at("objects/pack/pack-x.idx"), "x").unwrap();
        assert_eq!(push.found(&[2; 8]), None);
    }

    #[test]
    fn nothing_is_brought_to_a_repository_that_has_all() {
        let push = Push::new();
        std::fs::remove_dir_all(push.server.path()).unwrap();
        std::fs::rename(push.folder.path().join("pushed"), push.server.path()).unwrap();
        assert_eq!(push.found_with(&Quarantine::default(), &[2; 8]), None);
    }
}
