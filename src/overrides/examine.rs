//! One override: from the ref and its tag to whose word it is. What it lifts is not asked here.

use jiff::Timestamp;

use super::key::KeyName;
use super::ref_name::{FOLDER, OverrideName};
use super::statement::Statement;
use super::tag::{LARGEST, OverrideTag, too_large};
use crate::error::Error;
use crate::git::{Repo, SmallTag};
use crate::policy::{Policy, Signer};
use crate::report::escape::Shown;
use crate::update::{Oid, RefName};

/// What tells whose key made a signature.
pub trait Verify {
    /// Whose key signed exactly these bytes, if it can count at `now`. An error where that can't
    /// be told for want of a keyring.
    fn verify(&self, payload: &[u8], signature: &[u8], now: Timestamp) -> Result<Verified, Error>;
}

/// Whose signature it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// That of this key.
    By(KeyName),
    /// Nobody's that counts, and why, fit for a terminal.
    Not(String),
}

/// Who says what of overrides in a push.
#[derive(Clone, Copy)]
pub struct Authority<'a> {
    /// Whose signatures they are; `None` on a client, where only the server can tell.
    pub verify: Option<&'a dyn Verify>,
    /// The time.
    pub now: Timestamp,
    /// Who pushes, by the hosting's name for them, raw; `None` where that isn't known.
    pub pusher: Option<&'a [u8]>,
}

/// An override whose tag was read; its signature was not looked at.
#[derive(Clone, Debug)]
pub struct Unproven {
    /// Its ref.
    pub ref_name: RefName,
    /// Who is said to have signed it.
    pub signer: String,
    /// The tag.
    pub tag: OverrideTag,
}

/// Whose word an override is.
#[derive(Clone, Debug)]
pub struct Word<'p> {
    /// The signer; `None` where only the server's policy knows them.
    pub signer: Option<&'p Signer>,
    /// Their key; `None` where only the server can tell.
    pub key: Option<KeyName>,
}

impl Unproven {
    /// Reads the tag that stands, or is to stand, at the ref; what is wrong with it, if it is no
    /// override's.
    pub fn read(name: &RefName, value: Oid, repo: &Repo) -> Result<Result<Self, String>, Error> {
        let raw = match repo.small_tag(value, LARGEST)? {
            SmallTag::Tag(raw) => raw,
            SmallTag::TooLarge => return Ok(Err(too_large())),
            SmallTag::Other => return Ok(Err("it is no annotated tag".into())),
        };
        Ok(Self::parse(name, &raw, repo))
    }

    fn parse(name: &RefName, raw: &[u8], repo: &Repo) -> Result<Self, String> {
        let parts = OverrideName::parse(name)
            .ok_or_else(|| format!("its name is not {FOLDER}<target>/<signer>-<digest>"))?;
        let tag = OverrideTag::parse(raw, repo.format())?;
        let right = OverrideName::of(&tag.statement, &parts.signer);
        if right.as_ref() != Some(&parts) {
            let right = right.and_then(|it| it.full());
            let right = right.map(|it| Shown(it.as_bytes()).to_string());
            return Err(format!(
                "its name must be {}",
                right.unwrap_or_else(|| "another".into())
            ));
        }
        Ok(Self {
            ref_name: name.clone(),
            signer: parts.signer,
            tag,
        })
    }

    /// The statement.
    pub fn statement(&self) -> &Statement {
        &self.tag.statement
    }

    /// Whose word it is; why it is nobody's that counts.
    pub fn prove<'p>(
        &self,
        policy: &'p Policy,
        authority: &Authority<'_>,
    ) -> Result<Result<Word<'p>, String>, Error> {
        let signer = policy.signers.iter().find(|it| it.name == self.signer);
        let Some(verify) = authority.verify else {
            return Ok(Ok(Word { signer, key: None }));
        };
        let called = &self.signer;
        if signer.is_none() {
            return Ok(Err(format!(
                "this policy has no [[signer]] called `{called}`"
            )));
        }
        let tag = &self.tag;
        let key = match verify.verify(&tag.payload, &tag.signature, authority.now)? {
            Verified::By(key) => key,
            Verified::Not(why) => return Ok(Err(why)),
        };
        Ok(match policy.signer_of(&key) {
            None => Err(format!("the key {key} is no [[signer]]'s in this policy")),
            Some(other) if other.name != *called => Err(format!(
                "its name says `{called}`, and it is signed by a key of `{}`",
                other.name
            )),
            signer => Ok(Word {
                signer,
                key: Some(key),
            }),
        })
    }
}
