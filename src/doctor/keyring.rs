//! The check `keyring`: whether those whom the policy names can lift anything.

use super::check::Check;
use super::report::Entry;
use super::subject::Subject;
use crate::error::Error;
use crate::overrides::keyring::folder;
use crate::overrides::keyring::lint::{Linted, Remark, Weight, lint};
use crate::policy::Signer;

/// An entry for each thing that `treewarden keyring lint` remarks; one, where there is nothing.
pub fn keyring(subject: &Subject<'_>) -> Result<Vec<Entry>, Error> {
    let mut policies = subject.policies();
    let Some((_, policy)) = policies.next() else {
        return Ok(Vec::new());
    };
    if policy.signers.is_empty() {
        let detail = "the policy names no signer, so nothing is ever lifted";
        return Ok(vec![Entry::ok(Check::Keyring, detail)]);
    }
    let found = folder(subject.repo)
        .and_then(|folder| lint(&folder, Some(&policy.signers), subject.ambient.now));
    Ok(match found {
        Ok(linted) => entries(&linted, &policy.signers),
        Err(error) => vec![Entry::fail(
            Check::Keyring,
            error.to_string(),
            "treewarden keyring add puts keys there".to_owned(),
        )],
    })
}

fn entries(linted: &Linted, signers: &[Signer]) -> Vec<Entry> {
    if linted.remarks.is_empty() {
        let (keys, people) = (linted.keys, signers.len());
        let detail = format!("keys: {keys}, of signers: {people}");
        return vec![Entry::ok(Check::Keyring, detail)];
    }
    linted.remarks.iter().map(entry).collect()
}

fn entry(remark: &Remark) -> Entry {
    let place = remark.place.iter().map(|place| format!(" ({place})"));
    let detail = format!("{}{}", remark.message, place.collect::<String>());
    let help = remark.help.to_owned();
    match remark.weight {
        Weight::Fault => Entry::fail(Check::Keyring, detail, help),
        Weight::Key => Entry::warn(Check::Keyring, detail, help),
    }
}
