//! Where the court turns to overrides: what they make of a broken rule, and what could be signed.

use std::borrow::Cow;

use super::cover::{Matter, own_name};
use super::docket::Docket;
use super::hearing::Ruling;
use super::request::{Request, requests};
use crate::decision::Judgement;
use crate::error::Error;
use crate::finding::{Code, Lifting};
use crate::git::Repo;
use crate::policy::Policy;
use crate::update::{Oid, RefName, RefUpdate};

/// What could lift findings, and the updates that they are about.
pub struct Appeals<'r> {
    /// `None` where a push is only supposed: nobody signs for that.
    docket: Option<Docket<'r>>,
    /// In the order of their names.
    updates: Vec<Cow<'r, RefUpdate>>,
}

impl<'r> Appeals<'r> {
    /// The overrides and the updates of one push.
    pub fn new(docket: Option<Docket<'r>>, mut updates: Vec<Cow<'r, RefUpdate>>) -> Self {
        updates.sort_by(|one, other| one.name.cmp(&other.name));
        Self { docket, updates }
    }

    /// What overrides make of a broken rule; nothing where none could lift it.
    pub fn rule(&self, code: Code, ref_name: &[u8], commits: &[Oid]) -> Result<Ruling, Error> {
        let docket = self.docket.as_ref().filter(|docket| !docket.is_empty());
        let is_liftable = code.lifting() != Lifting::Never;
        let found = docket.filter(|_| is_liftable).zip(self.update(ref_name));
        let Some((docket, update)) = found else {
            return Ok(Ruling::default());
        };
        docket.rule(&Matter {
            code,
            ref_name: &update.name,
            change: update.change,
            commits,
        })
    }

    /// Returns true if and only if an override may lift what is wrong with these commits that only the
    /// server has.
    pub fn is_doubtful(&self, commits: impl Iterator<Item = Oid>) -> Result<bool, Error> {
        match &self.docket {
            Some(docket) => docket.is_doubtful(commits),
            None => Ok(false),
        }
    }

    fn update(&self, ref_name: &[u8]) -> Option<&RefUpdate> {
        let by_name = |update: &Cow<'_, RefUpdate>| update.name.as_bytes().cmp(ref_name);
        let at = self.updates.binary_search_by(by_name).ok()?;
        self.updates.get(at).map(Cow::as_ref)
    }

    /// What is to be said of overrides that the push brings and that lift nothing in it.
    pub fn idle(&self) -> Vec<String> {
        let idle = self.docket.as_ref().map(Docket::idle);
        idle.unwrap_or_default()
    }

    /// What could be signed to have the push accepted; see [`requests`].
    pub fn requests(
        &self,
        judgement: &Judgement,
        newest_first: impl Fn(&RefName, &mut Vec<Oid>),
        (policy, repo): (&Policy, &Repo),
    ) -> Vec<Request> {
        let own = own_name(policy, repo);
        own.map_or_else(Vec::new, |own| {
            requests(judgement, &self.updates, newest_first, (policy, &own))
        })
    }
}
