//! `treewarden override sign`: from a refusal to a signed override, and the push again.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::bail;
use clap::Args;
use jiff::Timestamp;

use super::push::Push;
use super::told;
use crate::ambient::Ambient;
use crate::budget::Budget;
use crate::cli::{
    DEFAULT_REMOTE, no_repository, policy_called, range_ends, ref_and_tree, repository,
};
use crate::decision::Decision;
use crate::error::{Error, Exit};
use crate::gate::{self, Supposed};
use crate::git::{Jobs, Repo, SmallTag};
use crate::overrides::ref_name::{OverrideName, is_signer};
use crate::overrides::request::Request;
use crate::overrides::statement::{Statement, What};
use crate::overrides::tag::{LARGEST, OverrideTag};
use crate::overrides::token;
use crate::policy::signer::duration;
use crate::report::escape::Shown;
use crate::update::{Oid, RefName};

/// The key that says who the user is.
const SIGNER_KEY: &str = "treewarden.signer";

/// Sign what lifts a refusal, and push again
///
/// Takes what is to be lifted from the refusal, shows it, and signs it with the key that
/// `git tag -s` uses (`user.signingkey`, `gpg.format`). Then pushes the change and the signature
/// together; the server judges both.
#[derive(Debug, Args)]
#[command(after_help = EXIT_HELP)]
pub struct Sign {
    /// The word that the refusal ends in
    #[arg(required_unless_present = "range", conflicts_with = "range")]
    token: Option<String>,
    /// Work out what is to be lifted from `<old>..<new>` instead, by this repository's policy
    #[arg(long, value_name = "RANGE", requires = "ref_name")]
    range: Option<String>,
    /// With --range: the ref that is pushed to, such as `master` or `refs/heads/master`
    #[arg(long = "ref", value_name = "REF", requires = "range")]
    ref_name: Option<String>,
    /// With --range: `preset:<name>` or a file [default: what the repository's config names]
    #[arg(long, value_name = "POLICY", requires = "range")]
    policy: Option<String>,
    /// Why, in a line [default: it is asked for]
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
    /// How long it counts, such as `2h` or `3d`
    #[arg(long, value_name = "TIME", default_value = "1d")]
    expires: String,
    /// Your name in the policy [default: treewarden.signer, or the only one who may]
    #[arg(long = "as", value_name = "SIGNER")]
    signer: Option<String>,
    /// The remote to push to
    #[arg(long, value_name = "NAME", default_value = DEFAULT_REMOTE)]
    remote: String,
    /// Push the signature alone, for somebody else's push
    #[arg(long)]
    approve: bool,
    /// Push nothing: leave the signature in this repository, for another who signs as well
    #[arg(long, conflicts_with = "approve")]
    no_push: bool,
}

const EXIT_HELP: &str = "Exit status: 0 signed, and pushed, 1 if the push was refused, 2 usage, \
3 policy, 4 repository, or nothing could be signed, 70 internal";

/// An override that was signed.
pub(super) struct Signed {
    /// Where it belongs.
    pub ref_name: RefName,
    /// Its tag.
    pub tag: Oid,
}

impl Sign {
    pub(super) fn run(&self, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<Exit> {
        let repo = repository(ambient)?.ok_or_else(no_repository)?;
        let requests = self.requests(&repo)?;
        self.check(&requests, &repo)?;
        let expires = self.end(ambient.now)?;
        let name = self.signer(&requests, &repo)?;
        for request in &requests {
            told::show(request, &repo, stdout)?;
            if !self.approve && !self.no_push {
                told::show_push(request, &repo, stdout)?;
            }
        }
        writeln!(
            stdout,
            "to be signed by {name}, and to count until {expires}"
        )?;
        stdout.flush()?;
        let reason = self.reason(stdout)?;
        let mut signed = Vec::new();
        for request in &requests {
            let statement = Statement {
                lifts: request.lifts.clone(),
                expires,
                reason: reason.clone(),
            };
            signed.push(sign(&statement, &name, &repo)?);
        }
        self.deliver(&requests, &signed, &repo, stdout)
    }

    fn requests(&self, repo: &Repo) -> anyhow::Result<Vec<Request>> {
        if let Some(token) = &self.token {
            return token::decode(token).map_err(|why| {
                Error::Usage(format!("this is no word of a refusal: {why}")).into()
            });
        }
        let (Some(range), Some(ref_name)) = (&self.range, &self.ref_name) else {
            bail!(Error::internal("neither a word nor a range"));
        };
        let key = format!("remote.{}.treewardenRepository", self.remote);
        let called = repo.trusted_config(&key)?;
        let policy = policy_called(self.policy.as_deref(), Some(repo), called)?;
        let (tree, ref_name) = ref_and_tree(ref_name, &policy)?;
        let budget = Budget::new(policy.limits);
        let (old, new) = match range_ends(range) {
            Some((old, new)) => (Some(repo.resolve(old, &budget)?), new),
            None => (None, range.as_str()),
        };
        let supposed = Supposed {
            tree,
            ref_name: &ref_name,
            old,
            new: repo.resolve(new, &budget)?,
        };
        match gate::check(supposed, &policy, repo, &budget, Jobs::ONE)? {
            Decision::Accept(_) => bail!(Error::Usage(
                "nothing there is refused by this policy: there is nothing to lift".into()
            )),
            Decision::Reject(judgement) if judgement.requests.is_empty() => bail!(Error::Usage(
                "no [[signer]] of this policy can lift what is refused there: `treewarden check` \
                 tells what it is"
                    .into()
            )),
            Decision::Reject(judgement) => Ok(judgement.requests),
        }
    }

    /// What would come to nothing.
    fn check(&self, requests: &[Request], repo: &Repo) -> Result<(), Error> {
        for request in requests {
            let target = request.lifts.target();
            let target = target.ok_or_else(|| Error::internal("a request without a commit"))?;
            if !repo.has(target)? {
                return Err(Error::Usage(format!(
                    "{} isn't here: fetch it first, from whoever wants to push it",
                    target.short()
                )));
            }
            if self.approve && matches!(request.lifts.what, What::Update(_)) {
                return Err(Error::Usage(
                    "an override of a ref's update counts only in the push that makes the update: \
                     sign without --approve, or with --no-push for whoever makes that push"
                        .into(),
                ));
            }
        }
        Ok(())
    }

    fn end(&self, now: Timestamp) -> Result<Timestamp, Error> {
        let lasts = duration(&self.expires).ok_or_else(|| {
            let shown = Shown(self.expires.as_bytes());
            Error::Usage(format!("--expires {shown}: say how long, such as 2h or 3d"))
        })?;
        now.checked_add(lasts)
            .ok()
            .and_then(|end| Timestamp::from_second(end.as_second()).ok())
            .ok_or_else(|| Error::Usage("--expires is too far away".into()))
    }

    /// By which name of the policy the user signs.
    fn signer(&self, requests: &[Request], repo: &Repo) -> Result<String, Error> {
        let given = match &self.signer {
            Some(name) => Some(name.clone()),
            None => repo.users_config(SIGNER_KEY)?,
        };
        let may = |name: &String| requests.iter().all(|it| it.signers.contains(name));
        let all = requests.first().map_or([].as_slice(), |it| &it.signers);
        let all: Vec<&String> = all.iter().filter(|name| may(name)).collect();
        let listed = || {
            let names: Vec<_> = all
                .iter()
                .map(|name| Shown(name.as_bytes()).to_string())
                .collect();
            names.join(", ")
        };
        match (given, all.as_slice()) {
            (Some(name), _) if may(&name) && is_signer(&name) => Ok(name),
            (Some(name), _) => Err(Error::Usage(format!(
                "`{}` may not lift this: {} may",
                Shown(name.as_bytes()),
                listed()
            ))),
            (None, [only]) if is_signer(only) => Ok((*only).clone()),
            (None, _) => Err(Error::Usage(format!(
                "say who you are with --as, or once and for all by `git config --global \
                 {SIGNER_KEY} NAME`: {} may lift this",
                listed()
            ))),
        }
    }

    fn reason(&self, stdout: &mut dyn Write) -> anyhow::Result<String> {
        if let Some(reason) = &self.reason {
            return Ok(reason.trim().to_owned());
        }
        let stdin = std::io::stdin();
        if !stdin.is_terminal() {
            bail!(Error::Usage("say why, with --reason".into()));
        }
        write!(stdout, "reason, in a line (an empty one signs nothing): ")?;
        stdout.flush()?;
        let mut line = String::new();
        stdin.lock().read_line(&mut line)?;
        match line.trim() {
            "" => bail!(Error::Usage("nothing was signed".into())),
            reason => Ok(reason.to_owned()),
        }
    }

    fn deliver(
        &self,
        requests: &[Request],
        signed: &[Signed],
        repo: &Repo,
        stdout: &mut dyn Write,
    ) -> anyhow::Result<Exit> {
        if self.no_push {
            for it in signed {
                repo.keep(&it.ref_name, it.tag)?;
                writeln!(stdout, "kept: {}", Shown(it.ref_name.as_bytes()))?;
            }
            return Ok(Exit::Accept);
        }
        let mut push = Push::default();
        if !self.approve {
            for request in requests {
                push.update(request);
            }
        }
        for it in signed {
            push.tag(it.tag, &it.ref_name);
        }
        for request in requests {
            push.others(request, signed, repo)?;
        }
        Ok(
            match repo.push_atomic(&self.remote, &push.options, &push.refspecs)? {
                true => Exit::Accept,
                false => Exit::Reject,
            },
        )
    }
}

/// Signs the statement, and reads what git made of it as the server will.
fn sign(statement: &Statement, signer: &str, repo: &Repo) -> anyhow::Result<Signed> {
    statement.check().map_err(Error::Usage)?;
    let name = OverrideName::of(statement, signer);
    let name = name.ok_or_else(|| Error::internal("a statement about nothing"))?;
    let full = name.full();
    let ref_name = full.ok_or_else(|| Error::internal("a signer that no ref can hold"))?;
    let tag = format!("treewarden/{signer}-{}", name.digest);
    let tag = repo.sign_tag(&tag, name.target, &statement.to_bytes())?;
    let made = match repo.small_tag(tag, LARGEST)? {
        SmallTag::Tag(raw) => OverrideTag::parse(&raw, repo.format()),
        SmallTag::TooLarge | SmallTag::Other => Err("it is too large".into()),
    };
    match made {
        Ok(made) if made.statement == *statement => Ok(Signed { ref_name, tag }),
        Ok(_) => bail!(Error::Repository("git signed something else".into())),
        Err(why) => bail!(Error::Repository(format!(
            "what git made is no override: {why}"
        ))),
    }
}
