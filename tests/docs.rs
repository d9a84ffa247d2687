//! The documentation against the code: each list is whole, each example loads, and each refusal
//! that is shown is what the hook prints today.
//!
//! `TREEWARDEN_BLESS=1 cargo test docs` writes the refusals anew where they differ.

mod policies;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;
use treewarden::budget::Limits;
use treewarden::finding::{Code, Scope};
use treewarden::lint::Topic;
use treewarden::policy::{self, Policy, Source};

use super::support::{Format, Pushed, Sandbox};

/// The documents whose links are followed, beside all of `docs/`.
const PAGES: [&str; 5] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "hooks/README.md",
];

/// The heading in `docs/policy.md` below which the keys of each table of a policy stand.
const KEY_TABLES: [(&str, &str); 10] = [
    ("", "## The top of the file"),
    ("path-class", "## `[[path-class]]`"),
    ("upstream", "## `[[upstream]]`"),
    ("tree", "## `[[tree]]`"),
    ("deny-only", "### `deny-only`"),
    ("message", "### `[[tree.message]]`"),
    ("budget", "## `[budget]`"),
    ("signer", "## `[[signer]]`"),
    ("override", "## `[override]`"),
    ("case", "## `[[case]]`"),
];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

pub(crate) fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What stands below a heading, up to the next one.
pub(crate) fn section<'d>(text: &'d str, heading: &str) -> &'d str {
    let line = Regex::new(&format!("(?m)^{}$", regex::escape(heading))).unwrap();
    let found = line
        .find(text)
        .unwrap_or_else(|| panic!("no heading {heading:?}"));
    let body = &text[found.end()..];
    // A comment of a toml block is no heading.
    let end = Regex::new(r"(?m)^##+ ").unwrap().find(body);
    &body[..end.map_or(body.len(), |found| found.start())]
}

/// The fenced blocks of a language.
pub(crate) fn blocks<'d>(text: &'d str, language: &str) -> Vec<&'d str> {
    let fence = Regex::new(&format!(r"(?ms)^```{language}\n(.*?)^```$")).unwrap();
    let found = fence.captures_iter(text);
    found.map(|block| block.get(1).unwrap().as_str()).collect()
}

/// The first column of the tables: what stands between backquotes there.
pub(crate) fn first_column(text: &str) -> Vec<String> {
    let row = Regex::new(r"(?m)^\| `([^`]+)` \|").unwrap();
    row.captures_iter(text)
        .map(|row| row[1].to_owned())
        .collect()
}

fn files_below(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![path(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap().path();
            if entry.is_dir() {
                open.push(entry);
            } else {
                files.push(entry);
            }
        }
    }
    files
}

mod rules {
    use super::*;

    #[test]
    fn one_heading_a_code_in_order() {
        let text = read("docs/rules.md");
        let heading = Regex::new(r"(?m)^## `([^`]+)`$").unwrap();
        let found: Vec<String> = heading
            .captures_iter(&text)
            .map(|found| found[1].to_owned())
            .collect();
        let codes: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(found, codes);
        let index = first_column(section(&text, "# Rules"));
        assert_eq!(index, codes, "the list at the top");
    }

    #[test]
    fn summaries_and_scopes_are_those_of_the_code() {
        let text = read("docs/rules.md");
        for code in Code::ALL {
            let body = section(&text, &format!("## `{code}`"));
            let scope = match code.scope() {
                Scope::Tree => "tree",
                Scope::Push => "push",
            };
            for line in [
                format!("Finds: {}.", code.summary()),
                format!("Scope: {scope}."),
            ] {
                assert!(body.contains(&line), "{code}: no {line:?} in:\n{body}");
            }
        }
    }

    #[test]
    fn refusals_are_what_the_hook_prints() {
        let mut text = read("docs/rules.md");
        for code in Code::ALL {
            let body = section(&text, &format!("## `{code}`")).to_owned();
            let [shown] = blocks(&body, "console")[..] else {
                panic!("{code}: one console block is needed");
            };
            let policy = blocks(&body, "toml").concat();
            let real = refusal(*code, &policy);
            if differs(shown, &real) {
                bless("docs/rules.md", &mut text, shown, &real);
            }
        }
    }

    #[test]
    fn the_readme_shows_the_same() {
        let mut text = read("README.md");
        let all = blocks(&text, "console");
        let shown = all.iter().find(|block| block.contains("remote: error["));
        let shown = (*shown.expect("a refusal in README.md")).to_owned();
        let real = refusal(Code::DeniedPath, "");
        let (command, report) = real.split_once('\n').unwrap();
        let report = report.trim_end().replace('\n', "\nremote: ");
        let real = format!("{command}\nremote: {report}\n");
        if differs(&shown, &real) {
            bless("README.md", &mut text, &shown, &real);
        }
    }

    /// A push that breaks the rule, under `policy` laid over the preset: the command, and what
    /// the hook answered.
    fn refusal(code: Code, policy: &str) -> String {
        let sandbox = Sandbox::new(Format::Sha1Files);
        let base = sandbox.base();
        let upstream =
            ["linus", "bpf", "net-next"].map(|name| format!("refs/upstream/{name}/main"));
        let mut refs = vec!["master", "net", "bpf/master"];
        refs.extend(upstream.iter().map(String::as_str));
        sandbox.seed(&base, &refs);
        if !policy.is_empty() {
            sandbox.over_preset(policy);
        }
        let (commit, name) = breaking(&sandbox, &base, code);
        let force = if code == Code::RefRewound {
            "--force "
        } else {
            ""
        };
        let source = commit.get(..12).unwrap_or_default();
        let pushed = sandbox.push(&commit, &name);
        pushed.rejected(code.name());
        format!(
            "$ git push {force}origin {source}:{name}\n{}",
            report(&pushed, &sandbox)
        )
    }

    /// What was said, with the policy at a place that a reader would expect.
    fn report(pushed: &Pushed<'_>, sandbox: &Sandbox) -> String {
        let folder = sandbox.folder().canonicalize().unwrap();
        pushed
            .said()
            .replace(folder.to_str().unwrap(), "/etc/treewarden")
    }

    /// The commit to push, and where to: nothing for a deletion.
    fn breaking(sandbox: &Sandbox, base: &str, code: Code) -> (String, String) {
        let change = |on: &str, path: &str, subject: &str| {
            let message = format!("{subject}\n\nSigned-off-by: A U Thor <author@example.com>\n");
            sandbox.commit(message).on(on).touch(path).make()
        };
        let kernel = |subject: &str| change(base, "kernel/bpf/btf.c", subject);
        let (commit, name) = match code {
            Code::DeniedPath => {
                let subject = "net_sched: Let a program end a qdisc";
                (change(base, "net/sched/sch_api.c", subject), "master")
            }
            Code::OnlyDeniedPaths => {
                let first = kernel("bpf: Sort types by name");
                let second = change(
                    &first,
                    "kernel/bpf/verifier.c",
                    "bpf: Look types up by name",
                );
                let merge = sandbox.merge("Merge branch 'bpf-sort-types'", &[base, &second]);
                (merge.make(), "net")
            }
            Code::MessagePattern => (kernel("bpf: Fix the order of types"), "bpf/master"),
            Code::RefCreated => (base.to_owned(), "for-next"),
            Code::RefDeleted => (String::new(), "net"),
            Code::RefRewound => {
                sandbox.seed(&kernel("bpf: Sort types by name"), &["master"]);
                let other = change(base, "kernel/bpf/verifier.c", "bpf: Check bounds first");
                (other, "master")
            }
            Code::TooMuch => {
                let third = sandbox.line(base, 3, |at| format!("kernel/bpf/{at}.c"));
                (third, "master")
            }
            Code::UngovernedRef => (kernel("bpf: Sort types by name"), "topic"),
            Code::UpstreamRefPushed => {
                let commit = kernel("bpf: Sort types by name");
                (commit, "refs/upstream/linus/main")
            }
            Code::BadUpdate => (kernel("bpf: Sort types by name"), "Master"),
            Code::ReplaceRef => {
                let commit = kernel("bpf: Sort types by name");
                let name = format!("refs/replace/{base}");
                return (commit, name);
            }
            Code::BadOverride => {
                let commit = kernel("bpf: Sort types by name");
                let name = format!("refs/overrides/{commit}/alice-0123abcd");
                return (commit, name);
            }
            Code::OverrideRefChanged => {
                let name = format!("refs/overrides/{base}/alice-0123abcd");
                sandbox.seed(base, &[&name]);
                return (kernel("bpf: Sort types by name"), name);
            }
        };
        (commit, name.to_owned())
    }
}

/// Holds the console block of a page that begins with this command against what it prints now.
pub fn shows(page: &str, command: &str, printed: &str) {
    let mut text = read(page);
    let prompt = format!("$ {command}\n");
    let all = blocks(&text, "console");
    let shown = all.iter().find(|block| block.starts_with(&prompt));
    let shown = (*shown.unwrap_or_else(|| panic!("{page}: no {command:?}"))).to_owned();
    let real = format!("{prompt}{printed}");
    if differs(&shown, &real) {
        bless(page, &mut text, &shown, &real);
    }
}

#[test]
fn every_remark_is_documented_and_no_other() {
    let text = read("docs/policy.md");
    let lint = section(&text, "### `treewarden policy lint`");
    let names: Vec<&str> = Topic::ALL.iter().map(|topic| topic.name()).collect();
    assert_eq!(first_column(lint), names);
    for topic in Topic::ALL {
        let row = format!("| `{topic}` | {} |\n", topic.summary());
        assert!(lint.contains(&row), "{row}");
    }
}

/// A file that a command is shown with is the policy that stands before it.
#[test]
fn what_commands_are_shown_to_print_is_what_they_print() {
    const FOLDER: &str = "/etc/treewarden";
    let mut text = read("docs/policy.md");
    let sandbox = Sandbox::new(Format::Sha1Files);
    let folder = sandbox.folder().to_str().unwrap().to_owned();
    let any = Regex::new(r"(?ms)^```(toml|console)\n(.*?)^```$").unwrap();
    let command = Regex::new(r"^\$ treewarden (explain|policy (?:lint|show|test)) (.*)\n").unwrap();
    let mut seen = BTreeSet::new();
    let mut policy = "";
    for block in any.captures_iter(&text.clone()) {
        let block = [1, 2].map(|at| block.get(at).unwrap().as_str());
        let Some(found) = command.captures(block[1]) else {
            if block[0] == "toml" {
                policy = block[1];
            }
            continue;
        };
        std::fs::write(sandbox.folder().join("policy.toml"), policy).unwrap();
        let arguments = format!("{} {}", &found[1], found[2].replace(FOLDER, &folder));
        let mut run = sandbox.treewarden();
        let output = run.args(arguments.split_whitespace()).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let real = format!("{}{}", &found[0], printed.replace(&folder, FOLDER));
        if differs(block[1], &real) {
            bless("docs/policy.md", &mut text, block[1], &real);
        }
        seen.insert(found[1].to_owned());
    }
    assert_eq!(
        Vec::from_iter(seen),
        ["explain", "policy lint", "policy show", "policy test"]
    );
}

/// Object names and digests may differ, so that neither clocks nor new keys spoil a page.
fn differs(shown: &str, real: &str) -> bool {
    let name = Regex::new(r"\b[0-9a-f]{12,64}\b").unwrap();
    name.replace_all(shown, "NAME") != name.replace_all(real, "NAME")
}

#[allow(clippy::disallowed_methods)]
fn bless(file: &str, text: &mut String, shown: &str, real: &str) {
    assert!(
        std::env::var_os("TREEWARDEN_BLESS").is_some(),
        "{file} shows\n{shown}\nwhere the command prints\n{real}\n\
         (TREEWARDEN_BLESS=1 writes it there)"
    );
    *text = text.replace(shown, real);
    std::fs::write(path(file), text).unwrap();
}

#[test]
fn every_dependency_is_accounted_for() {
    let text = read("docs/dependencies.md");
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    for (heading, table) in [
        ("## In what is shipped", "dependencies"),
        ("## In the tests", "dev-dependencies"),
    ] {
        let documented = BTreeSet::from_iter(first_column(section(&text, heading)));
        let used: BTreeSet<String> = manifest[table]
            .as_table()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        assert_eq!(documented, used, "docs/dependencies.md, {heading}");
    }
}

#[test]
fn the_map_names_every_module_and_no_other() {
    let text = read("ARCHITECTURE.md");
    let named = Regex::new(r"\bsrc/[\w/-]+\.rs\b").unwrap();
    let named: BTreeSet<String> = named
        .find_iter(&text)
        .map(|found| found.as_str().to_owned())
        .collect();
    let found: BTreeSet<String> = files_below("src")
        .iter()
        .map(|file| {
            let file = file.strip_prefix(path("")).unwrap();
            file.to_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(named, found);
}

#[test]
fn the_readme_names_every_command_and_exit_status() {
    let text = read("README.md");
    let sandbox = Sandbox::new(Format::Sha1Files);
    let output = sandbox.treewarden().arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let command = Regex::new(r"(?m)^  ([a-z]+)  ").unwrap();
    for command in command.captures_iter(&help) {
        let command = &command[1];
        assert!(
            command == "help" || text.contains(&format!("`treewarden {command} ")),
            "{command}"
        );
    }
    let (_, statuses) = help.split_once("Exit status: ").unwrap();
    for status in statuses.trim_end().replace('\n', " ").split(", ") {
        let (number, meaning) = status.split_once(' ').unwrap();
        let row = format!("| {number} | {meaning} |");
        assert!(text.contains(&row), "{row}");
    }
}

#[test]
fn every_link_leads_somewhere() {
    let link = Regex::new(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)").unwrap();
    let docs = files_below("docs");
    for page in PAGES.map(path).iter().chain(&docs) {
        let text = std::fs::read_to_string(page).unwrap();
        for found in link.captures_iter(&text) {
            let target = page.parent().unwrap().join(&found[1]);
            assert!(target.exists(), "{}: {}", page.display(), target.display());
        }
    }
}
