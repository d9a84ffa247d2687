//! SSH signatures that are put together by hand.

use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, PublicKey, Signature, SshSig};

use super::with_alice;
use crate::support::{Format, Key, Sandbox, ssh};

/// A refused commit, alice's key of this kind, and a tag that it signed.
struct Signed<'s> {
    sandbox: &'s Sandbox,
    key: Key,
    commit: String,
    name: String,
    payload: String,
    block: String,
}

impl<'s> Signed<'s> {
    fn by(sandbox: &'s Sandbox, kind: &str) -> Self {
        let base = sandbox.started();
        let key = ssh(sandbox, "alice", kind);
        with_alice(sandbox, &key);
        let commit = sandbox.touch(&base, "net/core/dev.c");
        let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
        let text = sandbox.git(&["cat-file", "tag", &tag]);
        let at = text.find("-----BEGIN").unwrap();
        Self {
            sandbox,
            key,
            commit,
            name,
            payload: text[..at].to_owned(),
            block: format!("{}\n", text[at..].trim_end()),
        }
    }

    /// Pushes the tag with another block.
    fn refuses(&self, block: &str, why: &str) {
        let tag = format!("{}{block}", self.payload);
        let tag = self.sandbox.raw_object("tag", tag.as_bytes());
        self.sandbox
            .push_all(&[(&self.commit, "master"), (&tag, &self.name)])
            .rejected("denied-path")
            .rejected("bad-override")
            .says(why);
    }

    fn private(&self) -> PrivateKey {
        let file = self.sandbox.folder().join("alice.key");
        PrivateKey::read_openssh_file(file.as_path()).unwrap()
    }
}

fn block(signature: &SshSig) -> String {
    let pem = signature.to_pem(LineEnding::LF).unwrap();
    format!("{}\n", pem.trim_end())
}

/// What old programs make of an RSA key. ssh-keygen hasn't signed so since 8.2.
#[test]
fn rsa_by_sha1() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let it = Signed::by(&sandbox, "rsa -b 2048");
    let good = SshSig::from_pem(&it.block).unwrap();
    let bytes = good.signature_bytes();
    let sha1 = Signature::new(Algorithm::Rsa { hash: None }, bytes).unwrap();
    let key = good.public_key().clone();
    let signature = SshSig::new(key, "git", HashAlg::Sha512, sha1).unwrap();
    it.refuses(&block(&signature), "it is signed with SHA-1");
}

#[test]
fn both_hashes_that_git_signs_with() {
    for hash in [HashAlg::Sha256, HashAlg::Sha512] {
        let sandbox = Sandbox::new(Format::Sha1Files);
        let it = Signed::by(&sandbox, "ed25519");
        let signature = it.private().sign("git", hash, it.payload.as_bytes());
        let tag = format!("{}{}", it.payload, block(&signature.unwrap()));
        let tag = sandbox.raw_object("tag", tag.as_bytes());
        sandbox
            .push_all(&[(&it.commit, "master"), (&tag, &it.name)])
            .accepted();
    }
}

/// The block says whose key it is: it can't say that it is somebody else's.
#[test]
fn a_signature_that_names_another_key() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let it = Signed::by(&sandbox, "ed25519");
    ssh(&sandbox, "mallory", "ed25519");
    let mallory = sandbox.folder().join("mallory.key");
    let mallory = PrivateKey::read_openssh_file(mallory.as_path()).unwrap();
    let theirs = mallory.sign("git", HashAlg::Sha512, it.payload.as_bytes());
    let theirs = theirs.unwrap().signature().clone();
    let alice = it.private().public_key().key_data().clone();
    let signature = SshSig::new(alice, "git", HashAlg::Sha512, theirs).unwrap();
    it.refuses(&block(&signature), "the signature is not over these bytes");
}

#[test]
fn a_block_that_holds_no_signature() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let it = Signed::by(&sandbox, "ed25519");
    let lines: Vec<&str> = it.block.lines().collect();
    let cut = [&lines[..1], &lines[2..]].concat().join("\n") + "\n";
    it.refuses(&cut, "the signature can't be read");
    let label = it.block.replace("SSH SIGNATURE", "PGP SIGNATURE");
    it.refuses(&label, "the signature can't be read");
    let label = it.block.replace("SSH SIGNATURE", "SIGNED MESSAGE");
    it.refuses(&label, "neither OpenPGP's nor SSH's");
    let more = it.block.replacen('\n', "\nnote: x\n", 1);
    it.refuses(&more, "the signature can't be read");
}

/// A key of a kind that new programs neither make nor sign with.
const DSA: &str = "ssh-dss \
     AAAAB3NzaC1kc3MAAACBAKDDaYWL2e+mqvX2fyuAqW5JtVLxJccIGJz90dx+M/hS/cTvjdkNJOtlKGkgyQj4NTDm\
     EvQp+jvJROj/dJ+0Jdg+qHHlEKhyTdI4bGhhOm5wC6UwFA2qWZ8U4V98fDmNwP9x6YMLXMFPKJGBGfeUN01NflYm\
     C5uirQL4Kk+Ym7O9AAAAFQD6tjtdl4UFEr8r9icmlnsUhBonNwAAAIEAkBFioFIjqfmJZC0OOPvEj1ITGY+N6WkA\
     Thp0tVnuOqDqAUmqRzVBsVB8Nqp22+e8/lrMuGR0lc7wN+hp+EUKlif73Zx44Y473GNDYNbydDhR2+0AKcU+ssHB\
     EL/rnZgsL1w3hBHqeXMirmIhvgqeKvinELf9L5vRKLCYQJyCmqgAAACAL1drtTFeCRRUeqYRpYitk79DFPNb+WtP\
     vce1sIf8rShXcAVp6ekKNRvMoDk4XdWCiVwNne/wgnUL6TvsiagPkECDy8BPbikMNr7vMAyc2X/HLzebSE/BCmHj\
     Re8SS8wIupMVf1MCk1CPuH7Tx8fclCiQ2dPU8cAHh0gTocM7y1c=";

#[test]
fn dsa_of_ssh() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let it = Signed::by(&sandbox, "ed25519");
    let public = PublicKey::from_openssh(DSA).unwrap();
    let mut key = it.key.clone();
    key.name = format!("ssh:{}", public.fingerprint(HashAlg::Sha256));
    key.public = format!("alice@example.com {DSA}\n");
    with_alice(&sandbox, &key);
    let signature = Signature::new(Algorithm::Dsa, [1; 40]).unwrap();
    let key = public.key_data().clone();
    let signature = SshSig::new(key, "git", HashAlg::Sha512, signature).unwrap();
    it.refuses(
        &block(&signature),
        "its key is ssh-dss, which doesn't count",
    );
}
