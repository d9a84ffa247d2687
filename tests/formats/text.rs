//! `--format text`: whose word it is, and colours.

use treewarden::report::palette::Palette;
use treewarden::report::{Format, Report, Voice};

use super::cases::{self, TODAY, assert_printable};

/// The text without its colours.
fn bare(text: &str) -> String {
    let colour = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
    colour.replace_all(text, "").into_owned()
}

fn said(voice: Voice, refused: bool) -> String {
    let policy = cases::policy();
    let all = cases::all(&policy);
    let wanted = if refused { "a commit" } else { "a warning" };
    let (_, decision) = all.iter().find(|(name, _)| *name == wanted).unwrap();
    let report = Report {
        decision,
        policy: &policy,
        voice,
        today: TODAY,
    };
    let [_, stderr] = cases::printed(&report, Format::Text, &Palette::PLAIN);
    stderr
}

/// The last lines, the first of which is the verdict.
fn ending(said: &str, lines: usize) -> Vec<&str> {
    let all: Vec<&str> = said.lines().collect();
    all[all.len() - lines..].to_vec()
}

#[test]
fn advice_says_that_it_is_advice() {
    let judged = "bpf-next/master (1 commit), bpf [policy preset:bpf-next ";
    let verdict = |text: &str| format!("treewarden: {text}: {judged}");
    for (voice, refused, words, after) in [
        (Voice::Verdict, false, "accepted", None),
        (Voice::Verdict, true, "refused", None),
        (Voice::Advice, false, "advice: accepted", None),
        (
            Voice::Advice,
            true,
            "advice: refused before anything was sent",
            Some(
                "note: `git push --no-verify` passes over this check, and the server judges again",
            ),
        ),
    ] {
        let said = said(voice, refused);
        let ending = ending(&said, 1 + usize::from(after.is_some()));
        assert!(ending[0].starts_with(&verdict(words)), "{said}");
        assert_eq!(ending.get(1).copied(), after, "{said}");
    }
}

/// Whoever speaks, the findings are the same.
#[test]
fn advice_changes_no_finding() {
    let [verdict, advice] = [Voice::Verdict, Voice::Advice].map(|voice| said(voice, true));
    let findings = |said: &str| said.split_once("treewarden: ").unwrap().0.to_owned();
    assert_eq!(findings(&verdict), findings(&advice));
}

#[test]
fn colours_change_nothing_but_colours() {
    let policy = cases::policy();
    for (name, decision) in cases::all(&policy) {
        let [plain, coloured] = [false, true].map(|colour| {
            let palette = Palette::new(colour);
            let [stdout, stderr] = cases::both(&decision, &policy, Format::Text, &palette);
            assert_eq!(stdout, "", "{name}");
            stderr
        });
        assert_printable(&plain, name);
        assert!(coloured.contains("\x1b["), "{name}");
        assert_eq!(bare(&coloured), plain, "{name}");
    }
}

#[test]
fn each_kind_of_word_has_its_colour() {
    let policy = cases::policy();
    let all = cases::all(&policy);
    let coloured = |wanted: &str| {
        let (_, decision) = all.iter().find(|(name, _)| *name == wanted).unwrap();
        let [_, stderr] = cases::both(decision, &policy, Format::Text, &Palette::new(true));
        stderr
    };
    let (refused, warned) = (coloured("a commit"), coloured("a warning"));
    for (said, text) in [
        (
            &refused,
            "\x1b[1m\x1b[31merror[denied-path]\x1b[0m: commit \x1b[33m020202020202\x1b[0m touches",
        ),
        (&refused, "\n   | \x1b[33m020202020202\x1b[0m many\n"),
        (&refused, "   = \x1b[1m\x1b[36mhelp\x1b[0m: bpf-next/net"),
        (&refused, "\n\x1b[1m\x1b[32mnote\x1b[0m: no ref"),
        (
            &refused,
            "\ntreewarden: \x1b[1m\x1b[31mrefused\x1b[0m: bpf-next/master",
        ),
        (
            &warned,
            "\x1b[1m\x1b[33mwarning[denied-path]\x1b[0m: commit",
        ),
        (
            &warned,
            "\ntreewarden: \x1b[1m\x1b[32maccepted\x1b[0m: bpf-next/master",
        ),
    ] {
        assert!(said.contains(text), "no {text:?} in:\n{said:?}");
    }
}

/// No format but text knows colours.
#[test]
fn documents_are_never_coloured() {
    let policy = cases::policy();
    for (name, decision) in cases::all(&policy) {
        for format in Format::ALL.iter().filter(|it| **it != Format::Text) {
            let [stdout, _] = cases::both(&decision, &policy, *format, &Palette::new(true));
            assert!(!stdout.contains('\x1b'), "{name}, {format:?}");
        }
    }
}
