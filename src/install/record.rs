//! What install did, written into the config that it changed: `treewarden.installed`. So
//! uninstall takes back that, and nothing that somebody else set.

use super::hook_file::Hook;
use crate::error::Error;
use crate::git::ConfigFile;

/// The key with a value for each thing that was done: a word, such as `pre-receive`, and what
/// belongs to it.
pub const INSTALLED: &str = "treewarden.installed";

/// How a section for our keys begins, and the whole of one that git made and emptied.
const HEADER: &[u8] = b"[treewarden]";
const EMPTY: &[u8] = b"[treewarden]\n";

/// A key that install sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// `treewarden.policy`.
    Policy,
    /// `treewarden.repository`.
    Repository,
}

impl Key {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Policy, Self::Repository];

    /// The key in a config file.
    pub fn full(self) -> &'static str {
        match self {
            Self::Policy => "treewarden.policy",
            Self::Repository => "treewarden.repository",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Repository => "repository",
        }
    }

    fn value_word(self) -> &'static str {
        match self {
            Self::Policy => "set-policy",
            Self::Repository => "set-repository",
        }
    }
}

/// One thing that was done, as a value of [`INSTALLED`]: a word, and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// `pre-receive`, `pre-push`: the hook was installed.
    Hook(Hook),
    /// `folders 2`: so many folders were made for it.
    Folders(usize),
    /// `audit`: the folder of the audit log was made.
    Audit,
    /// `config`: the config file was made.
    Config,
    /// `section`: nothing, for there was a section for our keys before.
    Section,
    /// `newline`: the last line of the file was ended.
    Newline,
    /// `policy`, `policy <before>`: the key was set, in the place of this value.
    Key(Key, Option<String>),
    /// `set-policy <value>`: the key was last set to this.
    Value(Key, String),
}

impl Deed {
    fn text(&self) -> String {
        match self {
            Self::Hook(hook) => hook.name().to_owned(),
            Self::Folders(count) => format!("folders {count}"),
            Self::Audit => "audit".into(),
            Self::Config => "config".into(),
            Self::Section => "section".into(),
            Self::Newline => "newline".into(),
            Self::Key(key, None) => key.word().to_owned(),
            Self::Key(key, Some(before)) => format!("{} {before}", key.word()),
            Self::Value(key, value) => format!("{} {value}", key.value_word()),
        }
    }

    /// `None` for a later version's.
    fn parse(text: &str) -> Option<Self> {
        let (word, rest) = match text.split_once(' ') {
            Some((word, rest)) => (word, Some(rest)),
            None => (text, None),
        };
        let hook = || Hook::ALL.into_iter().find(|hook| hook.name() == word);
        let key = || Key::ALL.into_iter().find(|key| key.word() == word);
        let set = Key::ALL.into_iter().find(|key| key.value_word() == word);
        match (word, rest) {
            ("audit", None) => Some(Self::Audit),
            ("config", None) => Some(Self::Config),
            ("section", None) => Some(Self::Section),
            ("newline", None) => Some(Self::Newline),
            ("folders", Some(count)) => Some(Self::Folders(count.parse().ok()?)),
            (_, None) if hook().is_some() => hook().map(Self::Hook),
            (_, value) if set.is_some() => Some(Self::Value(set?, value?.to_owned())),
            (_, before) => Some(Self::Key(key()?, before.map(str::to_owned))),
        }
    }

    /// Returns true if and only if both say the same, whatever was before.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Key(one, _), Self::Key(other, _)) => one == other,
            (Self::Folders(_), Self::Folders(_)) => true,
            _ => self == other,
        }
    }
}

/// What the config says was done.
pub fn deeds(config: &ConfigFile) -> Result<Vec<Deed>, Error> {
    let values = config.all(INSTALLED)?;
    Ok(values.iter().filter_map(|text| Deed::parse(text)).collect())
}

/// Notes a deed. What was done before it is what the first install says.
pub fn note(config: &ConfigFile, deed: &Deed) -> Result<(), Error> {
    match deeds(config)?.iter().any(|known| known.is_like(deed)) {
        true => Ok(()),
        false => config.add(INSTALLED, &deed.text()),
    }
}

/// Notes the shape of the config, to which git's own commands don't lead back.
pub fn note_shape(config: &ConfigFile) -> Result<(), Error> {
    let before = config.before();
    if config.all(INSTALLED)?.is_empty() {
        if header(before).is_some() {
            note(config, &Deed::Section)?;
        }
        if before.last().is_some_and(|byte| *byte != b'\n') {
            note(config, &Deed::Newline)?;
        }
    }
    Ok(())
}

/// The position of the line that begins our section.
fn header(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    text.split_inclusive(|byte| *byte == b'\n')
        .find_map(|line| {
            let start = at;
            at += line.len();
            line.to_ascii_lowercase()
                .starts_with(HEADER)
                .then_some(start)
        })
}

/// Notes the keys that are set as install's doing.
pub fn adopt(config: &ConfigFile) -> Result<(), Error> {
    for key in Key::ALL {
        if !config.all(key.full())?.is_empty() {
            note(config, &Deed::Key(key, None))?;
            note_values(config, key)?;
        }
    }
    Ok(())
}

/// Sets a key. Where it has the value by somebody else's doing, it stays theirs.
pub fn set(config: &ConfigFile, key: Key, value: &str) -> Result<(), Error> {
    let before = config.all(key.full())?.pop();
    let deed = Deed::Key(key, before.clone());
    let is_ours = deeds(config)?.iter().any(|known| known.is_like(&deed));
    if !is_ours && before.as_deref() == Some(value) {
        return Ok(());
    }
    note(config, &deed)?;
    config.set(key.full(), value)?;
    note_values(config, key)
}

/// Notes the value that the key has, in the place of an earlier one.
fn note_values(config: &ConfigFile, key: Key) -> Result<(), Error> {
    let now = config.all(key.full())?.pop();
    let now = now.map(|value| Deed::Value(key, value));
    let known = deeds(config)?;
    if now.as_ref().is_some_and(|now| known.contains(now)) {
        return Ok(());
    }
    for earlier in known {
        if matches!(earlier, Deed::Value(of, _) if of == key) {
            config.unset_value(INSTALLED, &earlier.text())?;
        }
    }
    match now {
        Some(now) => config.add(INSTALLED, &now.text()),
        None => Ok(()),
    }
}

/// Takes back what was noted of the config, and the notes. Answers with the keys that somebody
/// set since, which are left.
pub fn take_back(config: &ConfigFile, deeds: &[Deed]) -> Result<Vec<Key>, Error> {
    let mut left = Vec::new();
    if deeds.is_empty() {
        return Ok(left);
    }
    for deed in deeds {
        match deed {
            Deed::Key(key, _) if !is_as_set(config, deeds, *key)? => left.push(*key),
            Deed::Key(key, Some(value)) => config.set(key.full(), value)?,
            Deed::Key(key, None) => config.unset(key.full())?,
            Deed::Value(..)
            | Deed::Hook(_)
            | Deed::Folders(_)
            | Deed::Audit
            | Deed::Config
            | Deed::Section
            | Deed::Newline => {}
        }
    }
    config.unset(INSTALLED)?;
    config.rewrite(|text| take_shape_back(text, deeds))?;
    Ok(left)
}

/// Returns true if and only if the key is as install left it, as far as that was noted.
fn is_as_set(config: &ConfigFile, deeds: &[Deed], key: Key) -> Result<bool, Error> {
    let noted = deeds.iter().find_map(|deed| match deed {
        Deed::Value(of, value) if *of == key => Some(value),
        _ => None,
    });
    let values = config.all(key.full())?;
    Ok(noted.is_none_or(|noted| values == [noted.as_str()]))
}

/// git keeps the line of an empty section below a comment: it could be about that.
fn take_shape_back(text: &mut Vec<u8>, deeds: &[Deed]) {
    if let Some(at) = header(text).filter(|_| !deeds.contains(&Deed::Section)) {
        let rest = text.get(at..).and_then(|rest| rest.strip_prefix(EMPTY));
        if rest.is_some_and(|next| next.is_empty() || next.starts_with(b"[")) {
            text.drain(at..at + EMPTY.len());
        }
    }
    if deeds.contains(&Deed::Newline) && text.ends_with(b"\n") {
        text.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deeds_are_read_as_they_are_written() {
        for deed in [
            Deed::Hook(Hook::PreReceive),
            Deed::Hook(Hook::PostReceive),
            Deed::Hook(Hook::PrePush),
            Deed::Folders(2),
            Deed::Audit,
            Deed::Config,
            Deed::Section,
            Deed::Newline,
            Deed::Key(Key::Policy, None),
            Deed::Key(Key::Repository, Some("a b".into())),
            Deed::Key(Key::Policy, Some(String::new())),
            Deed::Value(Key::Policy, "a b".into()),
            Deed::Value(Key::Repository, String::new()),
        ] {
            assert_eq!(Deed::parse(&deed.text()), Some(deed));
        }
        for unknown in [
            "",
            "later",
            "folders",
            "folders x",
            "config x",
            "set-policy",
        ] {
            assert_eq!(Deed::parse(unknown), None, "{unknown}");
        }
    }
}
