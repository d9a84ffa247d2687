//! `[[signer]]` and `[override]`: who may lift what, and on which terms.

use globset::{Glob, GlobMatcher};
use jiff::{SignedDuration, Span, SpanRelativeTo};

use super::compile::unique_name;
use super::fields::{Fields, OVERRIDE_KEYS, SIGNER_KEYS};
use super::place::did_you_mean;
use super::{Place, Tree};
use crate::finding::{Code, Lifting};
use crate::overrides::key::KeyName;
use crate::overrides::ref_name::is_signer;
use crate::report::escape::Shown;

/// How far ahead an override may end where the policy doesn't say.
const MAX_LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A person whose signature lifts findings.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The name, which stands in the names of their overrides.
    pub name: String,
    /// Their keys, each with its line.
    pub keys: Vec<(KeyName, Place)>,
    /// The rules that they may lift.
    pub may_override: Vec<Code>,
    /// The trees on which they may.
    pub trees: TreeNames,
    /// The addresses by which they are a commit's author.
    pub emails: Vec<String>,
    /// The names that the hosting has for them when they push.
    pub accounts: Vec<String>,
    /// Where they are named.
    pub place: Place,
}

/// Names of trees, as patterns.
#[derive(Clone, Debug)]
pub struct TreeNames(Vec<GlobMatcher>);

/// On which terms an override counts.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How many people it takes.
    pub required: u64,
    /// How far ahead its end may be.
    pub max_lifetime: SignedDuration,
    /// True where nobody lifts what is found in a commit of their own.
    pub not_by_author: bool,
    /// True where nobody lifts what is found in a push of their own.
    pub not_by_pusher: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            required: 1,
            max_lifetime: MAX_LIFETIME,
            not_by_author: false,
            not_by_pusher: false,
        }
    }
}

impl TreeNames {
    /// Returns true if and only if one of the patterns matches the tree's name; that of no tree is
    /// matched by `*` alone.
    pub fn holds(&self, tree: Option<&str>) -> bool {
        let mut patterns = self.0.iter();
        match tree {
            Some(tree) => patterns.any(|pattern| pattern.is_match(tree)),
            None => patterns.any(|pattern| pattern.glob().glob() == "*"),
        }
    }
}

/// All signers, in order.
pub(super) fn signers(policy: &mut Fields<'_, '_>, trees: &[Tree]) -> Vec<Signer> {
    let mut signers: Vec<Signer> = Vec::new();
    for node in policy.array("signer") {
        let Some(mut fields) = Fields::of(node, SIGNER_KEYS, policy.faults()) else {
            continue;
        };
        let taken = signers.iter().map(|signer| signer.name.as_str());
        let Some(name) = unique_name(&mut fields, taken) else {
            continue;
        };
        if !is_signer(&name) {
            let place = fields.place_of("name");
            fields.fault(
                &place,
                "a signer's name stands in the name of a ref: letters, digits and `.`, `_`, `+`, `-`",
            );
        }
        let keys = keys(&mut fields, &signers);
        signers.push(Signer {
            name,
            keys,
            may_override: may_override(&mut fields),
            trees: tree_names(&mut fields, trees),
            emails: texts(&mut fields, "emails"),
            accounts: texts(&mut fields, "accounts"),
            place: fields.place.clone(),
        });
    }
    signers
}

fn texts(fields: &mut Fields<'_, '_>, key: &str) -> Vec<String> {
    let texts = fields.texts(key).into_iter();
    texts.map(|(text, _)| text.to_owned()).collect()
}

/// One key at least; one that two people have would make two of one.
fn keys(fields: &mut Fields<'_, '_>, before: &[Signer]) -> Vec<(KeyName, Place)> {
    let mut keys: Vec<(KeyName, Place)> = Vec::new();
    for (text, place) in fields.texts("keys") {
        let key = match KeyName::parse(text) {
            Ok(key) => key,
            Err(fault) => {
                fields.fault(place, fault);
                continue;
            }
        };
        let known = |keys: &[(KeyName, Place)]| keys.iter().any(|(other, _)| *other == key);
        if let Some(other) = before.iter().find(|signer| known(&signer.keys)) {
            let name = &other.name;
            fields.fault(place, format!("this key is that of `{name}` already"));
        } else if known(&keys) {
            fields.fault(place, "this key stands here twice");
        }
        keys.push((key, place.clone()));
    }
    if keys.is_empty() {
        needed(fields, "keys", "`openpgp:<fingerprint>` or `ssh:SHA256:…`");
    }
    keys
}

fn may_override(fields: &mut Fields<'_, '_>) -> Vec<Code> {
    let liftable = |code: &Code| code.lifting() != Lifting::Never;
    let known: Vec<&str> = Code::ALL
        .iter()
        .filter(|code| liftable(code))
        .map(|code| code.name())
        .collect();
    let mut codes = Vec::new();
    for (name, place) in fields.texts("may-override") {
        match Code::named(name) {
            Some(code) if liftable(&code) => codes.push(code),
            Some(code) => fields.fault(place, format!("`{code}` can never be lifted")),
            None => {
                let hint = did_you_mean(name, &known);
                fields.fault(place, format!("there is no rule `{name}`{hint}"));
            }
        }
    }
    if fields.node("may-override").is_none() {
        needed(fields, "may-override", "rules such as `denied-path`");
    }
    codes
}

fn tree_names(fields: &mut Fields<'_, '_>, trees: &[Tree]) -> TreeNames {
    let mut patterns = Vec::new();
    for (text, place) in fields.texts("trees") {
        match Glob::new(text) {
            Ok(glob) => {
                let pattern = glob.compile_matcher();
                if text != "*" && !trees.iter().any(|tree| pattern.is_match(&tree.name)) {
                    let known: Vec<&str> = trees.iter().map(|tree| tree.name.as_str()).collect();
                    let hint = did_you_mean(text, &known);
                    fields.fault(place, format!("no [[tree]] is called `{text}`{hint}"));
                }
                patterns.push(pattern);
            }
            Err(error) => fields.fault(place, Shown(error.to_string().as_bytes())),
        }
    }
    if fields.node("trees").is_none() {
        needed(fields, "trees", "names of trees, or `*` for all");
    }
    TreeNames(patterns)
}

fn needed(fields: &mut Fields<'_, '_>, key: &str, what: &str) {
    let place = fields.place_of(key);
    fields.fault(
        &place,
        format!("`{key}` is needed here: an array of {what}"),
    );
}

/// `[override]`, which may be absent.
pub(super) fn terms(policy: &mut Fields<'_, '_>, signers: &[Signer]) -> Terms {
    let default = Terms::default();
    let Some(node) = policy.node("override") else {
        return default;
    };
    let Some(mut fields) = Fields::of(node, OVERRIDE_KEYS, policy.faults()) else {
        return default;
    };
    let terms = Terms {
        required: fields.count("required").unwrap_or(default.required),
        max_lifetime: lifetime(&mut fields).unwrap_or(default.max_lifetime),
        not_by_author: fields.boolean("not-by-author", false),
        not_by_pusher: fields.boolean("not-by-pusher", false),
    };
    if usize::try_from(terms.required).is_ok_and(|required| required > signers.len()) {
        let place = fields.place_of("required");
        let (required, there) = (terms.required, signers.len());
        fields.fault(
            &place,
            format!("{required} people are required, and there are {there} [[signer]]s"),
        );
    }
    for signer in signers {
        let (name, place) = (&signer.name, &signer.place);
        if terms.not_by_author && signer.emails.is_empty() {
            let why = "`not-by-author` knows authors by their addresses";
            fields.fault(place, format!("{why}: `emails` is needed for `{name}`"));
        }
        if terms.not_by_pusher && signer.accounts.is_empty() {
            let why = "`not-by-pusher` knows people by the hosting's names for them";
            fields.fault(place, format!("{why}: `accounts` is needed for `{name}`"));
        }
    }
    terms
}

fn lifetime(fields: &mut Fields<'_, '_>) -> Option<SignedDuration> {
    let text = fields.text("max-lifetime")?;
    let duration = duration(text);
    if duration.is_none() {
        let place = fields.place_of("max-lifetime");
        fields.fault(&place, "`max-lifetime` must be such as \"12h\" or \"7d\"");
    }
    duration
}

/// A length of time such as `12h` or `7d`, longer than nothing; `None` for anything else. A day has
/// 24 hours.
pub fn duration(text: &str) -> Option<SignedDuration> {
    let span: Span = text.parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    duration.is_positive().then_some(duration)
}
