//! Which record judged what has landed. An accepted push need not land: another hook, git itself
//! or a race can still refuse it.

use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use memchr::memmem;
use serde_json::{Value, json};

use super::record::cut;
use super::segments::segments;
use super::{Place, Receipt, Record, failed, hash};
use crate::ambient::{Ambient, Pusher};
use crate::error::Error;
use crate::report::json::{bytes, merged};
use crate::update::{RefUpdate, RefValue};

/// How far back the record is looked for: post-receive comes right after pre-receive.
const REACH: u64 = 1024 * 1024;
/// How many updates are listed.
const MOST_LISTED: usize = 100;

/// The record that accepted what landed.
#[derive(Clone, Debug)]
pub struct Landed {
    hash: Receipt,
    value: Value,
}

impl Landed {
    /// The newest record that accepted these updates, of this pusher if there is one; `None`
    /// where there is none.
    pub fn find(
        place: &Place,
        updates: &[RefUpdate],
        pusher: &Pusher,
    ) -> Result<Option<Self>, Error> {
        let wanted: Vec<(Value, Value, Value)> = updates.iter().map(key).collect();
        let mut other = None;
        // The log can have been rotated in between.
        for file in segments(place)?.iter().rev().take(2) {
            for line in newest(file)
                .map_err(|error| failed(file, &error))?
                .rsplit(|it| *it == b'\n')
            {
                let Some(value) = accepts(line, &wanted) else {
                    continue;
                };
                let is_same = value.pointer("/pusher/uid") == Some(&json!(pusher.uid));
                let found = Self {
                    hash: hash(line),
                    value,
                };
                match is_same && found.is_of(pusher) {
                    true => return Ok(Some(found)),
                    false => other = other.or(Some(found)),
                }
            }
        }
        Ok(other)
    }

    fn is_of(&self, pusher: &Pusher) -> bool {
        let name = pusher.name.as_deref().map(cut).map(String::from_utf8_lossy);
        self.value.pointer("/pusher/name") == Some(&json!(name))
    }

    /// The tree of an update, as it was judged.
    fn tree(&self, update: &RefUpdate) -> Option<&str> {
        let key = key(update);
        let updates = self.value.get("updates")?.as_array()?;
        let judged = updates.iter().find(|judged| of(judged) == key)?;
        judged.get("tree")?.as_str()
    }
}

/// The record of kind `landed`. `tree_of` knows the trees where no record does.
pub fn landed(
    updates: &[RefUpdate],
    judged: Option<&Landed>,
    tree_of: impl Fn(&RefUpdate) -> Option<String>,
    ambient: &Ambient,
) -> Record {
    let listed = updates.iter().take(MOST_LISTED).map(|update| {
        let tree = match judged {
            Some(judged) => judged.tree(update).map(str::to_owned),
            None => tree_of(update),
        };
        let (_, old, new) = key(update);
        let name = bytes("ref", cut(update.name.as_bytes()));
        merged([name, json!({ "old": old, "new": new, "tree": tree })])
    });
    Record::new("landed", ambient.now, &ambient.pusher).with(json!({
        "updates": listed.collect::<Vec<Value>>(),
        "updates_total": updates.len(),
        "judged": judged.map(|judged| &judged.hash),
    }))
}

/// The last lines of a file; the first of them may be half a line.
fn newest(path: &Path) -> io::Result<Vec<u8>> {
    let file = Place::open_to_read(path)?;
    let length = file.metadata()?.len();
    let from = length.saturating_sub(REACH);
    let mut text = vec![0; usize::try_from(length - from).map_err(io::Error::other)?];
    file.read_exact_at(&mut text, from)?;
    Ok(text)
}

/// The record, if it is one that accepted all of these. Most lines are passed by without a look at
/// what they say: an object's name stands in them as it is, or isn't there.
fn accepts(line: &[u8], wanted: &[(Value, Value, Value)]) -> Option<Value> {
    let names = |(_, old, new): &(Value, Value, Value)| {
        let name = new.as_str().or(old.as_str()).unwrap_or_default();
        memmem::find(line, name.as_bytes()).is_some()
    };
    if !wanted.iter().any(names) {
        return None;
    }
    let value: Value = serde_json::from_slice(line).ok()?;
    if value.get("decision")? != "accept" {
        return None;
    }
    let updates = value.get("updates")?.as_array()?;
    let judged: Vec<_> = updates.iter().map(of).collect();
    let is_cut = value.get("updates_total")?.as_u64()? > u64::try_from(judged.len()).ok()?;
    let mut wanted = wanted.iter();
    let accepts = match is_cut {
        true => wanted.any(|update| judged.contains(update)),
        false => wanted.all(|update| judged.contains(update)),
    };
    accepts.then_some(value)
}

/// What tells one update from another.
fn key(update: &RefUpdate) -> (Value, Value, Value) {
    let value = |value: RefValue| json!(value.oid().map(|oid| oid.to_string()));
    let (old, new) = (update.change.old(), update.change.new_value());
    let name = bytes("ref", cut(update.name.as_bytes()));
    (name, value(old), value(new))
}

/// The same of what a record says.
fn of(judged: &Value) -> (Value, Value, Value) {
    let member = |name: &str| judged.get(name).cloned();
    let raw = member("ref_hex").map(|hex| json!({ "ref_hex": hex }));
    let text = json!({ "ref": member("ref") });
    let name = match raw {
        Some(raw) => merged([text, raw]),
        None => text,
    };
    let value = |name| member(name).unwrap_or_default();
    (name, value("old"), value("new"))
}
