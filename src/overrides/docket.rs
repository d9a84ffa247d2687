//! The overrides that may count in one push: those that it brings, which are examined at once, and
//! those that stand in the repository, which are read where something was found that they could
//! lift.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;

use super::cover::{Matter, unfit};
use super::examine::{Authority, Unproven, Word};
use super::hearing::{Hearing, Ruling};
use super::standing::Standing;
use super::statement::{Statement, What};
use crate::audit::{Place, has_lifted};
use crate::budget::Budget;
use crate::error::Error;
use crate::finding::{Code, Finding};
use crate::git::Repo;
use crate::policy::Policy;
use crate::report::escape::Shown;
use crate::rules::refs::push_finding;
use crate::standing::Target;
use crate::update::{Change, Oid, RefName, RefUpdate};

/// What is said of an update's override that counted before.
const USED: &str = "it was of use in a push before, and counts once: sign another";
/// What is said of overrides that git takes from nobody.
const HIDDEN: &str = "this server hides refs/overrides, and so would not keep it: its administrator \
                      must let pushes see it (receive.hideRefs, transfer.hideRefs)";
/// What is said of one whose objects are missing.
const NOT_WHOLE: &str =
    "what it points at isn't here whole: push the commits that it names with it";

/// The overrides of one push.
pub struct Docket<'r> {
    pub(super) policy: &'r Policy,
    pub(super) repo: &'r Repo,
    pub(super) authority: Authority<'r>,
    target: &'r Target,
    pub(super) budget: &'r Budget,
    /// What the push brings, sound and proven.
    pub(super) brought: Vec<(Unproven, Word<'r>)>,
    standing: OnceCell<Standing<'r>>,
    /// Those that were of use, by their refs.
    pub(super) used: RefCell<BTreeSet<RefName>>,
}

impl<'r> Docket<'r> {
    /// Examines what a push does below `refs/overrides/`. What is no override there refuses the
    /// push, and so does a change of one that stands.
    pub fn open(
        updates: &[RefUpdate],
        others: &[Cow<'_, RefUpdate>],
        (policy, repo, target): (&'r Policy, &'r Repo, &'r Target),
        authority: Authority<'r>,
        budget: &'r Budget,
    ) -> Result<(Self, Vec<Finding>), Error> {
        let mut docket = Self {
            policy,
            repo,
            authority,
            target,
            budget,
            brought: Vec::new(),
            standing: OnceCell::new(),
            used: RefCell::default(),
        };
        let mut findings = Vec::new();
        for update in updates {
            budget.time()?;
            match docket.bring(update, others)? {
                Ok(brought) => docket.brought.push(brought),
                Err(finding) => findings.push(finding),
            }
        }
        Ok((docket, findings))
    }

    fn bring(
        &self,
        update: &RefUpdate,
        others: &[Cow<'_, RefUpdate>],
    ) -> Result<Result<(Unproven, Word<'r>), Finding>, Error> {
        let name = update.name.as_bytes();
        let Change::Create { new } = update.change else {
            let fault = "an override is written once, and stays";
            return Ok(Err(push_finding(Code::OverrideRefChanged, name, fault)));
        };
        let bad = |why: String| push_finding(Code::BadOverride, name, why);
        let unproven = match Unproven::read(&update.name, new, self.repo)? {
            Ok(unproven) => unproven,
            Err(why) => return Ok(Err(bad(why))),
        };
        let word = match unproven.prove(self.policy, &self.authority)? {
            Ok(word) => word,
            Err(why) => return Ok(Err(bad(why))),
        };
        let (statement, authority) = (unproven.statement(), &self.authority);
        let why = unfit(statement, word.signer, (self.policy, self.repo), authority)
            .or_else(|| comes_alone(&unproven, others));
        let why = match why {
            None => self.unkept(&update.name, new, statement)?,
            other => other,
        };
        Ok(match why {
            Some(why) => Err(bad(why)),
            None => Ok((unproven, word)),
        })
    }

    /// Why git will not keep the override, once it is accepted; what it lifts would go in without it.
    fn unkept(
        &self,
        name: &RefName,
        tag: Oid,
        statement: &Statement,
    ) -> Result<Option<String>, Error> {
        if matches!(self.target, Target::Remote(_)) {
            return Ok(None);
        }
        if self.repo.is_hidden(name, self.budget)? {
            return Ok(Some(HIDDEN.into()));
        }
        let why = match &statement.lifts.what {
            // It points at what the update does: git moves both or neither, if nothing else has a say.
            What::Update(_) => self.was_used(name)?.then_some(USED),
            What::Commits(_) => {
                let is_whole = self.repo.is_connected(tag, self.budget)?;
                (!is_whole).then_some(NOT_WHOLE)
            }
        };
        Ok(why.map(str::to_owned))
    }

    /// Whether it lifted something before, by the audit log's word: another hook can have refused the
    /// tag alone, and then nothing else remembers it.
    fn was_used(&self, name: &RefName) -> Result<bool, Error> {
        match Place::of(self.repo)? {
            Some(place) => has_lifted(&place, name),
            None => Ok(false),
        }
    }

    /// Returns true if and only if nothing can be lifted, since nobody signs.
    pub fn is_empty(&self) -> bool {
        self.brought.is_empty() && self.policy.signers.is_empty()
    }

    /// What overrides make of the matter. Where the push's time is over, nothing is lifted that would
    /// take more of it.
    pub fn rule(&self, matter: &Matter<'_>) -> Result<Ruling, Error> {
        match Hearing::of(self, matter).end() {
            Err(Error::TooMuch(exceeded)) => Ok(Ruling {
                reasons: vec![format!("no override was heard for this: {exceeded}")],
                ..Ruling::default()
            }),
            other => other,
        }
    }

    /// Returns true if and only if one that a clone doesn't have points at one of these commits: which
    /// others it names, only the server can tell.
    pub fn is_doubtful(&self, commits: impl Iterator<Item = Oid>) -> Result<bool, Error> {
        let has_some = matches!(self.target, Target::Remote(_)) && !self.policy.signers.is_empty();
        Ok(has_some && self.standing()?.any_elsewhere(commits))
    }

    /// Those that stand in the repository.
    pub(super) fn standing(&self) -> Result<&Standing<'r>, Error> {
        if let Some(standing) = self.standing.get() {
            return Ok(standing);
        }
        let standing = Standing::read(self.repo, self.target, self.budget)?;
        Ok(self.standing.get_or_init(|| standing))
    }

    /// What is to be said of overrides that the push brings and that lift nothing in it.
    pub fn idle(&self) -> Vec<String> {
        let used = self.used.borrow();
        let idle = self.brought.iter();
        idle.filter(|(unproven, _)| !used.contains(&unproven.ref_name))
            .map(|(unproven, _)| kept(unproven))
            .collect()
    }
}

/// An override of an update is spent once it stands in the repository: it must come with the
/// update.
fn comes_alone(unproven: &Unproven, others: &[Cow<'_, RefUpdate>]) -> Option<String> {
    let lifts = &unproven.statement().lifts;
    let What::Update(change) = &lifts.what else {
        return None;
    };
    let is_it =
        |update: &Cow<'_, RefUpdate>| update.name == lifts.ref_name && update.change == *change;
    (!others.iter().any(is_it)).then(|| {
        "it is for an update of a ref, and counts only in the push that makes that very update: \
         push both together"
            .into()
    })
}

fn kept(unproven: &Unproven) -> String {
    let (signer, statement) = (&unproven.signer, unproven.statement());
    let lifts = &statement.lifts;
    let count = match &lifts.what {
        What::Commits(commits) if commits.len() == 1 => "1 commit".into(),
        What::Commits(commits) => format!("{} commits", commits.len()),
        What::Update(_) => {
            return format!("the override of {signer} lifts nothing in this push, and is spent");
        }
    };
    let rules: Vec<&str> = lifts.rules.iter().map(|rule| rule.name()).collect();
    format!(
        "the override of {signer} lifts nothing in this push; until {} it lifts {} of {count} on {}",
        statement.expires,
        rules.join(", "),
        Shown(lifts.ref_name.as_bytes())
    )
}
