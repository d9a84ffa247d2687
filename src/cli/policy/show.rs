//! `treewarden policy show`: what a policy comes to.

use std::io::Write;

use clap::Args;

use super::Subject;
use crate::ambient::Ambient;
use crate::error::Exit;

/// Print the policy as one file, with the origin of every value
///
/// What it extends is merged in, and defaults are filled in. The comment behind a value says on
/// which line of which file it stands. What is printed is a policy that means the same.
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    subject: Subject,
}

impl Show {
    pub(super) fn run(&self, ambient: &Ambient, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let found = self.subject.find(ambient)?;
        let text = found.written.show(&found.policy, found.named_by);
        out.write_all(text.as_bytes())?;
        Ok(Exit::Accept)
    }
}
