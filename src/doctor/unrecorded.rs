//! The check `refs`: refs of trees that are where no accepted push has put them.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::check::Check;
use super::report::Entry;
use super::subject::{Subject, budget};
use super::words::quoted_path;
use crate::audit::{Place, entries, segments};
use crate::error::Error;
use crate::policy::{Enforce, Policy};
use crate::report::json::bytes;
use crate::update::{Oid, RefName};

/// How many refs are named.
const MOST_NAMED: usize = 20;
/// How much of an object's name is shown, in hex digits.
const SHORT: usize = 12;

/// From a ref to the values that accepted pushes can have left there.
type Values = HashMap<Vec<u8>, BTreeSet<String>>;

/// The check `refs`.
pub fn refs(subject: &Subject<'_>) -> Result<Vec<Entry>, Error> {
    let (Some(place), Some((_, policy))) = (Place::of(subject.repo)?, subject.policies().next())
    else {
        return Ok(Vec::new());
    };
    let governed = governed(subject, policy)?;
    let recorded = recorded(&place)?;
    let is_unrecorded = |(name, oid, _): &(RefName, Oid, String)| {
        let values = recorded.get(&key(&bytes("ref", name.as_bytes())));
        values.is_none_or(|values| !values.contains(&oid.to_string()))
    };
    let count = governed.len();
    let unrecorded: Vec<_> = governed.into_iter().filter(is_unrecorded).collect();
    if unrecorded.is_empty() {
        let detail = format!("{count} refs of trees are where recorded pushes have put them");
        return Ok(vec![Entry::ok(Check::Refs, detail)]);
    }
    let more = unrecorded.len().saturating_sub(MOST_NAMED);
    let named = unrecorded.iter().take(MOST_NAMED);
    let mut told: Vec<Entry> = named.map(|found| entry(subject, found)).collect();
    if more > 0 {
        let help = "see those that are named first";
        told.push(Entry::warn(Check::Refs, format!("{more} more refs"), help));
    }
    Ok(told)
}

fn entry(subject: &Subject<'_>, (name, oid, tree): &(RefName, Oid, String)) -> Entry {
    let name = String::from_utf8_lossy(name.as_bytes());
    let short: String = oid.to_string().chars().take(SHORT).collect();
    let detail = format!(
        "{name} (tree {tree}) is at {short}, and no record accepts that: the hook was off, or somebody \
         moved the ref on the server"
    );
    let help = format!(
        "see what came in, and when: treewarden audit show {}; {} reflog show {}",
        quoted_path(subject.repo.git_dir()),
        subject.git(),
        super::words::quoted(name.as_ref().as_ref()),
    );
    Entry::warn(Check::Refs, detail, help)
}

/// The refs whose pushes are judged, what they hold, and their trees.
fn governed(subject: &Subject<'_>, policy: &Policy) -> Result<Vec<(RefName, Oid, String)>, Error> {
    let patterns = policy.trees.iter().flat_map(|tree| &tree.refs);
    let prefixes: BTreeSet<Vec<u8>> = patterns
        .map(|pattern| pattern.prefix().as_bytes().to_vec())
        .collect();
    let refs = subject.repo.refs(&prefixes, &budget())?;
    let judged = refs.iter().filter_map(|(name, found)| {
        let tree = policy.tree_of(name)?;
        // What a symbolic one stands for is asked about by its own name.
        let is_judged = tree.enforce != Enforce::Off && found.target.is_none();
        is_judged.then(|| (name.clone(), found.value, tree.name.clone()))
    });
    Ok(judged.collect())
}

/// The value of the last push that landed, and those that were accepted since: one of these may have
/// landed without a word, where post-receive is not there.
fn recorded(place: &Place) -> Result<Values, Error> {
    let mut recorded = Values::new();
    let files = match place.folder().exists() {
        true => segments(place)?,
        false => Vec::new(),
    };
    entries(&files, |entry| {
        let Some(record) = &entry.value else {
            return Ok(());
        };
        let member = |name: &str| record.get(name).and_then(Value::as_str);
        let has_landed = member("kind") == Some("landed");
        let is_accepted = member("decision") == Some("accept");
        // What landed and was not judged is what is looked for.
        let counts = is_accepted || (has_landed && member("judged").is_some());
        if !has_landed && !counts {
            return Ok(());
        }
        let updates = record.get("updates").and_then(Value::as_array);
        for update in updates.into_iter().flatten() {
            let values = recorded.entry(key(update)).or_default();
            if has_landed {
                values.clear();
            }
            let new = update.get("new").and_then(Value::as_str);
            values.extend(new.filter(|_| counts).map(str::to_owned));
        }
        Ok(())
    })?;
    Ok(recorded)
}

/// A ref by its name, as it stands in a record.
fn key(update: &Value) -> Vec<u8> {
    let member = |name: &str| update.get(name).cloned().unwrap_or_default();
    json!([member("ref"), member("ref_hex")])
        .to_string()
        .into_bytes()
}
