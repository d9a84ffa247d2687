//! Ref patterns: `[repository-glob:]ref-glob`, anchored at both ends.

use globset::Glob;

use super::fields::Fields;
use super::pattern;
use super::place::Place;
use super::ref_glob::RefGlob;
use crate::overrides::ref_name::is_override_somewhere;
use crate::update::RefName;

/// An anchored ref glob.
#[derive(Clone, Debug)]
pub struct RefPattern {
    /// The glob, without the repository's part.
    pub text: String,
    /// Where it stands.
    pub place: Place,
    glob: RefGlob,
    folding: RefGlob,
}

/// Returns true if and only if one of the patterns matches the name.
pub fn any_matches(patterns: &[RefPattern], name: &RefName) -> bool {
    patterns.iter().any(|pattern| pattern.matches(name))
}

impl RefPattern {
    /// Returns true if and only if the whole name matches. No pattern matches an override: what
    /// one points at would count as accepted, with all that it contains.
    pub fn matches(&self, name: &RefName) -> bool {
        self.glob.matches(name.as_bytes()) && !is_override_somewhere(name)
    }

    /// Returns true if and only if the name matches once case is ignored.
    pub fn matches_folded(&self, name: &RefName) -> bool {
        self.folding.matches(name.folded().as_bytes()) && !is_override_somewhere(name)
    }

    /// The glob, as globset reads it.
    pub fn glob(&self) -> Result<Glob, String> {
        pattern::ref_glob(&self.text, false)
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
    let glob = RefGlob::new(name)?;
    let folding = RefGlob::folding(&name.to_lowercase())?;
    let applies = match wanted.map(RefGlob::new).transpose()? {
        None => true,
        Some(glob) => names_us(&glob, text, repository)?,
    };
    Ok(applies.then(|| RefPattern {
        text: name.to_owned(),
        place: place.clone(),
        glob,
        folding,
    }))
}

/// Returns true if and only if the pattern, as written, counts only in repositories of another
/// name.
pub(super) fn asks_for_another(text: &str, repository: Option<&str>) -> bool {
    let wanted = text.split_once(':').map(|(wanted, _)| wanted);
    let glob = wanted.and_then(|wanted| RefGlob::new(wanted).ok());
    glob.is_some_and(|glob| names_us(&glob, text, repository) == Ok(false))
}

fn names_us(glob: &RefGlob, text: &str, repository: Option<&str>) -> Result<bool, String> {
    let us = repository.ok_or_else(|| {
        format!(
            "`{text}` asks for a repository, but nothing says which one this is: set `repository`"
        )
    })?;
    Ok(glob.matches(us.as_bytes()))
}
