//! A client that writes the protocol by hand: into the hook, and into receive-pack.

use crate::support::{Sandbox, everywhere};

/// A server whose master can be rewound by neither of the two ways.
fn guarded(s: &Sandbox) -> (String, String) {
    let base = s.base();
    let tip = s.touch(&base, "kernel/a.c");
    s.seed(&tip, &["master"]);
    s.on_server(&["config", "receive.denyDeletes", "true"]);
    (base, tip)
}

/// A line of the hook's input.
fn line(old: &str, new: &str, name: impl AsRef<[u8]>) -> Vec<u8> {
    [old.as_bytes(), b" ", new.as_bytes(), b" ", name.as_ref()].concat()
}

fn harmless(raw: &[u8]) {
    let acts = |byte: &u8| (*byte < 0x20 && *byte != b'\n') || *byte == 0x7f;
    assert!(!raw.iter().any(acts), "{}", String::from_utf8_lossy(raw));
}

#[test]
fn every_hostile_line_is_refused() {
    everywhere(|s| {
        let (base, tip) = guarded(s);
        let zero = s.format.zero();
        let absent = zero.replace('0', "7");
        let other_len = if zero.len() == 40 { 64 } else { 40 };
        let other = "a".repeat(other_len);
        let master = "refs/heads/master";
        for hostile in [
            line(&zero, &zero, master),
            line(&zero, &zero, "refs/heads/absent"),
            line(&base, &tip, master),
            line(&zero, &tip, master),
            line(&absent, &tip, master),
            line(&absent, &zero, master),
            line(&tip, &zero, "refs/heads/absent"),
            line(&tip, &base[1..], master),
            line(&tip, &base[..12], master),
            line(&tip, &format!("{base}0"), master),
            line(&tip, &other, master),
            line(&other, &tip, master),
            line("", &tip, master),
            line(&tip, &tip.to_uppercase(), "refs/heads/x"),
            line(&tip, &tip, "refs/heads/a b"),
            line(&tip, &tip, "refs/heads/a..b"),
            line(&tip, &tip, "refs/heads/a\x1b[2J"),
            line(&tip, &tip, "refs/heads/a\0b"),
            line(&tip, &tip, "refs/heads/\x7f"),
            line(&tip, &tip, "refs/heads/.a"),
            line(&tip, &tip, "refs/heads/a.lock"),
            line(&tip, &tip, "refs/heads/"),
            line(&tip, &tip, ""),
            line(&tip, &tip, " refs/heads/master"),
            line(&tip, &tip, "refs/heads/master "),
            line(&tip, &tip, "HEAD"),
            line(&tip, &tip, "--help"),
            line(&tip, &tip, "../../config"),
        ] {
            let run = s.hook([hostile.as_slice(), b"\n"].concat());
            run.rejected("bad-update");
            harmless(run.raw());
        }
    });
}

#[test]
fn an_honest_line_beside_a_hostile_one_is_refused_with_it() {
    everywhere(|s| {
        let (_, tip) = guarded(s);
        let zero = s.format.zero();
        let honest = line(&zero, &tip, "refs/heads/topic");
        let hostile = line(&zero, &zero, "refs/heads/master");
        for pair in [[&honest, &hostile], [&hostile, &honest]] {
            s.hook([pair[0], b"\n".as_slice(), pair[1], b"\n"].concat())
                .rejected("bad-update");
        }
    });
}

#[test]
fn a_ref_that_is_named_twice_is_refused() {
    everywhere(|s| {
        let (base, tip) = guarded(s);
        let next = s.touch(&tip, "kernel/b.c");
        s.seed(&next, &["topic"]);
        let master = "refs/heads/master";
        let good = line(&tip, &next, master);
        for second in [good.clone(), line(&tip, &base, master)] {
            s.hook([&good, b"\n".as_slice(), &second, b"\n"].concat())
                .rejected("bad-update");
        }
    });
}

#[test]
fn names_that_are_no_text_are_judged() {
    everywhere(|s| {
        let (_, tip) = guarded(s);
        let zero = s.format.zero();
        let free = line(&zero, &tip, b"refs/heads/\xff\xfe".as_slice());
        s.hook([free.as_slice(), b"\n"].concat()).ended(0, "");
        s.over_preset("default = \"deny\"\n");
        s.hook([free.as_slice(), b"\n"].concat())
            .ended(1, "refs/heads/\\xff\\xfe");
    });
}

/// git doesn't look at the old value of a deletion before its hook has run.
#[test]
fn a_double_zero_deletes_nothing() {
    everywhere(|s| {
        let (_, tip) = guarded(s);
        let zero = s.format.zero();
        let said = s.raw_push(&[line(&zero, &zero, "refs/heads/master")], &[]);
        assert_eq!(s.at_ref("master"), Some(tip), "{said}");
        assert!(said.contains("bad-update"), "{said}");
    });
}

#[test]
fn wrong_old_values_move_nothing() {
    everywhere(|s| {
        let (base, tip) = guarded(s);
        let zero = s.format.zero();
        let absent = zero.replace('0', "7");
        let aside = s.touch(&base, "kernel/aside.c");
        for old in [&base, &zero, &absent] {
            for new in [&aside, &zero] {
                let said = s.raw_push(&[line(old, new, "refs/heads/master")], &[&aside]);
                assert_eq!(s.at_ref("master").as_ref(), Some(&tip), "{said}");
                assert!(said.contains("bad-update"), "{said}");
            }
        }
    });
}

/// Together they would rewind: the one deletes past every check, the other creates.
#[test]
fn a_double_zero_beside_a_creation_rewinds_nothing() {
    everywhere(|s| {
        let (base, tip) = guarded(s);
        let zero = s.format.zero();
        let master = "refs/heads/master";
        let lines = [line(&zero, &zero, master), line(&zero, &base, master)];
        let said = s.raw_push(&lines, &[&base]);
        assert_eq!(s.at_ref("master"), Some(tip), "{said}");
        assert!(said.contains("bad-update"), "{said}");
    });
}

/// A line feed in a name makes two lines for the hook out of one for git.
#[test]
fn a_line_feed_in_a_name_smuggles_nothing_in() {
    everywhere(|s| {
        let (_, tip) = guarded(s);
        let zero = s.format.zero();
        for name in [
            format!("refs/heads/x\n{tip} {zero} refs/heads/master"),
            "refs/heads/x\n".to_owned(),
            "refs/heads/x\nremote: all is well".to_owned(),
        ] {
            let said = s.raw_push(&[line(&zero, &tip, name)], &[&tip]);
            assert_eq!(s.at_ref("master").as_ref(), Some(&tip), "{said}");
            assert_eq!(s.refs().len(), 1, "{said}");
            assert!(said.contains("treewarden: refused"), "{said}");
        }
    });
}

#[test]
fn names_that_git_will_refuse_are_refused_before_it() {
    everywhere(|s| {
        let (_, tip) = guarded(s);
        let zero = s.format.zero();
        for name in [
            "refs/heads/a b",
            "refs/heads/a..b",
            "refs/heads/\x1b[2J\x1b]0;t\x07",
        ] {
            let said = s.raw_push(&[line(&zero, &tip, name)], &[&tip]);
            assert_eq!(s.refs().len(), 1, "{said}");
            assert!(said.contains("bad-update"), "{said}");
        }
    });
}

/// The objects never come: git tells its hook of the update all the same.
#[test]
fn a_push_without_its_objects_is_refused() {
    everywhere(|s| {
        let (_, tip) = guarded(s);
        let unsent = s.touch(&tip, "kernel/b.c");
        let said = s.raw_push(&[line(&tip, &unsent, "refs/heads/master")], &[&tip]);
        assert_eq!(s.at_ref("master"), Some(tip), "{said}");
    });
}
