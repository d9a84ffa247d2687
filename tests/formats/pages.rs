//! `docs/formats.md` against what is printed.
//!
//! `TREEWARDEN_BLESS=1 cargo test formats` writes the examples anew where they differ.

use regex::Regex;
use treewarden::report::Format;

use crate::support::{Format as Store, HookRun, Sandbox};

const PAGE: &str = "docs/formats.md";

/// The text without what changes with each word of the preset: its digest, and its lines.
pub fn settled(text: &str) -> String {
    let digest = Regex::new(r"(\[policy \S+) [0-9a-f]{12}\]").unwrap();
    let line = Regex::new(r"(preset:bpf-next:)[0-9]+").unwrap();
    let text = digest.replace_all(text, "$1 <digest>]");
    line.replace_all(&text, "$1<line>").into_owned()
}

/// A client whose `HEAD` is the commit of the examples, and a policy that it is told of.
fn client() -> Sandbox {
    let s = Sandbox::new(Store::Sha1Files);
    let base = s.base();
    for name in ["linus", "bpf", "net-next"] {
        s.git(&["update-ref", &format!("refs/upstream/{name}/main"), &base]);
    }
    let draft = s.commit("net_sched: Let a program end a qdisc").on(&base);
    let commit = draft.touch("net/sched/sch_api.c").make();
    s.git(&["update-ref", "--no-deref", "HEAD", &commit]);
    s.git(&["config", "treewarden.policy", "preset:bpf-next"]);
    s
}

#[test]
fn the_examples_are_what_is_printed() {
    let s = client();
    let mut page = std::fs::read_to_string(PAGE).unwrap();
    let block = Regex::new(r"(?m)^```console\n\$ treewarden (.+)\n((?s:.*?))^```$").unwrap();
    let blocks: Vec<[String; 2]> = block
        .captures_iter(&page)
        .map(|found| [1, 2].map(|part| found[part].to_owned()))
        .filter(|[command, _]| command.starts_with("check ") && !command.contains(['|', '>']))
        .collect();
    assert_eq!(blocks.len(), 3, "of text, json and github");
    for [command, shown] in blocks {
        let mut run = s.treewarden();
        run.current_dir(s.client()).args(command.split_whitespace());
        let run = HookRun::of(&mut run, b"");
        run.ended(1, "");
        let real = String::from_utf8([run.printed(), run.raw()].concat()).unwrap();
        if differs(&shown, &real) {
            bless(&mut page, &shown, &real);
        }
    }
}

/// Names of objects and digests may differ, so that no new preset spoils a page.
fn differs(shown: &str, real: &str) -> bool {
    let name = Regex::new(r"\b[0-9a-f]{12,64}\b").unwrap();
    name.replace_all(shown, "NAME") != name.replace_all(real, "NAME")
}

fn bless(page: &mut String, shown: &str, real: &str) {
    assert!(
        std::env::var_os("TREEWARDEN_BLESS").is_some(),
        "{PAGE} shows\n{shown}\nwhere this is printed\n{real}\n(TREEWARDEN_BLESS=1 writes it there)"
    );
    *page = page.replace(&format!("\n{shown}```"), &format!("\n{real}```"));
    std::fs::write(PAGE, page).unwrap();
}

#[test]
fn every_format_has_a_row_and_a_section() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    for format in Format::ALL {
        let name = format.name();
        assert!(page.contains(&format!("\n| `{name}` | ")), "{name}");
        assert!(page.contains(&format!("\n## {name}\n")), "{name}");
    }
}

/// How many are shown is said in words there.
#[test]
fn the_page_counts_as_the_schema_does() {
    let text = std::fs::read_to_string("docs/report.schema.json").unwrap();
    let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
    let most = |pointer: &str| schema.pointer(pointer).unwrap()["maxItems"].as_u64();
    assert_eq!(most("/properties/findings"), Some(60));
    assert_eq!(most("/$defs/offender/oneOf/2/properties/commits"), Some(5));
    assert_eq!(most("/$defs/commit/properties/paths"), Some(8));
    let page = std::fs::read_to_string(PAGE).unwrap().replace('\n', " ");
    for words in [
        "twenty errors, twenty warnings and twenty that were lifted",
        "five commits",
        "eight paths",
    ] {
        assert!(page.contains(words), "{words}");
    }
}
