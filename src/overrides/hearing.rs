//! One matter, while overrides are heard: how many people lift it.

use std::collections::BTreeMap;

use super::cover::{Matter, misses, partial};
use super::docket::Docket;
use super::examine::{Unproven, Word};
use crate::error::Error;
use crate::finding::{Lifter, Lifting};
use crate::update::Oid;

/// How many reasons are told why overrides don't lift one finding.
const MOST_REASONS: usize = 5;

/// What the overrides make of a finding.
#[derive(Debug, Default)]
pub struct Ruling {
    /// Who lifts it; nobody, where they are too few.
    pub lifted_by: Vec<Lifter>,
    /// Why those who may have meant to don't, a line each.
    pub reasons: Vec<String>,
}

/// A matter, and who has spoken so far.
pub(super) struct Hearing<'h, 'r, 'm> {
    docket: &'h Docket<'r>,
    matter: &'h Matter<'m>,
    people: BTreeMap<String, Lifter>,
    ruling: Ruling,
}

impl<'h, 'r, 'm> Hearing<'h, 'r, 'm> {
    /// Nobody has spoken yet.
    pub fn of(docket: &'h Docket<'r>, matter: &'h Matter<'m>) -> Self {
        Self {
            docket,
            matter,
            people: BTreeMap::new(),
            ruling: Ruling::default(),
        }
    }

    /// Hears all of them.
    pub fn end(mut self) -> Result<Ruling, Error> {
        let docket = self.docket;
        for (unproven, word) in &docket.brought {
            match misses(&unproven.statement().lifts, self.matter) {
                Some(why) => self.refuse(unproven, &why),
                None => self.count(unproven, word)?,
            }
        }
        // Those in the repository count for commits only: an update's is spent once it is there.
        if self.matter.code.lifting() == Lifting::Commits && !docket.policy.signers.is_empty() {
            self.standing()?;
        }
        Ok(self.rule())
    }

    fn standing(&mut self) -> Result<(), Error> {
        self.docket.budget.time()?;
        let standing = self.docket.standing()?;
        for at in standing.near(self.matter.commits) {
            let Some(unproven) = standing.get(at) else {
                continue;
            };
            if let Some(why) = misses(&unproven.statement().lifts, self.matter) {
                self.refuse(unproven, &why);
                continue;
            }
            match standing.prove(at, self.docket)? {
                Ok(word) => self.count(unproven, &word)?,
                Err(why) => self.refuse(unproven, &why),
            }
        }
        Ok(())
    }

    /// An override that covers the matter: it counts unless its signer is too close to it.
    fn count(&mut self, unproven: &Unproven, word: &Word<'r>) -> Result<(), Error> {
        let docket = self.docket;
        let authors = self.authors(self.matter.commits)?;
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

    fn authors(&self, commits: &[Oid]) -> Result<Vec<Vec<u8>>, Error> {
        let mut authors = Vec::new();
        if self.docket.policy.terms.not_by_author {
            for commit in commits {
                authors.extend(self.docket.repo.author_addresses(*commit)?);
            }
        }
        Ok(authors)
    }

    fn refuse(&mut self, unproven: &Unproven, why: &str) {
        let reasons = &mut self.ruling.reasons;
        if reasons.len() < MOST_REASONS {
            let signer = &unproven.signer;
            let line = format!("the override of {signer} doesn't lift this: {why}");
            if !reasons.contains(&line) {
                reasons.push(line);
            }
        }
    }

    fn rule(mut self) -> Ruling {
        let required = self.docket.policy.terms.required;
        let there = u64::try_from(self.people.len()).unwrap_or(u64::MAX);
        if there >= required {
            self.ruling.lifted_by = self.people.into_values().collect();
            self.ruling.reasons.clear();
        } else if there > 0 {
            let names: Vec<&str> = self.people.keys().map(String::as_str).collect();
            self.ruling.reasons.push(format!(
                "{required} people must lift this, and {there} did: {}",
                names.join(", ")
            ));
        }
        self.ruling
    }
}
