//! Which records are asked for.

use jiff::Timestamp;
use serde_json::Value;

/// What a record must have. What isn't asked for takes any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// It is about this tree.
    pub tree: Option<String>,
    /// It is by this pusher: the name, or the number of the user.
    pub pusher: Option<String>,
    /// An override of this signer's lifted something in it.
    pub signer: Option<String>,
    /// It came to this decision.
    pub decision: Option<&'static str>,
    /// It is not older.
    pub since: Option<Timestamp>,
    /// It is not newer.
    pub until: Option<Timestamp>,
}

impl Filter {
    /// Returns true if and only if the record has all that is asked for.
    pub fn takes(&self, record: &Value) -> bool {
        let tree = self.tree.as_deref();
        let pusher = self.pusher.as_deref();
        let signer = self.signer.as_deref();
        tree.is_none_or(|tree| is_about(record, tree))
            && pusher.is_none_or(|pusher| is_by(record, pusher))
            && signer.is_none_or(|signer| is_signed_by(record, signer))
            && self
                .decision
                .is_none_or(|it| text(record, "/decision") == Some(it))
            && self.is_in_time(record)
    }

    fn is_in_time(&self, record: &Value) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        let time = text(record, "/time").and_then(|time| time.parse::<Timestamp>().ok());
        time.is_some_and(|time| {
            self.since.is_none_or(|since| since <= time)
                && self.until.is_none_or(|until| time <= until)
        })
    }
}

fn text<'r>(record: &'r Value, pointer: &str) -> Option<&'r str> {
    record.pointer(pointer)?.as_str()
}

fn is_about(record: &Value, tree: &str) -> bool {
    let lists = ["updates", "findings"].map(|name| record.get(name).and_then(Value::as_array));
    let mut parts = lists.into_iter().flatten().flatten();
    text(record, "/tree") == Some(tree) || parts.any(|part| text(part, "/tree") == Some(tree))
}

fn is_signed_by(record: &Value, signer: &str) -> bool {
    let overrides = record.get("overrides").and_then(Value::as_array);
    let mut overrides = overrides.into_iter().flatten();
    overrides.any(|it| text(it, "/signer") == Some(signer))
}

fn is_by(record: &Value, pusher: &str) -> bool {
    let uid = record.pointer("/pusher/uid").and_then(Value::as_u64);
    let is_number = || uid.is_some_and(|uid| uid.to_string() == pusher);
    text(record, "/pusher/name") == Some(pusher) || is_number()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_that_is_asked_for_must_be_there() {
        let record = json!({
            "time": "2026-01-02T00:00:00Z", "decision": "reject",
            "pusher": { "name": "alice", "uid": 7 },
            "updates": [{ "tree": null }, { "tree": "net" }],
            "overrides": [{ "signer": "carol" }],
        });
        let time = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let any = Filter::default();
        assert!(any.takes(&record));
        let tree = |name: &str| Filter {
            tree: Some(name.into()),
            ..any.clone()
        };
        assert!(tree("net").takes(&record) && !tree("master").takes(&record));
        let by = |name: &str| Filter {
            pusher: Some(name.into()),
            ..any.clone()
        };
        assert!(by("alice").takes(&record) && by("7").takes(&record));
        assert!(!by("bob").takes(&record));
        let signed = |name: &str| Filter {
            signer: Some(name.into()),
            ..any.clone()
        };
        assert!(signed("carol").takes(&record) && !signed("alice").takes(&record));
        let decided = |word| Filter {
            decision: Some(word),
            ..any.clone()
        };
        assert!(decided("reject").takes(&record) && !decided("accept").takes(&record));
        let since = Filter {
            since: time("2026-01-02T00:00:00Z"),
            ..any.clone()
        };
        let until = Filter {
            until: time("2026-01-01T23:59:59Z"),
            ..any.clone()
        };
        assert!(since.takes(&record) && !until.takes(&record));
    }
}
