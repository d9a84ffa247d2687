//! The colours of a report on a terminal, those that compilers have taught people to read.

use std::fmt;

use anstyle::{AnsiColor, Style};

use crate::finding::{Finding, Severity};

/// What each kind of word looks like.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    /// `error`, and that a push is refused.
    pub error: Style,
    /// `warning`.
    pub warning: Style,
    /// `note`, and that a push is accepted.
    pub note: Style,
    /// `help`.
    pub help: Style,
    /// Names of commits.
    pub oid: Style,
}

impl Palette {
    /// No colours: not one escape sequence is written.
    pub const PLAIN: Self = Self {
        error: Style::new(),
        warning: Style::new(),
        note: Style::new(),
        help: Style::new(),
        oid: Style::new(),
    };

    const COLOURS: Self = Self {
        error: AnsiColor::Red.on_default().bold(),
        warning: AnsiColor::Yellow.on_default().bold(),
        note: AnsiColor::Green.on_default().bold(),
        help: AnsiColor::Cyan.on_default().bold(),
        oid: AnsiColor::Yellow.on_default(),
    };

    /// With colours, or without.
    pub fn new(colour: bool) -> Self {
        if colour { Self::COLOURS } else { Self::PLAIN }
    }

    /// How the word for what a finding does looks.
    pub fn weight(&self, finding: &Finding) -> Style {
        match finding.severity {
            _ if finding.is_lifted() => self.note,
            Severity::Deny => self.error,
            Severity::Warn => self.warning,
        }
    }
}

/// A text in a style.
pub struct Painted<T>(pub Style, pub T);

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(style, text) = self;
        write!(out, "{style}{text}{style:#}")
    }
}
