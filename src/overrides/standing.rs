//! The overrides that stand in a repository, found by the commits that they name: there may be
//! years of them, and as many commits in question.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::cover::unfit;
use super::docket::Docket;
use super::examine::{Unproven, Word};
use super::ref_name::{FOLDER, OverrideName};
use super::statement::What;
use crate::budget::Budget;
use crate::error::Error;
use crate::git::Repo;
use crate::standing::Target;
use crate::update::Oid;

/// What stands there.
#[derive(Default)]
pub(super) struct Standing<'r> {
    read: Vec<Unproven>,
    /// By each commit that they name: indices into `read`.
    by_commit: HashMap<Oid, Vec<usize>>,
    /// What overrides point at whose objects a clone doesn't have.
    elsewhere: HashSet<Oid>,
    /// Whose word they are, of those that were asked about.
    proofs: RefCell<BTreeMap<usize, Result<Word<'r>, String>>>,
}

impl<'r> Standing<'r> {
    /// Reads them; what is no override there lifts nothing, and is passed over. Those of updates
    /// are spent, and passed over too.
    pub fn read(repo: &Repo, target: &Target, budget: &Budget) -> Result<Self, Error> {
        let mut standing = Self::default();
        let prefix = [FOLDER.as_bytes().to_vec()].into();
        let refs = target.refs(repo, &prefix, budget)?;
        for (name, held) in refs.iter() {
            let Some(parts) = OverrideName::parse(name) else {
                continue;
            };
            budget.time()?;
            if matches!(target, Target::Remote(_)) && !repo.has(held.value)? {
                standing.elsewhere.insert(parts.target);
            } else if let Ok(unproven) = Unproven::read(name, held.value, repo)? {
                standing.add(unproven);
            }
        }
        Ok(standing)
    }

    fn add(&mut self, unproven: Unproven) {
        let What::Commits(named) = &unproven.statement().lifts.what else {
            return;
        };
        for commit in named {
            self.by_commit
                .entry(*commit)
                .or_default()
                .push(self.read.len());
        }
        self.read.push(unproven);
    }

    /// Those that name one of the commits, in the order of their refs.
    pub fn near(&self, commits: &[Oid]) -> BTreeSet<usize> {
        let found = commits
            .iter()
            .filter_map(|commit| self.by_commit.get(commit));
        found.flatten().copied().collect()
    }

    /// Returns true if and only if there is one, which isn't here, that points at one of the
    /// commits.
    pub fn any_elsewhere(&self, mut commits: impl Iterator<Item = Oid>) -> bool {
        !self.elsewhere.is_empty() && commits.any(|commit| self.elsewhere.contains(&commit))
    }

    /// The override of that index.
    pub fn get(&self, at: usize) -> Option<&Unproven> {
        self.read.get(at)
    }

    /// Whose word it is, if it can count; asked once.
    pub fn prove(&self, at: usize, docket: &Docket<'r>) -> Result<Result<Word<'r>, String>, Error> {
        if let Some(known) = self.proofs.borrow().get(&at) {
            return Ok(known.clone());
        }
        let unproven = self
            .get(at)
            .ok_or_else(|| Error::internal("an override that isn't there"))?;
        let (policy, repo, authority) = (docket.policy, docket.repo, &docket.authority);
        let proof = unproven.prove(policy, authority)?.and_then(|word| {
            let scene = (policy, repo);
            match unfit(unproven.statement(), word.signer, scene, authority) {
                Some(why) => Err(why),
                None => Ok(word),
            }
        });
        self.proofs.borrow_mut().insert(at, proof.clone());
        Ok(proof)
    }
}
