//! Security keys, by software: what a token signs is known, and so is what it says of whoever
//! touched it, or didn't. ssh-keygen tells that the signatures are what a token's are.

use sha2::{Digest, Sha256};
use ssh_key::public::{EcdsaPublicKey, KeyData, SkEcdsaSha2NistP256, SkEd25519};
use ssh_key::{HashAlg, LineEnding, PrivateKey, PublicKey, Signature, SigningKey, SshSig};

use super::with_alice;
use crate::support::{Format, Key, Sandbox, ssh};

/// What a token believes that it signs for.
const APPLICATION: &str = "ssh:";
/// The flag of a token that was touched, and of one that asked for its PIN.
const TOUCHED: u8 = 1;
const VERIFIED: u8 = 4;
const COUNTER: [u8; 4] = [0, 0, 0, 7];

/// A token, and the key in it.
struct Token {
    private: PrivateKey,
    public: KeyData,
    key: Key,
}

impl Token {
    fn new(sandbox: &Sandbox, kind: &str) -> Self {
        let mut key = ssh(sandbox, "token", kind);
        let file = sandbox.folder().join("token.key");
        let private = PrivateKey::read_openssh_file(&file).unwrap();
        let public = match private.public_key().key_data() {
            KeyData::Ed25519(key) => KeyData::SkEd25519(SkEd25519::new(*key, APPLICATION)),
            KeyData::Ecdsa(EcdsaPublicKey::NistP256(point)) => {
                KeyData::SkEcdsaSha2NistP256(SkEcdsaSha2NistP256::new(*point, APPLICATION))
            }
            other => panic!("{other:?}"),
        };
        key.name = format!("ssh:{}", public.fingerprint(HashAlg::Sha256));
        let line = PublicKey::new(public.clone(), "").to_openssh().unwrap();
        key.public = format!("alice@example.com namespaces=\"git\" {line}\n");
        Self {
            private,
            public,
            key,
        }
    }

    /// The signature over this of a token that says so with its flags; `told` are those that are
    /// sent along.
    fn sign(&self, payload: &[u8], flags: u8, told: u8) -> String {
        let data = SshSig::signed_data("git", HashAlg::Sha512, payload).unwrap();
        let (application, data) = (Sha256::digest(APPLICATION), Sha256::digest(data));
        let message = [&application[..], &[flags], &COUNTER, &data[..]].concat();
        let signed = by(&self.private, &message);
        let bytes = [&signed[..], &[told], &COUNTER].concat();
        let signature = Signature::new(self.public.algorithm(), bytes).unwrap();
        let signature = SshSig::new(self.public.clone(), "git", HashAlg::Sha512, signature);
        signature.unwrap().to_pem(LineEnding::LF).unwrap()
    }

    /// The override of a commit with this token's signature, and whether ssh-keygen takes it.
    fn override_of(
        &self,
        sandbox: &Sandbox,
        commit: &str,
        flags: [u8; 2],
    ) -> (String, String, bool) {
        let (tag, name) = sandbox.lifting(&[commit]).sign("alice", &self.key);
        let text = sandbox.git(&["cat-file", "tag", &tag]);
        let (payload, _) = text.split_once("-----BEGIN").unwrap();
        let signature = self.sign(payload.as_bytes(), flags[0], flags[1]);
        let tag = format!("{payload}{}\n", signature.trim_end());
        let is_good = self.is_good(sandbox, payload, &signature);
        (sandbox.raw_object("tag", tag.as_bytes()), name, is_good)
    }

    fn is_good(&self, sandbox: &Sandbox, payload: &str, signature: &str) -> bool {
        let file = |name: &str, text: &str| {
            let path = sandbox.folder().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let mut command = sandbox.command("ssh-keygen");
        command.args(["-Y", "verify", "-n", "git", "-I", "alice@example.com"]);
        command.arg("-f").arg(file("lines", &self.key.public));
        command.arg("-s").arg(file("signature", signature));
        let payload = std::fs::File::open(file("payload", payload)).unwrap();
        command.stdin(payload).output().unwrap().status.success()
    }
}

/// What a key signs that is no token's.
fn by(key: &impl SigningKey, message: &[u8]) -> Vec<u8> {
    key.try_sign(message).unwrap().as_bytes().to_vec()
}

const KINDS: [&str; 2] = ["ed25519", "ecdsa -b 256"];

#[test]
fn tokens_that_are_touched_lift() {
    for (kind, flags) in [
        (KINDS[0], TOUCHED),
        (KINDS[1], TOUCHED),
        (KINDS[0], TOUCHED | VERIFIED),
        (KINDS[1], TOUCHED | VERIFIED),
    ] {
        let sandbox = Sandbox::new(Format::Sha1Files);
        let base = sandbox.started();
        let token = Token::new(&sandbox, kind);
        with_alice(&sandbox, &token.key);
        let commit = sandbox.touch(&base, "net/core/dev.c");
        let (tag, name, is_good) = token.override_of(&sandbox, &commit, [flags; 2]);
        assert!(is_good, "ssh-keygen refuses it");
        sandbox
            .push_all(&[(&commit, "master"), (&tag, &name)])
            .accepted()
            .says("lifted[denied-path]")
            .says(&format!("by alice ({})", token.key.name));
    }
}

fn refuses(kind: &str, flags: [u8; 2], why: &str) {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let base = sandbox.started();
    let token = Token::new(&sandbox, kind);
    with_alice(&sandbox, &token.key);
    let commit = sandbox.touch(&base, "net/core/dev.c");
    let (tag, name, _) = token.override_of(&sandbox, &commit, flags);
    sandbox
        .push_all(&[(&commit, "master"), (&tag, &name)])
        .rejected("denied-path")
        .rejected("bad-override")
        .says(why);
}

/// Made with `no-touch-required`, or by whoever has the machine and not the finger.
#[test]
fn tokens_that_nobody_touched_lift_nothing() {
    for kind in KINDS {
        refuses(kind, [0; 2], "nobody touched the security key");
        refuses(kind, [VERIFIED; 2], "nobody touched the security key");
    }
}

/// The flags are signed: they can't be set afterwards.
#[test]
fn a_touch_can_not_be_added() {
    for kind in KINDS {
        refuses(kind, [0, TOUCHED], "the signature is not over these bytes");
    }
}
