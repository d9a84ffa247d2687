//! What a record holds. Its members are sorted by name, its text is printable ASCII, and what git
//! has as bytes is written as in the JSON of reports: nothing is lost.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::Receipt;
use crate::ambient::Pusher;
use crate::hex::hex;
use crate::report::{ascii, json::bytes};

/// The member `version` of every record. It grows when a member goes or comes to mean something
/// else.
pub const VERSION: u32 = 1;
/// How much of a text from outside is kept, in bytes; what is longer is no name of anybody.
const MOST_TEXT: usize = 1024;

/// A record that isn't in a log yet.
#[derive(Clone, Debug)]
pub struct Record(Map<String, Value>);

/// How a record hangs on the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Its hash; `None` if there is none.
    pub prev: Option<Receipt>,
    /// How many bytes of it there are, where it isn't whole.
    pub truncated: Option<usize>,
}

impl Record {
    /// A record with what every record holds.
    pub fn new(kind: &str, time: Timestamp, pusher: &Pusher) -> Self {
        Self(Map::new()).with(json!({
            "version": VERSION,
            "kind": kind,
            "time": time.to_string(),
            "pusher": self::pusher(pusher),
        }))
    }

    /// The same with the members of the object besides.
    #[must_use]
    pub fn with(mut self, members: Value) -> Self {
        if let Value::Object(members) = members {
            self.0.extend(members);
        }
        self
    }

    /// The line of the log, line feed and all.
    pub(super) fn line(self, before: &Link) -> String {
        let whole = self.with(json!({ "prev": before.prev }));
        let whole = match before.truncated {
            None => whole,
            Some(length) => whole.with(json!({ "truncated": length })),
        };
        let mut line = ascii::line(&Value::Object(whole.0));
        line.push('\n');
        line
    }
}

fn pusher(pusher: &Pusher) -> Value {
    let name = match &pusher.name {
        Some(name) => bytes("name", cut(name)),
        None => json!({ "name": null }),
    };
    let whole = Record(Map::new()).with(name);
    let whole = whole.with(json!({ "source": pusher.source, "uid": pusher.uid }));
    Value::Object(whole.0)
}

/// The beginning of what somebody else wrote.
pub(super) fn cut(text: &[u8]) -> &[u8] {
    text.get(..MOST_TEXT).unwrap_or(text)
}

/// The hash of a line, without its line feed.
pub fn hash(line: &[u8]) -> Receipt {
    hex(&Sha256::digest(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line_of_printable_ascii() {
        let pusher = Pusher {
            name: Some(b"a\n\x1b\xff".to_vec()),
            source: "GL_USER",
            uid: 0,
        };
        let record = Record::new("judged", Timestamp::UNIX_EPOCH, &pusher);
        let line = record.line(&Link {
            prev: Some(hash(b"")),
            truncated: None,
        });
        assert_eq!(
            line,
            "{\"kind\":\"judged\",\"prev\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca49599\
             1b7852b855\",\"pusher\":{\"name\":\"a\\n\\u001b\\ufffd\",\"name_hex\":\"610a1bff\",\
             \"source\":\"GL_USER\",\"uid\":0},\"time\":\"1970-01-01T00:00:00Z\",\"version\":1}\n"
        );
    }
}
