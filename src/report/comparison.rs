//! What a new policy would change, a few lines a push, and the totals.

use std::io::{self, Write};

use super::escape::Shown;
use crate::compare::{Change, Role};
use crate::git::Moved;
use crate::update::{RefName, RefValue};

/// How many pushes of each kind, and how many refs, are listed; the rest are counted.
const MOST_LISTED: usize = 10;
/// How many reasons of a push are listed.
const MOST_REASONS: usize = 3;

/// Lists changes while they are found, and counts them.
#[derive(Debug)]
pub struct Listing {
    /// Entries that are passed over, since their objects are gone.
    pub lost: usize,
    /// Whether there is an old policy to compare with.
    compared: bool,
    accepted: usize,
    refused: usize,
    now_refused: usize,
    now_accepted: usize,
    roles: usize,
    /// Refs that every push to is refused of now.
    closed: usize,
}

impl Listing {
    /// One that has counted nothing yet.
    pub fn new(compared: bool) -> Self {
        Self {
            lost: 0,
            compared,
            accepted: 0,
            refused: 0,
            now_refused: 0,
            now_accepted: 0,
            roles: 0,
            closed: 0,
        }
    }

    /// Returns true if and only if something was accepted and would be refused.
    pub fn refuses_more(&self) -> bool {
        self.now_refused > 0 || self.closed > 0
    }

    /// A ref that is something else to the new policy.
    pub fn role(
        &mut self,
        out: &mut dyn Write,
        name: &RefName,
        before: Role<'_>,
        after: Role<'_>,
    ) -> io::Result<()> {
        self.roles += 1;
        if after.refuses_all() && !before.refuses_all() {
            self.closed += 1;
        }
        if self.roles > MOST_LISTED {
            return Ok(());
        }
        let (name, before, after) = (Shown(name.as_bytes()), before.describe(), after.describe());
        writeln!(out, "{name}: was {before}, would be {after}")
    }

    /// Says how many refs were not listed.
    pub fn end_roles(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.roles.saturating_sub(MOST_LISTED) {
            0 => Ok(()),
            more => writeln!(out, "… and {more} more refs"),
        }
    }

    /// A push.
    pub fn push(
        &mut self,
        out: &mut dyn Write,
        name: &RefName,
        update: Moved,
        change: Change,
    ) -> io::Result<()> {
        let (count, word, reasons) = match change {
            Change::Unknown => {
                self.lost += 1;
                return Ok(());
            }
            Change::Accepted => {
                self.accepted += 1;
                return Ok(());
            }
            Change::Refused(_) if self.compared => {
                self.refused += 1;
                return Ok(());
            }
            Change::Refused(why) => (&mut self.refused, "refused", why),
            Change::NowRefused(why) => (&mut self.now_refused, "now refused", why),
            Change::NowAccepted(why) => (&mut self.now_accepted, "now accepted, was refused", why),
        };
        *count += 1;
        if *count > MOST_LISTED {
            return Ok(());
        }
        let old = match update.old {
            RefValue::Absent => "(created)".into(),
            RefValue::At(old) => old.short(),
        };
        let name = Shown(name.as_bytes());
        writeln!(out, "  {word}: {name} {old}..{}", update.new.short())?;
        for reason in reasons.iter().take(MOST_REASONS) {
            writeln!(out, "    {reason}")?;
        }
        match reasons.len().saturating_sub(MOST_REASONS) {
            0 => Ok(()),
            more => writeln!(out, "    … and {more} more findings"),
        }
    }

    /// Writes how many pushes there are of each kind.
    pub fn write_totals(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.compared {
            writeln!(out, "accepted by both: {}", self.accepted)?;
            writeln!(out, "refused by both:  {}", self.refused)?;
            writeln!(out, "now refused:      {}", self.now_refused)?;
            writeln!(out, "now accepted:     {}", self.now_accepted)?;
        } else {
            writeln!(out, "accepted: {}", self.accepted)?;
            writeln!(out, "refused:  {}", self.refused)?;
        }
        if self.lost > 0 {
            writeln!(out, "passed over:      {}", self.lost)?;
        }
        if self.closed > 0 {
            writeln!(
                out,
                "refs that no push would reach any more: {}",
                self.closed
            )?;
        }
        Ok(())
    }
}
