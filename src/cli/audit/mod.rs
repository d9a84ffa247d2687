//! `treewarden audit`: the audit log. One file a subcommand.

mod export;
mod rotate;
mod show;
mod time;
mod verify;

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::repository_at;
use crate::ambient::Ambient;
use crate::audit::{self, Entry, Filter, Place, entries, ordered, segments};
use crate::error::{Error, Exit};

/// Read the audit log, and see whether it is as it was written
#[derive(Debug, Args)]
pub struct AuditCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Export(export::Export),
    Rotate(rotate::Rotate),
    Show(show::Show),
    Verify(verify::Verify),
}

impl AuditCommand {
    pub(super) fn run(&self, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<Exit> {
        let mut out = std::io::BufWriter::new(stdout);
        let exit = match &self.command {
            Command::Export(command) => command.run(ambient, &mut out),
            Command::Rotate(command) => command.run(ambient, &mut out),
            Command::Show(command) => command.run(ambient, &mut out),
            Command::Verify(command) => command.run(ambient, &mut out),
        }?;
        out.flush()?;
        Ok(exit)
    }
}

/// Which log.
#[derive(Debug, Args)]
struct Subject {
    /// A repository, or files of a log [default: the repository around the current folder]
    #[arg(value_name = "REPO|FILE")]
    places: Vec<PathBuf>,
}

/// The files of a log, in order.
struct Found {
    files: Vec<PathBuf>,
    /// Where it is written to, if a repository was named.
    place: Option<Place>,
}

impl Subject {
    fn find(&self, ambient: &Ambient) -> Result<Found, Error> {
        match self.places.as_slice() {
            [] => repository(None, ambient),
            [one] if one.is_dir() => repository(Some(one), ambient),
            files => Ok(Found {
                files: ordered(files.to_vec())?,
                place: None,
            }),
        }
    }
}

fn repository(path: Option<&PathBuf>, ambient: &Ambient) -> Result<Found, Error> {
    let place = place(path, ambient)?;
    Ok(Found {
        // Nothing was pushed yet where there is no folder.
        files: match place.folder().exists() {
            true => segments(&place)?,
            false => Vec::new(),
        },
        place: Some(place),
    })
}

/// Where the repository's log is; an error if it has none.
fn place(path: Option<&PathBuf>, ambient: &Ambient) -> Result<Place, Error> {
    let repo = repository_at(path.map(PathBuf::as_path), ambient)?;
    Place::of(&repo)?.ok_or_else(|| {
        let (key, off) = (audit::KEY, audit::OFF);
        Error::Usage(format!(
            "this repository has no audit log: {key} is `{off}`"
        ))
    })
}

/// Which records.
#[derive(Debug, Args)]
struct Which {
    /// Only what concerns this tree
    #[arg(long, value_name = "NAME")]
    tree: Option<String>,
    /// Only what this pusher did: a name, or the number of a user
    #[arg(long, value_name = "NAME")]
    pusher: Option<String>,
    /// Only where an override of this signer's lifted something
    #[arg(long, value_name = "NAME")]
    signer: Option<String>,
    /// Only what came to this decision
    #[arg(long, value_name = "DECISION")]
    decision: Option<Decision>,
    /// Only what is not older: a time, a day, or how long ago, such as `2h` or `7d`
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only what is not newer; a day is meant whole
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// What a push came to.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Decision {
    /// It was accepted.
    Accept,
    /// It was refused.
    Reject,
    /// It could not be judged, and was refused.
    Error,
}

impl Which {
    fn filter(&self, ambient: &Ambient) -> Result<Filter, Error> {
        let time = |text: &Option<String>, end| {
            let text = text.as_deref();
            text.map(|text| time::parse(text, ambient.now, end))
                .transpose()
        };
        Ok(Filter {
            tree: self.tree.clone(),
            pusher: self.pusher.clone(),
            signer: self.signer.clone(),
            decision: self.decision.map(|decision| match decision {
                Decision::Accept => "accept",
                Decision::Reject => "reject",
                Decision::Error => "error",
            }),
            since: time(&self.since, time::End::Begin)?,
            until: time(&self.until, time::End::Last)?,
        })
    }
}

/// Hands over the records that are asked for. A line that is none is told of instead.
fn each(
    found: &Found,
    filter: &Filter,
    out: &mut dyn Write,
    mut show: impl FnMut(&mut dyn Write, &Entry) -> std::io::Result<()>,
) -> Result<(), Error> {
    entries(&found.files, |entry| {
        let is_asked_for = entry
            .value
            .as_ref()
            .is_some_and(|value| filter.takes(value));
        match is_asked_for {
            true => show(&mut *out, &entry)
                .map_err(|error| Error::Repository(format!("standard output: {error}"))),
            false => Ok(()),
        }
    })
}
