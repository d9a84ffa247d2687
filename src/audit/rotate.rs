//! A new file for the records to come, chained to the one that it takes the place of.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use super::append::append_locked;
use super::lock::Lock;
use super::{Place, Receipt, Record, failed};
use crate::ambient::Ambient;
use crate::error::Error;

/// Where the old records are now, and the hash of the first new one; `None` where there were no
/// records.
pub fn rotate(place: &Place, ambient: &Ambient) -> Result<Option<(PathBuf, Receipt)>, Error> {
    let _lock = Lock::take(place)?;
    let log = place.log();
    let found = match log.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| failed(log, &error))?,
    };
    if found.is_file() && found.len() == 0 {
        return Ok(None);
    }
    // One that is not whole is ended before it is moved away.
    let closing = Record::new("rotating", ambient.now, &ambient.pusher);
    append_locked(place, closing)?;
    let old = free(place, ambient);
    fs::rename(log, &old).map_err(|error| failed(&old, &error))?;
    let name = old.file_name().unwrap_or_default().to_string_lossy();
    let first = Record::new("rotated", ambient.now, &ambient.pusher).with(json!({ "from": name }));
    let receipt = append_locked(place, first)?;
    Ok(Some((old, receipt)))
}

/// A name that nothing has.
fn free(place: &Place, ambient: &Ambient) -> PathBuf {
    let stamp = ambient.now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let names = (2..).map(|count: u32| format!("{stamp}-{count}"));
    let mut paths = std::iter::once(stamp.clone())
        .chain(names)
        .map(|stamp| place.rotated(&stamp));
    let is_free = |path: &PathBuf| path.symlink_metadata().is_err();
    paths.find(is_free).unwrap_or_else(|| place.rotated(&stamp))
}
