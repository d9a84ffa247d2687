//! `policy show`: what is printed means the same, and says where it comes from.

use std::path::Path;

use proptest::prelude::*;
use treewarden::finding::Code;
use treewarden::policy::{self, Policy, Source, Tree, Ungoverned, Written};

use super::{on, policy as run};
use crate::differential::hold;
use crate::support::{Format, Sandbox};

/// Everything that a policy says, but for where.
fn meaning(policy: &Policy) -> String {
    let classes = policy.classes.iter().map(|class| {
        let patterns = class.patterns.iter().map(|pattern| &pattern.text);
        (&class.name, class.neutral, patterns.collect::<Vec<_>>())
    });
    let upstreams = policy.upstreams.iter().map(|upstream| {
        let refs = upstream.refs.iter().map(|pattern| &pattern.text);
        (&upstream.name, refs.collect::<Vec<_>>())
    });
    let cases = policy.cases.iter().map(|case| {
        let commit = (&case.paths, &case.message, case.merge);
        (&case.name, case.tree, commit, case.expect)
    });
    let parts = [
        format!("{:?} {:?}", policy.repository, policy.review_by),
        format!("{:?}", matches!(policy.ungoverned, Ungoverned::Denied(_))),
        format!("{:?}", classes.collect::<Vec<_>>()),
        format!("{:?}", upstreams.collect::<Vec<_>>()),
        policy.trees.iter().map(of_tree).collect(),
        format!("{:?}", policy.limits),
        format!("{:?}", cases.collect::<Vec<_>>()),
    ];
    parts.join("\n")
}

fn of_tree(tree: &Tree) -> String {
    let upstreams: Vec<usize> = tree.upstreams.iter().map(|trust| trust.upstream).collect();
    let refs: Vec<_> = tree.refs.iter().map(|pattern| &pattern.text).collect();
    let deny = tree.deny.as_ref().map(|rule| rule.classes);
    let only = tree.deny_only.as_ref();
    let only = only.map(|rule| (rule.classes, rule.unless, rule.judge));
    let messages = tree.messages.iter().map(|rule| {
        let pattern = rule.pattern.as_str();
        (rule.part, pattern, rule.required, rule.merges, &rule.reason)
    });
    let update = [&tree.create, &tree.delete, &tree.rewind].map(|permission| permission.allowed);
    let weights = Code::ALL.iter().map(|code| tree.severity(*code));
    [
        format!("{} {refs:?} {:?} {:?}", tree.name, upstreams, tree.since),
        format!("{deny:?} {only:?} {:?}", messages.collect::<Vec<_>>()),
        format!(
            "{update:?} {:?} {:?}",
            tree.enforce,
            weights.collect::<Vec<_>>()
        ),
    ]
    .join("\n")
}

/// What is shown of a policy for the repository of that name.
fn shown(source: &Source, repository: Option<&str>) -> (Policy, String) {
    let written = Written::read(source).unwrap();
    let policy = written.policy(repository).unwrap();
    let text = written.show(&policy, repository.map(|_| "--repository"));
    (policy, text)
}

fn read_back(folder: &Path, text: &str) -> Policy {
    let file = folder.join("shown.toml");
    std::fs::write(&file, text).unwrap();
    policy::load(&Source::File(file), None).unwrap_or_else(|faults| panic!("{faults}\n{text}"))
}

/// The text without its comments; no value of these policies holds a ` # `.
fn bare(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once("  # ").map_or(line, |(value, _)| value))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The complete example of the documentation, which uses every key.
fn example() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("```toml\nversion ").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    format!("version {example}")
}

const OVER: &str = "extends = 'preset:bpf-next'\ndefault = 'deny'\n\
                    [[path-class]]\nname = 'own'\npaths = ['own/']\n\
                    [[tree]]\nname = 'bpf-next/net'\nenforce = 'warn'\n\
                    severity = { ref-rewound = 'deny' }\nrewind = false\n\
                    [[tree]]\nname = 'bpf'\nmessage = [{ in = 'body', require = '^Fixes: ', reason = 'r' }]\n\
                    [budget]\nseconds = 9\n";

#[test]
fn what_is_shown_means_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        Source::File(file)
    };
    let over = file("over.toml", OVER);
    let twice = file(
        "twice.toml",
        "extends = 'over.toml'\n[[case]]\nname = 'AF_XDP is networking'\npaths = ['net/a']\n",
    );
    let example = file("example.toml", &example());
    let preset = Source::Preset("bpf-next".into());
    for source in [preset, over, twice, example] {
        for repository in [None, Some("bpf"), Some("other")] {
            let (policy, text) = shown(&source, repository);
            let again = read_back(folder.path(), &text);
            assert_eq!(meaning(&again), meaning(&policy), "{text}");
            let (_, twice) = shown(&Source::File(folder.path().join("shown.toml")), None);
            assert_eq!(bare(&twice), bare(&text));
        }
    }
}

/// Each value stands on the line that its comment names.
#[test]
fn origins_are_where_the_values_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("over.toml");
    std::fs::write(&file, OVER).unwrap();
    let (_, text) = shown(&Source::File(file.clone()), None);
    let preset = policy::preset::preset("bpf-next").unwrap().text;
    let (mut inherited, mut own) = (0, 0);
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((value, origin)) = line.rsplit_once("  # ") else {
            assert!(matches!(line, "" | "]"), "{line}");
            continue;
        };
        let origin = origin.trim_end_matches(", a ref of another repository");
        if origin == "default" {
            continue;
        }
        let (name, number) = origin.rsplit_once(':').unwrap();
        let source = match name {
            "preset:bpf-next" => preset,
            _ => OVER,
        };
        *(if source == OVER {
            &mut own
        } else {
            &mut inherited
        }) += 1;
        assert!(source != OVER || Path::new(name) == file, "{line}");
        let there = source
            .lines()
            .nth(number.parse::<usize>().unwrap() - 1)
            .unwrap();
        let key = value
            .split(" = ")
            .next()
            .unwrap()
            .trim()
            .trim_end_matches(',');
        let key = key
            .trim_matches(['[', ']', '"'])
            .rsplit('.')
            .next()
            .unwrap();
        assert!(there.contains(key), "{line}\nbut there stands\n{there}");
    }
    assert!(inherited > 200 && own > 10, "{inherited} {own}");
}

#[test]
fn what_is_merged_and_filled_in_is_told() {
    let s = &Sandbox::new(Format::Sha1Files);
    let policy = on(s, "show", OVER);
    let digest = policy::load(&Source::File(s.folder().join("p.toml")), None)
        .unwrap()
        .digest;
    policy
        .ended(
            0,
            &[
                "# policy: p.toml",
                &format!("# digest: {digest}"),
                "# extends: preset:bpf-next (p.toml:2)",
                "version = 1  # p.toml:1",
                "repository = \"bpf-next\"  # preset:bpf-next:11",
                "review-by = 2027-06-01  # preset:bpf-next:13",
                "default = \"deny\"  # p.toml:3",
                "",
                "[[path-class]]  # p.toml:4",
                "name = \"own\"  # p.toml:5",
                "paths = [\"own/\"]  # p.toml:6",
                "neutral = false  # default",
                "",
                "[[path-class]]  # preset:bpf-next:34",
                "name = \"shared\"  # preset:bpf-next:35",
            ],
        )
        .ended(
            0,
            &[
                "create = true  # default",
                "delete = false  # default",
                "rewind = false  # p.toml:11",
                "enforce = \"warn\"  # p.toml:9",
                "",
                "[tree.deny-only]  # preset:bpf-next:311",
                "classes = [\"core\"]  # preset:bpf-next:311",
                "unless = [\"networking\", \"shared\"]  # preset:bpf-next:311",
                "judge = \"series\"  # preset:bpf-next:311",
                "",
                "[tree.severity]  # p.toml:10",
                "ref-rewound = \"deny\"  # p.toml:10",
            ],
        )
        .ended(
            0,
            &[
                "[budget]  # p.toml:15",
                "commits = 100000  # default",
                "tree-objects = 2000000  # default",
                "seconds = 9  # p.toml:16",
            ],
        );
    assert!(!policy.stdout.contains("extends ="), "{}", policy.stdout);
}

#[test]
fn refs_of_other_repositories_and_who_named_this_one() {
    let s = &Sandbox::new(Format::Sha1Files);
    let preset = run(s, &["show", "preset:bpf-next"]);
    let own = "repository = \"bpf-next\"  # preset:bpf-next:11";
    let elsewhere = "preset:bpf-next:325, a ref of another repository";
    preset.ended(0, &[own]).ended(
        0,
        &[
            "refs = [  # preset:bpf-next:325",
            &format!("    \"bpf:refs/heads/master\",  # {elsewhere}"),
            "    \"refs/heads/bpf/master\",  # preset:bpf-next:325",
            "]",
        ],
    );
    let named = run(s, &["show", "preset:bpf-next", "--repository", "bpf"]);
    let here =
        "refs = [\"bpf:refs/heads/master\", \"refs/heads/bpf/master\"]  # preset:bpf-next:325";
    named
        .ended(0, &["repository = \"bpf\"  # --repository"])
        .ended(0, &[here]);
    s.on_server(&["config", "treewarden.repository", "bpf"]);
    let mut command = s.treewarden();
    command.current_dir(s.server()).args(["policy", "show"]);
    let configured = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let line = "repository = \"bpf\"  # git config treewarden.repository\n";
    assert!(configured.contains(line), "{configured}");
}

/// The name of a file is no way into the policy that is shown.
#[test]
fn comments_hold_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a\ndefault = 'deny' #\u{202e}.toml");
    std::fs::write(&file, "version = 1\n").unwrap();
    let (policy, text) = shown(&Source::File(file), None);
    assert!(!text.contains('\u{202e}'));
    let again = read_back(folder.path(), &text);
    assert_eq!(meaning(&again), meaning(&policy));
}

/// Strings that a policy may hold, each where it may.
#[test]
fn any_string_is_shown_as_it_is() {
    let strings = prop::collection::vec(any::<String>(), 3);
    hold(60, strings, |strings| {
        let folder = tempfile::tempdir().unwrap();
        let [name, reason, message] = &strings[..] else {
            unreachable!()
        };
        let name: String = name.chars().filter(|c| !c.is_control()).collect();
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let text = format!(
            "version = 1\n[[tree]]\nname = {}\nrefs = ['refs/heads/t']\n\
             message = [{{ in = 'body', forbid = {}, reason = {} }}]\n\
             [[case]]\nname = 'c'\ntree = {}\nexpect = 'accept'\nmessage = {}\n",
            quoted(&format!("x{name}")),
            quoted(&regex::escape(message)),
            quoted(&format!("x{reason}")),
            quoted(&format!("x{name}")),
            quoted(message),
        );
        let file = folder.path().join("p.toml");
        std::fs::write(&file, text).unwrap();
        let (policy, text) = shown(&Source::File(file), None);
        assert_eq!(meaning(&read_back(folder.path(), &text)), meaning(&policy));
    });
}
