//! Partial clones: what they lack is fetched where it is needed, and else the push is stopped.

use crate::support::{Format, Local, LocalPush, Sandbox, UPSTREAMS, everywhere};

const FILTERS: [&str; 3] = ["blob:none", "blob:limit=1", "tree:0"];

/// A tree that denies networking, and takes what its upstream has.
fn policy(s: &Sandbox) {
    s.policy(
        "[[path-class]]\nname = \"networking\"\npaths = [\"net/**\"]\n\
         [[upstream]]\nname = \"linus\"\nrefs = [\"refs/upstream/linus/*\"]\n\
         [[tree]]\nname = \"master\"\nrefs = [\"refs/heads/master\"]\n\
         deny = [\"networking\"]\nupstream = [\"linus\"]\n",
    );
}

/// A clone that leaves out what the filter says. Nothing is checked out, which would fetch it.
fn partial<'s>(s: &'s Sandbox, url: &str, filter: &str) -> Local<'s> {
    let folder = filter.replace([':', '='], "-");
    let option = format!("--filter={filter}");
    let local = s.cloned(url, folder, &["--no-checkout", &option]);
    let lacking = local.git(&["rev-list", "--objects", "--missing=print", "--all"]);
    assert!(lacking.contains("\n?"), "{lacking}");
    local.git(&["fetch", "-q", "origin", UPSTREAMS]);
    local
}

fn push<'s>(local: &Local<'s>, commit: &str) -> LocalPush<'s> {
    local.push_as(&["origin", &format!("{commit}:refs/heads/master")])
}

/// Two sides that changed the same file, the one on master, the other on its upstream, and two
/// merges of them: as git would make it, and one by hand.
struct Merges {
    clean: String,
    by_hand: String,
}

fn merges(s: &Sandbox) -> Merges {
    let file = |lines: &str| lines.replace(' ', "\n");
    let draft = |subject: &str, on: &[&String], lines: &str| {
        let draft = on.iter().fold(s.commit(subject), |draft, on| draft.on(on));
        draft.write("net/core/dev.c", &file(lines)).make()
    };
    let base = draft("base", &[], "1 2 3 4 5 ");
    let ours = draft("ours", &[&base], "one 2 3 4 5 ");
    let theirs = draft("theirs", &[&base], "1 2 3 4 five ");
    s.seed(&ours, &["master"]);
    s.seed(&theirs, &["refs/upstream/linus/master"]);
    Merges {
        clean: draft("clean", &[&ours, &theirs], "one 2 3 4 five "),
        by_hand: draft("by hand", &[&ours, &theirs], "one 2 three 4 five "),
    }
}

#[test]
fn plain_commits() {
    let s = &Sandbox::new(Format::Sha1Files);
    policy(s);
    s.serve_partial_clones();
    let base = s.base();
    for filter in FILTERS {
        s.seed(&base, &["master", "refs/upstream/linus/master"]);
        let local = partial(s, &s.file_url(), filter);
        local.guard("origin");
        let good = s.touch(&base, "mm/slab.c");
        let bad = s.touch(&good, "net/core/dev.c");
        local.make(&good).make(&bad);
        push(&local, &bad).rejected("denied-path");
        push(&local, &good).clean().moved(&[(&good, "master")]);
    }
}

/// Whether the merge changed anything itself hangs on contents that were left out.
#[test]
fn merges_of_contents() {
    everywhere(|s| {
        policy(s);
        s.serve_partial_clones();
        for filter in FILTERS {
            let merges = merges(s);
            let local = partial(s, &s.file_url(), filter);
            local.guard("origin");
            local.make(&merges.by_hand).make(&merges.clean);
            let refused = push(&local, &merges.by_hand);
            refused
                .rejected("denied-path")
                .says("resolved by the merge");
            let accepted = push(&local, &merges.clean);
            accepted.clean().judged("master", 1);
            accepted.moved(&[(&merges.clean, "master")]);
        }
    });
}

/// Far more than a handful: each commit's tree is left out.
#[test]
fn a_hundred_trees_that_are_left_out() {
    let s = &Sandbox::new(Format::Sha1Files);
    policy(s);
    s.serve_partial_clones();
    let base = s.base();
    s.seed(&base, &["master", "refs/upstream/linus/master"]);
    let good = s.line(&base, 99, |at| format!("mm/f{at}.c"));
    let bad = s.touch(&good, "net/core/dev.c");
    s.seed(&good, &["good"]);
    s.seed(&bad, &["bad"]);
    let local = partial(s, &s.file_url(), "tree:0");
    local.guard("origin");
    push(&local, &bad).rejected("denied-path");
    push(&local, &good).clean().judged("master", 99);
}

/// Whoever has what is missing is gone. A push that needs it is stopped, and told why; one that
/// doesn't goes on.
#[test]
fn what_is_missing_and_cannot_be_fetched() {
    let s = &Sandbox::new(Format::Sha1Files);
    policy(s);
    let merges = merges(s);
    let plain = s.touch(&s.at_ref("master").unwrap(), "mm/slab.c");
    let mirror = s.cloned(s.server(), "mirror.git", &["--mirror"]);
    for key in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
        mirror.git(&["config", key, "true"]);
    }
    let url = format!("file://{}", mirror.here().display());
    let local = partial(s, &url, "blob:none");
    let server = s.server().to_str().unwrap();
    local.git(&["remote", "add", "work", server]);
    local.git(&["fetch", "-q", "work"]);
    local.guard("work");
    local.make(&merges.clean).make(&plain);
    let push = |commit: &str| local.push_as(&["work", &format!("{commit}:refs/heads/master")]);
    std::fs::rename(mirror.here(), s.folder().join("gone.git")).unwrap();
    let stopped = push(&merges.clean);
    stopped.stopped("is missing in this partial clone, and can't be fetched");
    stopped.says("mirror.git");
    push(&plain).clean().moved(&[(&plain, "master")]);
}

/// Not what a partial clone leaves out, but damage.
#[test]
fn what_is_missing_in_a_whole_clone() {
    let s = &Sandbox::new(Format::Sha1Files);
    policy(s);
    let merges = merges(s);
    let local = s.local();
    local.make(&merges.clean);
    let lost = local.git(&["rev-parse", "origin/master:net/core/dev.c"]);
    let (folder, name) = lost.split_at(2);
    let path = local.git_dir().join("objects").join(folder).join(name);
    std::fs::remove_file(path).unwrap();
    let stopped = push(&local, &merges.clean);
    stopped.stopped(&format!("object {lost} is missing"));
    stopped.says("git fsck");
}
