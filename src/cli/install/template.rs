//! `--template`: a folder that `git init` copies into the repositories that it makes.

use std::io::Write;
use std::path::Path;

use super::{Install, load, programs};
use crate::ambient::Ambient;
use crate::audit::Place;
use crate::cli::account::{quoted, shown, write_hooks, write_line, write_policy, write_trees};
use crate::cli::place;
use crate::error::Error;
use crate::install::Key;
use crate::policy::Source;

impl Install {
    pub(super) fn template(
        &self,
        folder: &Path,
        ambient: &Ambient,
        stdout: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let given = self.given_source()?;
        let (folder, site) = place::template(folder)?;
        let mut prepared = site.prepare(&programs(site.hooks)?, &ambient.git)?;
        prepared.make_audit_folder(Place::of_template(&folder))?;
        let configured = prepared.config().all(Key::Policy.full())?.pop();
        let source = given
            .clone()
            .or(configured.map(|text| Source::parse(&text, &folder)))
            .ok_or_else(|| {
                Error::Usage("a template needs a policy: say which with --policy".into())
            })?;
        let policy = load(&source, None)?;
        if given.is_some() {
            prepared.set(Key::Policy, &source.to_string())?;
        }
        write_line(stdout, "template", &shown(&folder))?;
        write_hooks(stdout, &prepared.commit(|| Ok(()))?)?;
        write_policy(stdout, &source, &policy)?;
        write_trees(stdout, &policy)?;
        let next = format!("git config --system init.templateDir {}", quoted(&folder));
        write_line(stdout, "next", &next)?;
        Ok(())
    }
}
