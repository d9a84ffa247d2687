//! The overrides that may count in one push: those that it brings, which are examined at once, and
//! those that stand in the repository, which are read where something was found that they could
//! lift.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use super::cover::{Matter, misses, partial, unfit};
use super::examine::{Authority, Unproven, Word};
use super::ref_name::{FOLDER, OverrideName};
use super::statement::What;
use crate::budget::Budget;
use crate::error::Error;
use crate::finding::{Code, Finding, Lifter, Lifting};
use crate::git::Repo;
use crate::policy::Policy;
use crate::report::escape::Shown;
use crate::rules::refs::push_finding;
use crate::standing::Target;
use crate::update::{Change, Oid, RefName, RefUpdate};

/// How many reasons are told why overrides don't lift one finding.
const MOST_REASONS: usize = 5;

/// The overrides of one push.
pub struct Docket<'r> {
    policy: &'r Policy,
    repo: &'r Repo,
    target: &'r Target,
    budget: &'r Budget,
    authority: Authority<'r>,
    /// What the push brings, sound and proven.
    brought: Vec<(Unproven, Word<'r>)>,
    standing: OnceCell<Vec<Stored>>,
    /// Those that were of use, by their refs.
    used: RefCell<BTreeSet<RefName>>,
}

/// An override that stands in the repository.
enum Stored {
    /// Read.
    Here(Box<Unproven>),
    /// Known by its name alone: a clone doesn't have its objects.
    Elsewhere(OverrideName),
}

/// What the overrides make of a finding.
#[derive(Debug, Default)]
pub struct Ruling {
    /// Who lifts it; nobody, where they are too few.
    pub lifted_by: Vec<Lifter>,
    /// Why those who may have meant to don't, a line each.
    pub reasons: Vec<String>,
    /// True where an override may lift it that a clone can't read.
    pub doubtful: bool,
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
            target,
            budget,
            authority,
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
        let why = unfit(statement, word.signer, self.policy, authority)
            .or_else(|| comes_alone(&unproven, others));
        Ok(match why {
            Some(why) => Err(bad(why)),
            None => Ok((unproven, word)),
        })
    }

    /// Returns true if and only if nothing can be lifted, since nobody signs.
    pub fn is_empty(&self) -> bool {
        self.brought.is_empty() && self.policy.signers.is_empty()
    }

    /// What overrides make of the matter.
    pub fn rule(&self, matter: &Matter<'_>) -> Result<Ruling, Error> {
        let mut hearing = Hearing {
            docket: self,
            matter,
            people: BTreeMap::new(),
            ruling: Ruling::default(),
        };
        for (unproven, word) in &self.brought {
            hearing.hear(unproven, word)?;
        }
        // The repository's count for commits only: an update's override is spent once it is there.
        if matter.code.lifting() == Lifting::Commits {
            for stored in self.standing()? {
                hearing.stored(stored)?;
            }
        }
        Ok(hearing.end(self.policy.terms.required))
    }

    fn standing(&self) -> Result<&[Stored], Error> {
        if let Some(standing) = self.standing.get() {
            return Ok(standing);
        }
        let prefix = [FOLDER.as_bytes().to_vec()].into();
        let refs = self.target.refs(self.repo, &prefix, self.budget)?;
        let mut found = Vec::new();
        for (name, held) in refs.iter() {
            let Some(parts) = OverrideName::parse(name) else {
                continue;
            };
            self.budget.time()?;
            if matches!(self.target, Target::Remote(_)) && !self.repo.has(held.value)? {
                found.push(Stored::Elsewhere(parts));
            } else if let Ok(read) = Unproven::read(name, held.value, self.repo)? {
                found.push(Stored::Here(Box::new(read)));
            }
        }
        Ok(self.standing.get_or_init(|| found))
    }

    /// What is to be said of overrides that the push brings and that lift nothing in it.
    pub fn idle(&self) -> Vec<String> {
        let used = self.used.borrow();
        let idle = self.brought.iter();
        idle.filter(|(unproven, _)| !used.contains(&unproven.ref_name))
            .map(|(unproven, _)| kept(unproven))
            .collect()
    }

    fn authors(&self, commits: &[Oid]) -> Result<Vec<Vec<u8>>, Error> {
        let mut authors = Vec::new();
        if self.policy.terms.not_by_author {
            for commit in commits {
                authors.extend(self.repo.author_addresses(*commit)?);
            }
        }
        Ok(authors)
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
    let statement = unproven.statement();
    let lifts = &statement.lifts;
    let rules: Vec<&str> = lifts.rules.iter().map(|rule| rule.name()).collect();
    let count = match &lifts.what {
        What::Commits(commits) if commits.len() == 1 => "1 commit".into(),
        What::Commits(commits) => format!("{} commits", commits.len()),
        What::Update(_) => "this update".into(),
    };
    format!(
        "the override of {} lifts nothing in this push; until {} it lifts {} of {count} on {}",
        unproven.signer,
        statement.expires,
        rules.join(", "),
        Shown(lifts.ref_name.as_bytes())
    )
}

/// One matter, while overrides are heard.
struct Hearing<'h, 'r, 'm> {
    docket: &'h Docket<'r>,
    matter: &'h Matter<'m>,
    people: BTreeMap<String, Lifter>,
    ruling: Ruling,
}

impl<'r> Hearing<'_, 'r, '_> {
    /// An override that was proven already.
    fn hear(&mut self, unproven: &Unproven, word: &Word<'r>) -> Result<(), Error> {
        match misses(&unproven.statement().lifts, self.matter) {
            Some(why) => self.refuse(unproven, &why),
            None => self.count(unproven, word)?,
        }
        Ok(())
    }

    fn stored(&mut self, stored: &Stored) -> Result<(), Error> {
        let unproven = match stored {
            Stored::Here(unproven) => unproven,
            Stored::Elsewhere(parts) => {
                self.ruling.doubtful |= self.matter.commits.contains(&parts.target);
                return Ok(());
            }
        };
        let lifts = &unproven.statement().lifts;
        if let Some(why) = misses(lifts, self.matter) {
            // Those that have nothing to do with it are no news.
            if is_near(&lifts.what, self.matter) {
                self.refuse(unproven, &why);
            }
            return Ok(());
        }
        let docket = self.docket;
        match unproven.prove(docket.policy, &docket.authority)? {
            Err(why) => self.refuse(unproven, &why),
            Ok(word) => {
                let (statement, authority) = (unproven.statement(), &docket.authority);
                match unfit(statement, word.signer, docket.policy, authority) {
                    Some(why) => self.refuse(unproven, &why),
                    None => self.count(unproven, &word)?,
                }
            }
        }
        Ok(())
    }

    /// An override that covers the matter: it counts unless its signer is too close to it.
    fn count(&mut self, unproven: &Unproven, word: &Word<'r>) -> Result<(), Error> {
        let docket = self.docket;
        let authors = docket.authors(self.matter.commits)?;
        let terms = &docket.policy.terms;
        let partial = |signer| partial(signer, terms, &authors, &docket.authority);
        if let Some(why) = word.signer.and_then(partial) {
            self.refuse(unproven, &why);
            return Ok(());
        }
        let statement = unproven.statement();
        let name = &unproven.ref_name;
        docket.used.borrow_mut().insert(name.clone());
        // Two of one person are one.
        self.people
            .entry(unproven.signer.clone())
            .or_insert_with(|| Lifter {
                signer: unproven.signer.clone(),
                key: word.key.clone(),
                ref_name: name.clone(),
                expires: statement.expires,
                reason: statement.reason.clone(),
            });
        Ok(())
    }

    fn refuse(&mut self, unproven: &Unproven, why: &str) {
        let signer = &unproven.signer;
        let line = format!("the override of {signer} doesn't lift this: {why}");
        let reasons = &mut self.ruling.reasons;
        if reasons.len() < MOST_REASONS && !reasons.contains(&line) {
            reasons.push(line);
        }
    }

    fn end(mut self, required: u64) -> Ruling {
        let there = self.people.len();
        if u64::try_from(there).unwrap_or(u64::MAX) >= required {
            self.ruling.lifted_by = self.people.into_values().collect();
            self.ruling.reasons.clear();
        } else if there > 0 {
            let names: Vec<&str> = self.people.keys().map(String::as_str).collect();
            self.ruling.reasons.push(format!(
                "{required} people must lift this, and {} did: {}",
                there,
                names.join(", ")
            ));
        }
        self.ruling
    }
}

/// Returns true if and only if it names one of the commits.
fn is_near(what: &What, matter: &Matter<'_>) -> bool {
    match what {
        What::Commits(named) => matter.commits.iter().any(|commit| named.contains(commit)),
        What::Update(_) => false,
    }
}
