//! What a refusal asks a signer to sign: worked out where the push was judged, so that nothing has
//! to be worked out again where it is signed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::cover::beyond_grant;
use super::statement::{Lifts, What};
use crate::decision::Judgement;
use crate::finding::{Code, Finding, Lifting, Severity};
use crate::policy::{Policy, Signer};
use crate::update::{Change, Oid, RefName, RefUpdate};

/// How many commits a push's requests name together; an override of more would be a decision on each
/// of them that nobody makes.
pub const MOST_COMMITS: usize = 200;
/// How many refs they are about.
pub const MOST_REFS: usize = 20;

/// Something to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What an override would have to lift.
    pub lifts: Lifts,
    /// The update that was refused.
    pub change: Change,
    /// Who may lift it, by their names in the policy.
    pub signers: Vec<String>,
}

/// What could be signed to have a push accepted: one request for each ref's commits and one for its
/// update. `repository` is what overrides call this one. None where that wouldn't do: something can't be lifted, or too few may.
pub fn requests(
    judgement: &Judgement,
    updates: &[Cow<'_, RefUpdate>],
    newest_first: impl Fn(&RefName, &mut Vec<Oid>),
    (policy, repository): (&Policy, &str),
) -> Vec<Request> {
    let refusing: Vec<&Finding> = judgement.of(Severity::Deny).collect();
    let is_final = |finding: &&Finding| finding.code.lifting() == Lifting::Never;
    if policy.signers.is_empty() || refusing.iter().any(is_final) {
        return Vec::new();
    }
    let mut by_ref: BTreeMap<&[u8], Vec<&Finding>> = BTreeMap::new();
    for finding in refusing {
        by_ref.entry(&finding.ref_name).or_default().push(finding);
    }
    if by_ref.len() > MOST_REFS {
        return Vec::new();
    }
    let mut requests = Vec::new();
    for update in updates {
        let Some(own) = by_ref.get(update.name.as_bytes()) else {
            continue;
        };
        let mut commits = commits(own);
        newest_first(&update.name, &mut commits);
        for (lifting, what) in [
            (Lifting::Commits, What::Commits(commits)),
            (Lifting::Update, What::Update(update.change)),
        ] {
            let rules = rules(own, lifting);
            if !rules.is_empty() {
                let lifts = Lifts {
                    repository: repository.to_owned(),
                    ref_name: update.name.clone(),
                    rules,
                    what,
                };
                requests.push(Request::new(lifts, update.change, policy));
            }
        }
    }
    let named: usize = requests.iter().map(Request::commits).sum();
    match named <= MOST_COMMITS && requests.iter().all(|it| it.can_be_signed(policy)) {
        true => requests,
        false => Vec::new(),
    }
}

impl Request {
    fn new(lifts: Lifts, change: Change, policy: &Policy) -> Self {
        let may = |signer: &&Signer| beyond_grant(&lifts, signer, policy).is_none();
        let signers = policy.signers.iter().filter(may);
        Self {
            signers: signers.map(|signer| signer.name.clone()).collect(),
            change,
            lifts,
        }
    }

    /// What is wrong with a request that was not worked out here.
    pub fn check(&self) -> Result<(), String> {
        match (&self.lifts.what, self.change) {
            (What::Commits(_), Change::Delete { .. }) => {
                Err("it names commits, and deletes the ref".into())
            }
            _ => self.lifts.check(),
        }
    }

    fn can_be_signed(&self, policy: &Policy) -> bool {
        let there = u64::try_from(self.signers.len()).unwrap_or(u64::MAX);
        there >= policy.terms.required && self.lifts.check().is_ok()
    }

    /// How many commits it names.
    fn commits(&self) -> usize {
        match &self.lifts.what {
            What::Commits(commits) => commits.len(),
            What::Update(_) => 0,
        }
    }
}

/// The rules that are lifted so, in the order of their names.
fn rules(findings: &[&Finding], lifting: Lifting) -> Vec<Code> {
    let codes = findings.iter().map(|it| it.code);
    let mut rules: Vec<Code> = codes.filter(|code| code.lifting() == lifting).collect();
    rules.sort_unstable_by_key(|code| code.name());
    rules.dedup();
    rules
}

/// The commits that are at fault, each once.
fn commits(findings: &[&Finding]) -> Vec<Oid> {
    let all = findings.iter().flat_map(|it| it.offender.commits());
    let mut commits: Vec<Oid> = all.copied().collect();
    commits.sort_unstable();
    commits.dedup();
    commits
}
