//! What is wrong with a policy, or with what it needs.

use super::*;

#[test]
fn the_policy_is_not_there() {
    let s = one();
    let policy = install_text(&s, SMALL);
    examined(&s).is_well();
    std::fs::remove_file(&policy).unwrap();
    examined(&s)
        .fails(&["policy", "canary"])
        .says("policy", "policy.toml")
        .says("canary", "was refused otherwise: error:");
}

#[test]
fn no_policy_is_named() {
    let s = one();
    s.on_server(&["config", "--unset", "treewarden.policy"]);
    let none = examined(&s);
    none.fails(&["policy", "canary"])
        .says("policy", "this repository has no policy");
    let help = none.help("policy").replace("POLICY", "policy.toml");
    sh(&s, &help);
    examined(&s).is_well();
}

#[test]
fn every_fault_of_the_policy_is_told() {
    let s = one();
    let policy = install_text(&s, SMALL);
    std::fs::write(&policy, format!("version = 1\nx = 1\ny = 2\n{SMALL}")).unwrap();
    let examined = examined(&s);
    examined
        .fails(&["policy", "canary"])
        .says("policy", "policy.toml:2: unknown key `x`")
        .says("policy", "policy.toml:3: unknown key `y`");
}

#[test]
fn the_policy_is_a_link() {
    let s = one();
    let policy = install_text(&s, SMALL);
    let kept = s.folder().join("kept.toml");
    std::fs::rename(&policy, &kept).unwrap();
    symlink("kept.toml", &policy).unwrap();
    examined(&s)
        .fails(&["policy", "canary"])
        .says("policy", "a policy that is in force is no symbolic link");
    std::fs::remove_file(&kept).unwrap();
    examined(&s).fails(&["policy", "canary"]);
}

#[test]
fn what_the_policy_extends_is_named() {
    let s = one();
    install_text(&s, "extends = \"preset:bpf-next\"\n");
    examined(&s)
        .is_well()
        .says("policy", "policy.toml, which extends preset:bpf-next");
}

/// What has no path of its own is found from a scratch repository too.
#[test]
fn a_policy_in_the_git_directory_is_found() {
    everywhere(|s| {
        healthy(s);
        s.on_server(&["config", "--unset", "treewarden.policy"]);
        let text = format!("version = 1\n{SMALL}");
        std::fs::write(s.server().join("treewarden.toml"), &text).unwrap();
        examined(s).is_well().says("policy", "treewarden.toml");
        std::fs::write(s.server().join("other.toml"), &text).unwrap();
        s.on_server(&["config", "treewarden.policy", "other.toml"]);
        examined(s).is_well().says("policy", "other.toml");
    });
}

#[test]
fn anybody_can_change_the_policy() {
    let s = one();
    let policy = install_text(&s, SMALL);
    set_mode(&policy, 0o646);
    let examined = examined(&s);
    examined
        .fails(&["policy", "writable", "canary"])
        .says("policy", "everybody can write this policy")
        .says("writable", "everybody can change");
    examined.is_mended_by(&s, "writable");
}

#[test]
fn anybody_can_put_another_policy_in_its_place() {
    let s = one();
    let folder = s.folder().join("etc");
    std::fs::create_dir(&folder).unwrap();
    let policy = install_text(&s, SMALL);
    std::fs::rename(&policy, folder.join("base.toml")).unwrap();
    install_text(&s, "extends = \"etc/base.toml\"\n");
    examined(&s).is_well();
    set_mode(&folder, 0o777);
    let open = examined(&s);
    open.fails(&["writable"]).says("writable", "etc");
    // In such a folder nobody can replace what is another's.
    set_mode(&folder, 0o1777);
    examined(&s).is_well();
    sh(&s, &open.help("writable"));
    assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o775);
}

#[test]
fn anybody_can_change_the_hook() {
    let s = one();
    set_mode(&hook(&s), 0o757);
    let open = examined(&s);
    open.fails(&["writable"]);
    open.is_mended_by(&s, "writable");
    set_mode(&s.server().join("hooks"), 0o777);
    examined(&s).fails(&["writable"]);
}

#[test]
fn anybody_can_name_another_policy() {
    let s = one();
    set_mode(&s.server().join("config"), 0o666);
    let open = examined(&s);
    open.fails(&["writable"])
        .says("writable", "server.git/config");
    sh(&s, &open.help("writable"));
    examined(&s).is_well();
}

#[test]
fn a_policy_past_its_review() {
    let s = one();
    let text = format!("review-by = 2020-02-29\n{SMALL}");
    install_text(&s, &text);
    examined(&s)
        .warns(&["review"])
        .says("review", "was to be reviewed by 2020-02-29");
    install_text(&s, &text.replace("2020", "2096"));
    examined(&s).is_well();
}

#[test]
fn a_tree_that_lets_everything_pass() {
    let s = one();
    for (weight, says) in [
        ("enforce = \"off\"", "nothing is judged there"),
        ("enforce = \"warn\"", "is told and accepted"),
        (
            "severity = { denied-path = \"warn\" }",
            "only warns of denied-path",
        ),
    ] {
        install_text(&s, &format!("{SMALL}{weight}\n"));
        examined(&s)
            .warns(&["enforcement", "canary"])
            .says("enforcement", says)
            .says("canary", "only refs/replace/ was tried");
    }
    // What a tree only warns of, one of its rules can still refuse.
    let weight = "enforce = \"warn\"\nseverity = { denied-path = \"deny\" }\n";
    install_text(&s, &format!("{SMALL}{weight}"));
    examined(&s)
        .is_well()
        .says("canary", "net/canary to refs/heads/master was refused");
}

#[test]
fn a_policy_that_no_longer_denies_networking() {
    let s = one();
    install_text(&s, &SMALL.replace("deny = [\"networking\"]\n", ""));
    examined(&s).warns(&["canary"]).says(
        "canary",
        "no tree of the policy refuses anything for its paths",
    );
    // It still denies a class that no path is in.
    let shadowed = "[[path-class]]\nname = \"all\"\npaths = [\"**\"]\n";
    install_text(&s, &format!("{shadowed}{SMALL}"));
    examined(&s).warns(&["canary"]).says(
        "canary",
        "master: no path was found that breaks denied-path",
    );
}

#[test]
fn no_tree_is_this_repositorys() {
    let s = one();
    install_text(
        &s,
        &SMALL
            .replace("\"refs/heads", "\"bpf-next:refs/heads")
            .replacen("[[", "repository = \"linux\"\n[[", 1),
    );
    let examined_now = examined(&s);
    examined_now
        .is(1, &["trees"], &["canary"])
        .says("trees", "has a ref in the repository linux");
    sh(&s, &examined_now.help("trees").replace("NAME", "bpf-next"));
    examined(&s).is_well();
}

mod upstreams {
    use super::*;

    const DAY: u64 = 24 * 60 * 60;

    #[test]
    fn none_of_its_refs_is_here() {
        let s = one();
        s.on_server(&["update-ref", "-d", "refs/upstream/bpf/main"]);
        let absent = examined(&s);
        absent
            .warns(&["upstreams"])
            .says("upstreams", "bpf: no ref holds it");
        let source = s.folder().join("source.git");
        sh(&s, "git clone -q --bare client.git source.git");
        let (today, url) = (made_at(&s, now()), source.to_str().unwrap());
        s.git(&["push", "-q", url, &format!("{today}:refs/heads/x")]);
        sh(&s, &absent.help("upstreams").replace("URL", url));
        examined(&s).is_well();
    }

    /// What a command would overwrite stays: none is told where a pattern is no refspec, or where
    /// the refspec would reach branches or what a tree governs.
    #[test]
    fn no_help_overwrites_other_refs() {
        let s = one();
        let source = s.folder().join("source.git");
        sh(&s, "git clone -q --bare client.git source.git");
        let (today, url) = (made_at(&s, now()), source.to_str().unwrap());
        s.git(&["push", "-q", url, &format!("{today}:refs/heads/master")]);
        let more = "[[tree]]\nname = \"stable\"\nrefs = [\"refs/stable/*/next\"]\n";
        for (pattern, command) in [
            ("refs/heads/linus-*", None),
            ("refs/heads/*/x", None),
            ("refs/heads/{linus,bpf}", None),
            ("refs/heads/linus", None),
            ("refs/he*", None),
            ("refs/*", None),
            ("refs/**", None),
            ("refs/u/**", None),
            ("refs/u/{a,b}", None),
            ("refs/u/*/x", None),
            ("refs/u/?", None),
            ("refs/remotes/linus/*", None),
            ("refs/tags/linus/*", None),
            ("refs/stable/*", None),
            ("refs/stable/a/b", None),
            ("refs/u/*", Some("'+refs/heads/*:refs/u/*'")),
            ("refs/u/v6*", Some("'+refs/heads/v6*:refs/u/v6*'")),
            (
                "refs/u/o'dd",
                Some("'+refs/heads/BRANCH:refs/u/o'\"'\"'dd'"),
            ),
            ("refs/u/main", Some("+refs/heads/BRANCH:refs/u/main")),
        ] {
            let upstream = format!("[[upstream]]\nname = \"linus\"\nrefs = [\"{pattern}\"]\n");
            let trust = "upstream = [\"linus\"]\n";
            install_text(&s, &format!("{upstream}{SMALL}{trust}{more}"));
            let examined = examined(&s);
            let entries = examined.entries().iter();
            let helps: Vec<&str> = entries
                .filter(|entry| entry["check"] == "upstreams")
                .filter_map(|entry| entry["help"].as_str())
                .collect();
            for help in &helps {
                match command {
                    Some(refspec) => {
                        assert!(help.ends_with(&format!("fetch URL {refspec}")), "{help}")
                    }
                    None => assert!(!help.contains("git") && help.contains(pattern), "{help}"),
                }
            }
            // Patterns that all branches match are fetched, as it were.
            assert!(!helps.is_empty() || pattern == "refs/**", "{pattern}");
        }
    }

    #[test]
    fn nobody_fetches_any_more() {
        let s = one();
        for (days, stale) in [(29, false), (32, true)] {
            let then = made_at(&s, now() - days * DAY);
            s.seed(&then, &["refs/upstream/linus/main"]);
            let examined = examined(&s);
            match stale {
                false => examined.is_well(),
                true => examined.warns(&["upstreams"]),
            };
            let says = format!("linus: the newest of its refs moved {days} days ago");
            examined.says("upstreams", &says);
        }
        let today = made_at(&s, now());
        s.seed(&today, &["refs/upstream/linus/next"]);
        examined(&s).is_well();
    }

    /// Where there is a reflog, it tells when somebody fetched, however old that is.
    #[test]
    fn what_was_fetched_lately_may_be_old() {
        everywhere(|s| {
            healthy(s);
            let old = made_at(s, now() - 400 * DAY);
            let name = "refs/upstream/linus/main";
            s.on_server(&["update-ref", "-d", name]);
            s.seed(&old, &["refs/heads/old"]);
            let mut command = s.git_in(s.server());
            command.args(["update-ref", "--create-reflog", name, &old]);
            command.env("GIT_COMMITTER_DATE", format!("{} +0000", now()));
            assert!(command.status().unwrap().success());
            examined(s)
                .is_well()
                .says("upstreams", "linus: the newest of its refs moved today");
        });
    }

    #[test]
    fn the_policy_names_none() {
        let s = one();
        install_text(&s, SMALL);
        examined(&s)
            .is_well()
            .says("upstreams", "the policy names none");
    }
}
