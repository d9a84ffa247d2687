//! `[[case]]`: a commit made up, and what the policy has to find in it.

use super::Tree;
use super::compile::unique_name;
use super::fields::{CASE_KEYS, Fields};
use super::place::{Place, did_you_mean};
use crate::finding::Code;
use crate::update::is_path;

/// The word for a commit in which nothing is found.
const ACCEPT: &str = "accept";

/// A commit that is pushed to a tree by itself.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The tree: an index into `Policy::trees`.
    pub tree: usize,
    /// The paths that it changes; a merge's are what it *adds*.
    pub paths: Vec<String>,
    /// Its message; without one no rule about messages is asked.
    pub message: Option<String>,
    /// Whether it is a merge.
    pub merge: bool,
    /// What has to be found.
    pub expect: Expect,
    /// Where it stands.
    pub place: Place,
}

/// What a case has to come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// No rule finds anything.
    Nothing,
    /// This is found, whatever it weighs.
    Finding(Code),
}

impl Expect {
    /// All that a case can expect: nothing, and what can be found in a commit by itself.
    pub const ALL: &[Self] = &[
        Self::Nothing,
        Self::Finding(Code::DeniedPath),
        Self::Finding(Code::OnlyDeniedPaths),
        Self::Finding(Code::MessagePattern),
    ];

    /// The word in policies and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => ACCEPT,
            Self::Finding(code) => code.name(),
        }
    }
}

/// All cases, in order.
pub(super) fn cases(policy: &mut Fields<'_, '_>, trees: &[Tree]) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for node in policy.array("case") {
        let Some(mut fields) = Fields::of(node, CASE_KEYS, policy.faults()) else {
            continue;
        };
        let taken = cases.iter().map(|case| case.name.as_str());
        if let Some(name) = unique_name(&mut fields, taken) {
            cases.extend(case(&mut fields, name, trees));
        }
    }
    cases
}

fn case(fields: &mut Fields<'_, '_>, name: String, trees: &[Tree]) -> Option<Case> {
    let tree = case_tree(fields, trees);
    let paths = case_paths(fields);
    let message = fields.text("message").map(str::to_owned);
    if paths.is_empty() && message.is_none() {
        let place = fields.place.clone();
        fields.fault(&place, "a case has `paths`, a `message`, or both");
    }
    Some(Case {
        name,
        paths,
        message,
        merge: fields.boolean("merge", false),
        expect: expected(fields)?,
        tree: tree?,
        place: fields.place.clone(),
    })
}

fn case_tree(fields: &mut Fields<'_, '_>, trees: &[Tree]) -> Option<usize> {
    let name = fields.needed_text("tree")?;
    let found = trees.iter().position(|tree| tree.name == name);
    if found.is_none() {
        let known: Vec<&str> = trees.iter().map(|tree| tree.name.as_str()).collect();
        let hint = did_you_mean(name, &known);
        let place = fields.place_of("tree");
        fields.fault(&place, format!("no [[tree]] is called `{name}`{hint}"));
    }
    found
}

fn case_paths(fields: &mut Fields<'_, '_>) -> Vec<String> {
    let mut paths = Vec::new();
    for (path, place) in fields.texts("paths") {
        if !is_path(path.as_bytes()) {
            fields.fault(
                place,
                format!("no commit has a file at `{path}`: write `folder/name`"),
            );
        }
        paths.push(path.to_owned());
    }
    paths
}

fn expected(fields: &mut Fields<'_, '_>) -> Option<Expect> {
    let text = fields.needed_text("expect")?;
    let known = Expect::ALL.iter().copied();
    if let Some(expect) = known.clone().find(|expect| expect.name() == text) {
        return Some(expect);
    }
    let words: Vec<&str> = known.map(Expect::name).collect();
    let why = match Code::named(text) {
        Some(_) => ", which is not found in a commit by itself".to_owned(),
        None => did_you_mean(text, &words),
    };
    let place = fields.place_of("expect");
    let words = words.join("` or `");
    fields.fault(
        &place,
        format!("`expect` must be `{words}`, not `{text}`{why}"),
    );
    None
}
