//! A record of the audit log, for people. What it says is others' word: all of it is escaped.

use std::io::{self, Write};

use serde_json::Value;

use super::escape::Shown;
use crate::audit::Entry;

/// How much of an object's name, or of a hash, is shown, in hex digits.
const SHORT: usize = 12;

/// Writes the record: when, what and who in a line, then what it is about.
pub fn write(out: &mut dyn Write, entry: &Entry) -> io::Result<()> {
    let Some(record) = &entry.value else {
        return Ok(());
    };
    let page = Page { record };
    let (time, what, who) = (page.time(), page.what(), page.pusher());
    writeln!(out, "{time}  {what} by {who}  [{}]", short(&entry.hash))?;
    for update in page.list("updates") {
        writeln!(out, "    {}", update_line(update))?;
    }
    page.write_more(out, "updates")?;
    for finding in page.list("findings") {
        writeln!(out, "    {}", finding_line(finding))?;
    }
    page.write_more(out, "findings")?;
    for it in page.list("overrides") {
        writeln!(out, "    {}", override_line(it))?;
    }
    for (member, label) in [("reason", "because"), ("from", "after"), ("until", "until")] {
        if let Some(text) = page.text(member) {
            writeln!(out, "    {label}: {}", shown(text))?;
        }
    }
    for pause in page.list("pauses") {
        let word = |member| shown(text(pause, member).unwrap_or("?"));
        let (tree, until, reason) = (word("tree"), word("until"), word("reason"));
        writeln!(out, "    paused: {tree} until {until}: {reason}")?;
    }
    Ok(())
}

struct Page<'r> {
    record: &'r Value,
}

impl<'r> Page<'r> {
    fn text(&self, member: &str) -> Option<&'r str> {
        text(self.record, member)
    }

    fn time(&self) -> String {
        // To the second: what is finer is in the log.
        let time: String = self.text("time").unwrap_or("-").chars().take(19).collect();
        format!("{}Z", shown(&time))
    }

    fn what(&self) -> String {
        let decision = self.text("decision").map(|decision| match decision {
            "accept" => "accepted",
            "reject" => "refused",
            "error" => "could not judge (refused)",
            other => other,
        });
        let kind = match self.text("kind") {
            Some("paused") if self.record.get("ended") == Some(&Value::Bool(true)) => "pause ended",
            Some(kind) => kind,
            None => "unknown",
        };
        let tree = self.text("tree").map(|tree| format!(" {}", shown(tree)));
        let what = shown(decision.unwrap_or(kind));
        format!("{what}{}", tree.unwrap_or_default())
    }

    fn pusher(&self) -> String {
        let pusher = self.record.get("pusher").unwrap_or(&Value::Null);
        let uid = pusher
            .get("uid")
            .map_or_else(|| "?".into(), Value::to_string);
        match text(pusher, "name") {
            Some(name) => {
                let source = text(pusher, "source").unwrap_or("?");
                format!("{} ({}, user {uid})", shown(name), shown(source))
            }
            None => format!("user {uid}"),
        }
    }

    fn list(&self, member: &str) -> impl Iterator<Item = &'r Value> {
        let list = self.record.get(member).and_then(Value::as_array);
        list.into_iter().flatten()
    }

    /// How many there are beyond those that are listed.
    fn write_more(&self, out: &mut dyn Write, member: &str) -> io::Result<()> {
        let total = self.record.get(format!("{member}_total"));
        let total = total.and_then(Value::as_u64).unwrap_or_default();
        let listed = u64::try_from(self.list(member).count()).unwrap_or(u64::MAX);
        match total.saturating_sub(listed) {
            0 => Ok(()),
            more => writeln!(out, "    … and {more} more {member}"),
        }
    }
}

fn text<'r>(value: &'r Value, member: &str) -> Option<&'r str> {
    value.get(member)?.as_str()
}

fn shown(text: &str) -> String {
    Shown(text.as_bytes()).to_string()
}

fn short(name: &str) -> String {
    shown(&name.chars().take(SHORT).collect::<String>())
}

fn update_line(update: &Value) -> String {
    let name = shown(text(update, "ref").unwrap_or("?"));
    let tree = text(update, "tree").map(|tree| format!(" (tree {})", shown(tree)));
    let value = |member| text(update, member).map_or_else(|| "none".into(), short);
    let count = update.get("entering").and_then(Value::as_u64);
    let entering = match count {
        Some(1) => ", 1 commit".into(),
        Some(count) => format!(", {count} commits"),
        None => String::new(),
    };
    let tree = tree.unwrap_or_default();
    format!("{name}{tree} {}..{}{entering}", value("old"), value("new"))
}

fn override_line(it: &Value) -> String {
    let word = |member| shown(text(it, member).unwrap_or("?"));
    let codes = it.get("codes").and_then(Value::as_array);
    let codes = codes.into_iter().flatten().filter_map(Value::as_str);
    let codes: Vec<String> = codes.map(shown).collect();
    format!(
        "{} lifted by {} ({}): {}",
        codes.join(", "),
        word("signer"),
        word("key"),
        word("reason")
    )
}

fn finding_line(finding: &Value) -> String {
    let word = |member| shown(text(finding, member).unwrap_or("?"));
    let commits = finding.get("commits").and_then(Value::as_array);
    let commits = commits.into_iter().flatten().filter_map(Value::as_str);
    let commits: Vec<String> = commits.map(short).collect();
    let whose = match commits.is_empty() {
        true => String::new(),
        false => format!("{} ", commits.join(" ")),
    };
    format!(
        "{}[{}] {whose}{}",
        word("severity"),
        word("code"),
        word("fault")
    )
}
