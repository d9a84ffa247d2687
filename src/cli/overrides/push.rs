//! What `treewarden override sign` pushes: the change that was refused, and signatures.

use super::sign::Signed;
use crate::budget::{Budget, Limits};
use crate::error::Error;
use crate::git::Repo;
use crate::overrides::ref_name::FOLDER;
use crate::overrides::request::Request;
use crate::overrides::statement::What;
use crate::update::{Change, Oid, RefName};

/// What is pushed, all or nothing.
#[derive(Default)]
pub(super) struct Push {
    /// Options of `git push`.
    pub options: Vec<Vec<u8>>,
    /// Its refspecs.
    pub refspecs: Vec<Vec<u8>>,
}

impl Push {
    /// The update that was refused. One that isn't a fast-forward is forced, if the ref is still
    /// where it was.
    pub fn update(&mut self, request: &Request) {
        let name = request.lifts.ref_name.as_bytes();
        let refspec =
            |new: &str, forced: &str| [forced.as_bytes(), new.as_bytes(), b":", name].concat();
        let lease = |old: Oid| {
            let old = old.to_string();
            [b"--force-with-lease=", name, b":", old.as_bytes()].concat()
        };
        let refspec = match (request.change, &request.lifts.what) {
            (Change::Create { new }, _) | (Change::Move { new, .. }, What::Commits(_)) => {
                refspec(&new.to_string(), "")
            }
            (Change::Move { old, new }, What::Update(_)) => {
                self.options.push(lease(old));
                refspec(&new.to_string(), "+")
            }
            (Change::Delete { old }, _) => {
                self.options.push(lease(old));
                refspec("", "")
            }
        };
        // One ref may have two requests, for its commits and for its update; the latter says more.
        let ends = [b":", name].concat();
        self.refspecs.retain(|known| !known.ends_with(&ends));
        self.refspecs.push(refspec);
    }

    /// A signature.
    pub fn tag(&mut self, tag: Oid, name: &RefName) {
        let refspec = [tag.to_string().as_bytes(), b":", name.as_bytes()].concat();
        self.refspecs.push(refspec);
    }

    /// What others signed for the same, and left here.
    pub fn others(&mut self, request: &Request, own: &[Signed], repo: &Repo) -> Result<(), Error> {
        let Some(target) = request.lifts.target() else {
            return Ok(());
        };
        let prefix = [format!("{FOLDER}{target}/").into_bytes()].into();
        let budget = Budget::new(Limits::default());
        for (name, held) in repo.refs(&prefix, &budget)?.iter() {
            if !own.iter().any(|it| it.ref_name == *name) {
                self.tag(held.value, name);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Code;
    use crate::overrides::statement::Lifts;

    /// A lease on a ref of another spelling is none, and then the push is forced whatever is there.
    #[test]
    fn a_forced_push_is_leased_byte_by_byte() {
        let oid = |digit: &str| Oid::from_hex(digit.repeat(40).as_bytes()).unwrap();
        let (old, new) = (oid("a"), oid("b"));
        let change = Change::Move { old, new };
        let mut push = Push::default();
        push.update(&Request {
            lifts: Lifts {
                repository: "r".into(),
                ref_name: RefName::new(b"refs/heads/m\xff").unwrap(),
                rules: vec![Code::RefRewound],
                what: What::Update(change),
            },
            change,
            signers: Vec::new(),
        });
        let old = old.to_string();
        let lease = [b"--force-with-lease=refs/heads/m\xff:", old.as_bytes()].concat();
        assert_eq!(push.options, [lease]);
    }
}
