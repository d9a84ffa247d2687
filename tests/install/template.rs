//! `install --template`: what `git init` makes from it judges its first push.

use std::fs;
use std::path::{Path, PathBuf};

use super::{PRESET, bare, done, git, judges, run, script, snapshot, takes_anything, uninstall};
use crate::support::Sandbox;

fn template(s: &Sandbox) -> PathBuf {
    s.folder().join("the template")
}

fn install(s: &Sandbox) -> String {
    let folder = template(s);
    let place = [
        "install",
        "--template",
        folder.to_str().unwrap(),
        "--policy",
        PRESET,
    ];
    done(s, place)
}

fn remove(s: &Sandbox) -> String {
    done(
        s,
        ["uninstall", "--template", template(s).to_str().unwrap()],
    )
}

/// A repository made from the template.
fn made(s: &Sandbox, name: &str, how: &[&str]) -> PathBuf {
    let option = format!("--template={}", template(s).display());
    git(
        s,
        s.folder(),
        &[&["init", "-q", "-b", "start", &option], how, &[name]].concat(),
    );
    s.folder().join(name)
}

#[test]
fn what_is_made_from_it_judges_at_once() {
    let s = &bare();
    let said = install(s);
    let next = format!(
        "git config --system init.templateDir '{}'\n",
        template(s).display()
    );
    assert!(said.contains(&next), "{said}");
    judges(s, &made(s, "one.git", &["--bare"]));
    judges(
        s,
        &made(
            s,
            "two.git",
            &["--bare", "--object-format=sha1", "--shared"],
        ),
    );
    let work = made(s, "work", &[]);
    git(
        s,
        &work,
        &["config", "receive.denyCurrentBranch", "updateInstead"],
    );
    judges(s, &work);
}

/// The line that it prints is the one that has an effect, but for the file.
#[test]
fn as_the_systems_template() {
    let s = &bare();
    install(s);
    let system = s.folder().join("system");
    let set = format!("git config --file '{}' init.templateDir", system.display());
    let said = install(s);
    let line = said
        .lines()
        .find_map(|line| line.strip_prefix("next:       "))
        .unwrap();
    let line = line.replace("git config --system init.templateDir", &set);
    assert!(
        s.command("sh")
            .args(["-c", &line])
            .status()
            .unwrap()
            .success(),
        "{line}"
    );
    let mut init = s.command("git");
    init.env_remove("GIT_CONFIG_NOSYSTEM")
        .env("GIT_CONFIG_SYSTEM", &system);
    assert!(
        init.args(["init", "-q", "--bare", "new.git"])
            .status()
            .unwrap()
            .success()
    );
    judges(s, &s.folder().join("new.git"));
}

#[test]
fn it_can_be_repeated_and_undone() {
    let s = &bare();
    let before = snapshot(s.folder());
    install(s);
    let installed = snapshot(s.folder());
    install(s);
    done(s, ["install", "--template", template(s).to_str().unwrap()]);
    installed.is_unchanged(s.folder());
    let said = remove(s);
    assert!(said.contains("removed:"), "{said}");
    before.is_unchanged(s.folder());
    assert!(remove(s).contains("nothing to do"));
    before.is_unchanged(s.folder());
}

/// A template that was there before, with a hook and a config of its own.
#[test]
fn what_was_in_it_stays() {
    let s = &bare();
    let folder = template(s);
    fs::create_dir_all(folder.join("hooks")).unwrap();
    script(
        &folder.join("hooks/pre-receive"),
        "echo by the template >&2\n",
    );
    script(&folder.join("hooks/update"), "");
    fs::write(folder.join("config"), "[receive]\n\tfsckObjects = true\n").unwrap();
    let before = snapshot(&folder);
    let said = install(s);
    assert!(said.contains("pre-receive.chained, which runs"), "{said}");
    let repository = made(s, "new.git", &["--bare"]);
    let (base, commit) = (s.base(), "root");
    let bad = s.touch(&base, "net/a.c");
    assert!(!super::push(s, &repository, &bad, "master").0);
    let good = s.commit(commit).touch("kernel/a.c").make();
    let (taken, said) = super::push(s, &repository, &good, "master");
    assert!(taken && said.contains("by the template"), "{said}");
    remove(s);
    before.is_unchanged(&folder);
}

/// The hooks of what was made from it are its own by now.
#[test]
fn what_was_made_from_it_is_undone_by_itself() {
    let s = &bare();
    install(s);
    let repository = made(s, "new.git", &["--bare"]);
    let said = remove(s);
    assert!(said.contains("keeps its hook"), "{said}");
    judges(s, &repository);
    uninstall(s, &repository);
    let config = fs::read_to_string(repository.join("config")).unwrap();
    assert!(!config.contains("treewarden"), "{config}");
    assert!(Path::new(&repository.join("HEAD")).exists());
    takes_anything(s, &repository);
}

#[test]
fn what_fails_changes_nothing() {
    let s = &bare();
    let folder = template(s);
    let folder = folder.to_str().unwrap();
    let before = snapshot(s.folder());
    run(s, ["install", "--template", folder]).ended(2, "--policy");
    run(
        s,
        ["install", "--template", folder, "--policy", "preset:none"],
    )
    .ended(3, "preset");
    before.is_unchanged(s.folder());
    fs::create_dir_all(template(s).join("hooks/pre-receive")).unwrap();
    let before = snapshot(s.folder());
    run(s, ["install", "--template", folder, "--policy", PRESET]).ended(4, "is no file");
    before.is_unchanged(s.folder());
    run(
        s,
        ["install", "--template", "/dev/null", "--policy", PRESET],
    )
    .ended(4, "/dev/null");
}
