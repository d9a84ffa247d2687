//! The steps one by one: wherever the work ends, what is in force is the policy before or the new
//! one, never none and never a third.

use std::fs;
use std::os::unix::fs::symlink;

use treewarden::ambient::Ambient;
use treewarden::deploy::{Deployment, Step, Target};
use treewarden::git::Repo;
use treewarden::hook::{server_policy, server_policy_source};
use treewarden::policy::load_draft;

use super::{denying, own_file};
use crate::support::{Sandbox, everywhere};

fn repo(s: &Sandbox) -> Repo {
    Repo::open(s.server(), Ambient::read().git).unwrap()
}

/// Does `work` on a deployment of the policy that denies `kernel`.
fn deploying(s: &Sandbox, work: impl Fn(&Deployment<'_>)) {
    let repo = repo(s);
    let source = server_policy_source(&repo).ok();
    let target = Target::of(&repo, source.as_ref()).unwrap();
    let text = denying("kernel");
    let new = load_draft(&target.draft(&text), None).unwrap();
    let before = target.text().unwrap();
    work(&Deployment {
        target: &target,
        text: &text,
        digest: &new.digest,
        before: before.as_deref(),
    });
}

/// What stands for the digest where nothing is in force, and so every push is refused.
const REFUSED: &str = "refused";

/// From this state on: the digest in force after no step, after one, and so on, and the new one.
fn in_force_after_each(s: &Sandbox, state: impl Fn(&Sandbox)) -> (Vec<Step>, Vec<String>, String) {
    state(s);
    let digest = || match server_policy(&repo(s)) {
        Ok(policy) => policy.digest,
        Err(_) => REFUSED.into(),
    };
    let mut all = vec![digest()];
    let (steps, new) = (std::cell::RefCell::default(), std::cell::RefCell::default());
    deploying(s, |deployment| {
        *steps.borrow_mut() = deployment.steps();
        new.replace(deployment.digest.to_owned());
    });
    let steps: Vec<Step> = steps.into_inner();
    for at in 0..steps.len() {
        // Each time from the start; the repository is opened anew for each look.
        state(s);
        deploying(s, |deployment| {
            for step in deployment.steps().into_iter().take(at + 1) {
                deployment.take(step, &repo(s)).unwrap();
            }
        });
        all.push(digest());
    }
    (steps, all, new.into_inner())
}

/// Clears what an earlier round left, and lets the config say this.
fn reset(s: &Sandbox, configured: Option<&str>) {
    for name in ["treewarden.toml", "treewarden.toml.previous"] {
        let _ = fs::remove_file(own_file(s).with_file_name(name));
    }
    match configured {
        Some(text) => s.on_server(&["config", "treewarden.policy", text]),
        None => s.on_server(&["config", "--unset-all", "treewarden.policy"]),
    };
}

#[test]
fn a_preset_stays_in_force_until_the_last_step() {
    everywhere(|s| {
        let (steps, all, new) = in_force_after_each(s, |s| reset(s, Some("preset:bpf-next")));
        assert_eq!(steps, [Step::Replace, Step::Point]);
        assert!(all[0] == all[1] && all[1] != new && all[2] == new);
    });
}

#[test]
fn a_file_that_judged_nothing_does_so_in_no_step_in_between() {
    everywhere(|s| {
        let (steps, all, new) = in_force_after_each(s, |s| {
            reset(s, Some("preset:bpf-next"));
            fs::write(own_file(s), denying("net")).unwrap();
        });
        assert_eq!(steps, [Step::Keep, Step::Replace, Step::Point]);
        assert!(all[0] == all[1] && all[1] == all[2] && all[2] != new && all[3] == new);
    });
}

#[test]
fn the_file_in_force_changes_with_one_step() {
    everywhere(|s| {
        let unset = |s: &Sandbox| {
            s.on_server(&["config", "treewarden.policy", "x"]);
            reset(s, None);
            fs::write(own_file(s), denying("net")).unwrap();
        };
        let (steps, all, new) = in_force_after_each(s, unset);
        assert_eq!(steps, [Step::Keep, Step::Replace]);
        assert!(all[0] == all[1] && all[1] != new && all[2] == new);
    });
}

#[test]
fn a_link_gives_way_in_one_step() {
    everywhere(|s| {
        let shared = s.folder().join("shared.toml");
        fs::write(&shared, denying("net")).unwrap();
        let linked = |s: &Sandbox| {
            s.on_server(&["config", "treewarden.policy", "x"]);
            reset(s, None);
            symlink(&shared, own_file(s)).unwrap();
        };
        let (steps, all, new) = in_force_after_each(s, linked);
        assert_eq!(steps, [Step::Keep, Step::Replace, Step::Point]);
        assert_eq!(all, [REFUSED, REFUSED, &new, &new]);
        assert_eq!(fs::read_to_string(&shared).unwrap(), denying("net"));
    });
}

/// Two administrators at once: the second one's text was made from another file.
#[test]
fn a_file_that_was_changed_meanwhile_is_not_replaced() {
    everywhere(|s| {
        s.on_server(&["config", "treewarden.policy", "treewarden.toml"]);
        fs::write(own_file(s), denying("net")).unwrap();
        deploying(s, |deployment| {
            fs::write(own_file(s), denying("docs")).unwrap();
            let error = deployment.carry_out(&repo(s)).unwrap_err();
            assert!(error.to_string().contains("changed meanwhile"), "{error}");
        });
        assert_eq!(fs::read_to_string(own_file(s)).unwrap(), denying("docs"));
    });
}

/// What was judged to be valid is what has to be on the disk.
#[test]
fn another_text_than_was_judged_is_not_put_into_force() {
    everywhere(|s| {
        deploying(s, |deployment| {
            let text = denying("docs");
            let other = Deployment {
                text: &text,
                ..*deployment
            };
            assert!(other.carry_out(&repo(s)).is_err());
        });
        assert!(!own_file(s).exists());
        assert_eq!(
            s.on_server(&["config", "treewarden.policy"]),
            "preset:bpf-next"
        );
    });
}

/// No temporary file stays behind, whether it was put into force or not.
#[test]
fn nothing_is_left_lying_about() {
    everywhere(|s| {
        let names = || {
            let entries = fs::read_dir(s.server()).unwrap();
            let mut names: Vec<String> = entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        let mut before = names();
        deploying(s, |deployment| deployment.carry_out(&repo(s)).unwrap());
        before.push("treewarden.toml".into());
        before.sort();
        assert_eq!(names(), before);
        // A folder in the file's place: it can't be replaced.
        fs::remove_file(own_file(s)).unwrap();
        fs::create_dir(own_file(s)).unwrap();
        let repo = repo(s);
        let preset = treewarden::policy::Source::Preset("bpf-next".into());
        let target = Target::of(&repo, Some(&preset)).unwrap();
        let text = denying("net");
        let digest = load_draft(&target.draft(&text), None).unwrap().digest;
        let deployment = Deployment {
            target: &target,
            text: &text,
            digest: &digest,
            before: None,
        };
        assert!(deployment.carry_out(&repo).is_err());
        assert_eq!(names(), before);
    });
}
