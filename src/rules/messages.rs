//! `message`: what commit messages must, and must not, hold.

use super::{Broken, Who};
use crate::finding::Code;
use crate::git::{CommitIx, Touched};
use crate::policy::{MessagePart, MessageRule};

/// The rules that a commit's message breaks. Which commits are merges is told by their parents,
/// never by their text.
pub fn broken(rules: &[MessageRule], at: CommitIx, is_merge: bool, message: &[u8]) -> Vec<Broken> {
    rules
        .iter()
        .filter(|rule| rule.merges || !is_merge)
        .filter(|rule| rule.pattern.is_match(part(rule.part, message)) != rule.required)
        .map(|rule| Broken {
            code: Code::MessagePattern,
            who: Who::Commit(at),
            show: Touched::default(),
            fault: format!(
                "has a {} that this tree refuses: {}",
                rule.part.name(),
                rule.reason
            ),
            place: rule.place.clone(),
        })
        .collect()
}

fn part(part: MessagePart, message: &[u8]) -> &[u8] {
    let mut split = message.splitn(2, |byte| *byte == b'\n');
    let subject = split.next().unwrap_or_default();
    match part {
        MessagePart::Subject => subject,
        MessagePart::Body => split.next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Place;

    fn rule(part: MessagePart, pattern: &str, required: bool, merges: bool) -> MessageRule {
        MessageRule {
            part,
            pattern: regex::bytes::Regex::new(pattern).unwrap(),
            required,
            merges,
            reason: "because".into(),
            place: Place::top("p"),
        }
    }

    #[test]
    fn required_and_forbidden_parts() {
        let message = b"bpf: fix it\n\nWIP\n";
        for (rule, is_merge, want) in [
            (rule(MessagePart::Subject, "^bpf:", true, false), false, 0),
            (rule(MessagePart::Subject, "^net:", true, false), false, 1),
            (rule(MessagePart::Subject, "^net:", true, false), true, 0),
            (rule(MessagePart::Subject, "^net:", true, true), true, 1),
            (rule(MessagePart::Body, "WIP", false, false), false, 1),
            (rule(MessagePart::Subject, "WIP", false, false), false, 0),
        ] {
            assert_eq!(broken(&[rule], 0, is_merge, message).len(), want);
        }
    }
}
