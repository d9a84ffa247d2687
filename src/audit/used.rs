//! Which overrides were of use already, by the log's word.

use super::lines::entries;
use super::segments::segments;
use super::{Entry, Place};
use crate::error::Error;
use crate::report::json::bytes;
use crate::update::RefName;

/// Returns true if and only if the override lifted something in a push that was accepted. All of the
/// log is read for it.
pub fn has_lifted(place: &Place, name: &RefName) -> Result<bool, Error> {
    if !place.folder().exists() {
        return Ok(false);
    }
    let mut found = false;
    entries(&segments(place)?, |entry| {
        found |= entry.text("decision") == Some("accept") && is_used_in(&entry, name);
        Ok(())
    })?;
    Ok(found)
}

fn is_used_in(entry: &Entry, name: &RefName) -> bool {
    let name = bytes("override", name.as_bytes());
    let used = entry.value.as_ref().and_then(|it| it.get("overrides"));
    let used = used.and_then(|it| it.as_array()).into_iter().flatten();
    let mut used = used.filter_map(|it| it.as_object());
    let members = name.as_object();
    used.any(|it| {
        members.is_some_and(|all| all.iter().all(|(key, value)| it.get(key) == Some(value)))
    })
}
