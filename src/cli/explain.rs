//! `treewarden explain`: why the policy sees things as it does.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;

use clap::Args;

use super::{policy, repository};
use crate::ambient::Ambient;
use crate::error::Exit;
use crate::policy::Policy;
use crate::report::escape::Shown;

/// Tell the class of paths, and the policy line that gives it
///
/// Prints a line for each path: the class (`none` for none), the path, the pattern and its line,
/// separated by tabs.
#[derive(Debug, Args)]
pub struct Explain {
    /// A path from the top of the tree; it need not exist
    #[arg(long = "path", value_name = "PATH", required = true, num_args = 1..)]
    paths: Vec<OsString>,
    /// `preset:<name>` or a file [default: what the repository's config names]
    #[arg(long, value_name = "POLICY")]
    policy: Option<String>,
}

impl Explain {
    pub(super) fn run(&self, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<Exit> {
        let repo = repository(ambient)?;
        let policy = policy(self.policy.as_deref(), repo.as_ref())?;
        let mut out = std::io::BufWriter::new(stdout);
        for path in &self.paths {
            write_path(&mut out, path.as_bytes(), &policy)?;
        }
        out.flush()?;
        Ok(Exit::Accept)
    }
}

fn write_path(out: &mut dyn Write, path: &[u8], policy: &Policy) -> std::io::Result<()> {
    let matched = policy.classifier.find(path);
    let class = policy.class_name(matched.map(|found| found.class));
    write!(out, "{class}\t{}", Shown(path))?;
    if let Some(pattern) = matched.and_then(|found| policy.pattern(found)) {
        write!(out, "\t{}\t{}", pattern.text, pattern.place)?;
    }
    writeln!(out)
}
