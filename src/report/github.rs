//! The report as workflow commands of GitHub Actions: an annotation for each finding and note,
//! and one for the verdict. Every line is a command, so that nothing else in it can be one.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::escape::Shown;
use super::{Report, text, word};
use crate::finding::{Finding, Offence, Offender};

/// Writes the whole report.
pub fn write(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let mut commands = String::new();
    for finding in report.shown() {
        let body = text::body(finding, report.policy)?;
        let title = match &finding.tree {
            Some(tree) => format!("{} ({})", finding.code, Shown(tree.as_bytes())),
            None => finding.code.to_string(),
        };
        let file = first_path(finding);
        command(
            &mut commands,
            level(finding),
            &title,
            file.as_deref().map(Spot::file),
            body.trim_end(),
        );
    }
    let notes = text::left_out(report).into_iter().chain(report.notes());
    for note in notes.chain([text::verdict(report)]) {
        command(&mut commands, "notice", "treewarden", None, &note);
    }
    out.write_all(commands.as_bytes())
}

/// The command for a finding; one that somebody lifted is news, and no more.
fn level(finding: &Finding) -> &'static str {
    match finding.is_lifted() {
        true => "notice",
        false => word(finding),
    }
}

/// Where an annotation is put.
pub(super) struct Spot<'f> {
    /// The file.
    pub file: &'f str,
    /// Its line, if one is known.
    pub line: Option<usize>,
}

impl<'f> Spot<'f> {
    fn file(file: &'f str) -> Self {
        Self { file, line: None }
    }
}

/// Adds `::<name> title=…,file=…,line=…::<message>`.
pub(super) fn command(
    out: &mut String,
    name: &str,
    title: &str,
    spot: Option<Spot<'_>>,
    message: &str,
) {
    let title = property(title);
    let spot = spot.map_or_else(String::new, |spot| {
        let line = spot.line.map(|line| format!(",line={line}"));
        format!(",file={}{}", property(spot.file), line.unwrap_or_default())
    });
    // Writing into a `String` can't fail.
    let _ = writeln!(out, "::{name} title={title}{spot}::{}", data(message));
}

/// The path to put the annotation at: the first one, if it can be told as it is.
fn first_path(finding: &Finding) -> Option<Cow<'_, str>> {
    let offence: &Offence = match &finding.offender {
        Offender::Update => return None,
        Offender::Commit(offence) => offence,
        Offender::Unit { commits, .. } => commits.first()?,
    };
    let path = &offence.paths.paths.first()?.path;
    is_plain(path).then(|| String::from_utf8_lossy(path))
}

/// Returns true if and only if nothing in the name has to be escaped: else it would name another
/// file.
pub(super) fn is_plain(path: &[u8]) -> bool {
    Shown(path).to_string().as_bytes() == path
}

/// A command's message, escaped as the runner wants it.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_early() {
        let mut out = String::new();
        command(
            &mut out,
            "error",
            "a,b:c",
            Some(Spot {
                file: "x%,y::z",
                line: Some(7),
            }),
            "100%\r\n::warning::y",
        );
        assert_eq!(
            out,
            "::error title=a%2Cb%3Ac,file=x%25%2Cy%3A%3Az,line=7::100%25%0D%0A::warning::y\n"
        );
    }
}
