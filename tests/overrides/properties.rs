//! What holds of every word and of every tag.

use proptest::collection::vec;
use proptest::prelude::*;
use treewarden::finding::{Code, Lifting};
use treewarden::overrides::keyring::Keyring;
use treewarden::overrides::request::Request;
use treewarden::overrides::statement::{Lifts, What, change};
use treewarden::overrides::tag::OverrideTag;
use treewarden::overrides::token;
use treewarden::update::{Change, ObjectFormat, Oid, RefName, RefValue};

use super::refused;
use crate::support::{Format, Sandbox};

/// Object names of one length.
fn oid(len: usize) -> impl Strategy<Value = Oid> + Clone {
    vec(any::<u8>(), len).prop_filter_map("zero", |raw| Oid::from_bytes(&raw))
}

fn any_change(len: usize) -> impl Strategy<Value = Change> {
    let value = || proptest::option::of(oid(len));
    (value(), value()).prop_filter_map("no change", |(old, new)| {
        let value = |oid: Option<Oid>| oid.map_or(RefValue::Absent, RefValue::At);
        change(value(old), value(new))
    })
}

/// Rules that are lifted so, in the order of their names.
fn rules(lifting: Lifting) -> impl Strategy<Value = Vec<Code>> {
    let all = Code::ALL.iter().filter(|code| code.lifting() == lifting);
    let all: Vec<Code> = all.copied().collect();
    let most = all.len();
    proptest::sample::subsequence(all, 1..=most).prop_map(|mut rules| {
        rules.sort_by_key(|rule| rule.name());
        rules
    })
}

fn any_request(len: usize) -> impl Strategy<Value = Request> {
    let what = prop_oneof![
        (rules(Lifting::Update), Just(None)),
        (rules(Lifting::Commits), vec(oid(len), 1..5).prop_map(Some)),
    ];
    let ref_name = vec(any::<u8>(), 1..12).prop_filter_map("no ref", |name| {
        RefName::new(&[b"refs/heads/", name.as_slice()].concat())
    });
    let signers = vec("[a-z][a-z.+-]{0,5}", 1..4);
    let parts = (
        "[a-z][a-z/ ö-]{0,9}[a-z]",
        ref_name,
        what,
        any_change(len),
        signers,
    );
    parts.prop_filter_map(
        "a commit's deletion",
        |(repository, ref_name, (rules, commits), change, signers)| {
            let lifts = Lifts {
                repository,
                ref_name,
                rules,
                what: commits.map_or(What::Update(change), What::Commits),
            };
            let request = Request {
                lifts,
                change,
                signers,
            };
            request.check().is_ok().then_some(request)
        },
    )
}

fn any_requests() -> impl Strategy<Value = Vec<Request>> {
    prop_oneof![vec(any_request(20), 1..4), vec(any_request(32), 1..4)]
}

proptest! {
    #[test]
    fn a_word_says_what_was_put_into_it(requests in any_requests()) {
        let word = token::encode(&requests);
        prop_assert_eq!(token::decode(&word), Ok(requests));
    }

    /// A word that somebody changed is none, or the same.
    #[test]
    fn a_changed_word_says_nothing_else(
        requests in any_requests(),
        at in any::<proptest::sample::Index>(),
        letter in "[A-Za-z0-9_.-]",
    ) {
        let mut word = token::encode(&requests);
        let at = at.index(word.len());
        word.replace_range(at..=at, &letter);
        prop_assert!(token::decode(&word).is_err_and(|why| !why.is_empty())
            || token::decode(&word) == Ok(requests));
    }

    #[test]
    fn whatever_somebody_types_is_no_word(text in ".{0,200}") {
        prop_assert!(token::decode(&text).is_err());
        let word = "tw1.".to_owned() + &text;
        prop_assert!(token::decode(&word).is_err());
    }
}

/// Every bit of a signed tag, turned over: it is no override then, or nobody signed it, or it says
/// what was signed.
#[test]
fn a_changed_tag_never_says_something_else() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let (tag, _) = sandbox.lifting(&[&commit]).sign("alice", &key);
    let raw = sandbox.git(&["cat-file", "tag", &tag]).into_bytes();
    let raw = [raw.trim_ascii_end(), b"\n"].concat();
    let keyring = Keyring::read(&sandbox.keyring()).unwrap();
    let now = jiff::Timestamp::now();
    let said = |raw: &[u8]| {
        let tag = OverrideTag::parse(raw, ObjectFormat::Sha1).ok()?;
        let verified = keyring.verify(&tag.payload, &tag.signature, now);
        verified.ok().map(|_| (tag.statement, tag.payload))
    };
    let right = said(&raw);
    assert!(right.is_some());
    let mut read = 0;
    for at in 0..raw.len() {
        for bit in 0..8 {
            let mut changed = raw.clone();
            changed[at] ^= 1 << bit;
            if let Some(other) = said(&changed) {
                assert_eq!(Some(other), right, "byte {at}, bit {bit}");
                read += 1;
            }
        }
    }
    // A line's end in the block may be another blank; hardly anything else may.
    assert!(read < 64, "{read}");
}
