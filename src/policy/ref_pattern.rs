//! Ref patterns: `[repository-glob:]ref-glob`, anchored at both ends.

use globset::{Glob, GlobMatcher};

use super::fields::Fields;
use super::pattern;
use super::place::Place;
use crate::update::RefName;

/// An anchored ref glob.
#[derive(Clone, Debug)]
pub struct RefPattern {
    /// The glob, without the repository's part.
    pub text: String,
    /// Where it stands.
    pub place: Place,
    matcher: GlobMatcher,
    folding: GlobMatcher,
}

/// Returns true if and only if one of the patterns matches the name.
pub fn any_matches(patterns: &[RefPattern], name: &RefName) -> bool {
    patterns.iter().any(|pattern| pattern.matches(name))
}

impl RefPattern {
    /// Returns true if and only if the whole name matches.
    pub fn matches(&self, name: &RefName) -> bool {
        let candidate = globset::Candidate::from_bytes(name.as_bytes());
        self.matcher.is_match_candidate(&candidate)
    }

    /// Returns true if and only if the name matches once case is ignored.
    pub fn matches_folded(&self, name: &RefName) -> bool {
        let folded = name.folded();
        let candidate = globset::Candidate::from_bytes(folded.as_bytes());
        self.folding.is_match_candidate(&candidate)
    }

    /// What matches the whole name.
    pub fn glob(&self) -> &Glob {
        self.matcher.glob()
    }

    /// The pattern itself, where it is the name of one ref.
    pub fn literal(&self) -> Option<&str> {
        (self.prefix() == self.text).then_some(self.text.as_str())
    }

    /// What every match begins with, cut back to whole components where wildcards follow.
    pub fn prefix(&self) -> &str {
        match self.text.find(['*', '?', '[', '{', '\\']) {
            None => &self.text,
            Some(end) => {
                let fixed = self.text.get(..end).unwrap_or_default();
                fixed
                    .rfind('/')
                    .map_or("", |slash| fixed.get(..=slash).unwrap_or_default())
            }
        }
    }
}

/// The patterns of `refs` that apply in this repository.
pub(super) fn ref_patterns(
    fields: &mut Fields<'_, '_>,
    repository: Option<&str>,
) -> Vec<RefPattern> {
    let texts = fields.texts("refs");
    if texts.is_empty() {
        let place = fields.place_of("refs");
        fields.fault(&place, "`refs` is needed here: one ref pattern or more");
    }
    let mut patterns = Vec::new();
    for (text, place) in texts {
        match ref_pattern(text, place, repository) {
            Ok(Some(pattern)) => patterns.push(pattern),
            Ok(None) => {}
            Err(message) => fields.fault(place, message),
        }
    }
    patterns
}

fn ref_pattern(
    text: &str,
    place: &Place,
    repository: Option<&str>,
) -> Result<Option<RefPattern>, String> {
    let (wanted, name) = match text.split_once(':') {
        Some((wanted, name)) => (Some(wanted), name),
        None => (None, text),
    };
    if !name.starts_with("refs/") {
        return Err(format!(
            "a ref pattern names the whole ref: write `refs/heads/{name}`"
        ));
    }
    let matcher = pattern::ref_glob(name, false)?.compile_matcher();
    let folding = pattern::ref_glob(&name.to_lowercase(), true)?.compile_matcher();
    let applies = match wanted
        .map(|glob| pattern::ref_glob(glob, false))
        .transpose()?
    {
        None => true,
        Some(glob) => names_us(&glob, text, repository)?,
    };
    Ok(applies.then(|| RefPattern {
        text: name.to_owned(),
        place: place.clone(),
        matcher,
        folding,
    }))
}

/// Returns true if and only if the pattern, as written, counts only in repositories of another
/// name.
pub(super) fn asks_for_another(text: &str, repository: Option<&str>) -> bool {
    let wanted = text.split_once(':').map(|(wanted, _)| wanted);
    let glob = wanted.and_then(|wanted| pattern::ref_glob(wanted, false).ok());
    glob.is_some_and(|glob| names_us(&glob, text, repository) == Ok(false))
}

fn names_us(glob: &Glob, text: &str, repository: Option<&str>) -> Result<bool, String> {
    let us = repository.ok_or_else(|| {
        format!(
            "`{text}` asks for a repository, but nothing says which one this is: set `repository`"
        )
    })?;
    Ok(glob.compile_matcher().is_match(us))
}
