//! Each way in which a hook vanishes, or is there and does nothing.

use super::*;

#[test]
fn the_hook_is_not_there() {
    everywhere(|s| {
        healthy(s);
        std::fs::remove_file(hook(s)).unwrap();
        let examined = examined(s);
        examined
            .fails(&["hook", "canary"])
            .says("hook", "git accepts every push unjudged")
            .says(
                "canary",
                "must be refused with replace-ref, and was accepted",
            );
        examined.is_mended_by(s, "hook");
    });
}

#[test]
fn the_folder_of_the_hook_is_not_there() {
    let s = one();
    std::fs::remove_dir_all(s.server().join("hooks")).unwrap();
    let examined = examined(&s);
    examined.fails(&["hook", "canary"]);
    examined.is_mended_by(&s, "hook");
}

#[test]
fn the_hook_is_not_executable() {
    let s = one();
    set_mode(&hook(&s), 0o644);
    let examined = examined(&s);
    examined
        .fails(&["hook", "canary"])
        .says("hook", "is not executable");
    examined.is_mended_by(&s, "hook");
}

/// One that others push to although somebody works in it.
#[test]
fn a_server_with_a_work_tree() {
    let s = one();
    let work = s.folder().join("work");
    sh(&s, "git init -q work");
    sh(&s, "treewarden install --server work --policy policy.toml");
    let examine = || {
        let mut command = s.command(bin(&s).join("treewarden"));
        run(command.arg("doctor").arg(&work))
    };
    examine()
        .warns(&["upstreams"])
        .says("repository", "with a work tree")
        .says("installed", "pre-receive");
    set_mode(&work.join(".git/hooks/pre-receive"), 0o644);
    examine().is(1, &["hook", "canary"], &["upstreams"]);
}

#[test]
fn the_hook_is_a_link_that_leads_nowhere() {
    let s = one();
    std::fs::remove_file(hook(&s)).unwrap();
    symlink("/nonexistent/hook", hook(&s)).unwrap();
    let examined = examined(&s);
    examined
        .fails(&["hook", "canary"])
        .says("hook", "is a dangling symbolic link to /nonexistent/hook");
    examined.is_mended_by(&s, "hook");
}

#[test]
fn a_link_that_leads_to_the_hook_is_as_good() {
    let s = one();
    let kept = s.folder().join("kept");
    std::fs::rename(hook(&s), &kept).unwrap();
    symlink(&kept, hook(&s)).unwrap();
    let shown = format!("a symbolic link to {}", kept.display());
    examined(&s).is_well().says("hook", &shown);
}

#[test]
fn the_hook_is_a_folder() {
    let s = one();
    std::fs::remove_file(hook(&s)).unwrap();
    std::fs::create_dir(hook(&s)).unwrap();
    examined(&s)
        .fails(&["hook", "canary"])
        .says("hook", "is no file")
        .says("canary", "was refused otherwise");
}

/// It is told of, and not run: it would take the canary's push for a real one.
#[test]
fn another_hook_stands_in_its_place() {
    let s = one();
    let marker = s.folder().join("marker");
    let text = format!(
        "#!/bin/sh\n# Somebody's.\ntouch '{}'\nexit 0\n",
        marker.display()
    );
    write_hook(&s, &text);
    let examined = examined(&s);
    examined
        .is(1, &["shim"], &["canary"])
        .says("shim", "another program's hook, which begins `touch ")
        .says("canary", "not tried");
    assert!(!marker.exists());
    sh(&s, &examined.help("canary"));
    super::examined(&s).is_well();
    assert!(!marker.exists());
}

#[test]
fn the_shim_does_not_end_in_exec() {
    let s = one();
    let program = bin(&s).join("treewarden-pre-receive");
    let program = program.display();
    write_hook(
        &s,
        &format!("#!/bin/sh\n'{program}' \"$0\" \"$@\"\nexit 0\n"),
    );
    let examined = examined(&s);
    examined
        .fails(&["shim", "canary"])
        .says("shim", "does not end in `exec`ing it");
    examined.is_mended_by(&s, "shim");
}

#[test]
fn the_shim_leaves_before_its_end() {
    let s = one();
    let shim = std::fs::read_to_string(hook(&s)).unwrap();
    write_hook(
        &s,
        &shim.replace("exec", "[ -n \"$GL_USER\" ] || exit 0\nexec"),
    );
    examined(&s)
        .fails(&["shim", "canary"])
        .says("shim", "does more than to start");
}

/// What the pushes of the canary don't meet: a way out for one user alone.
#[test]
fn the_shim_leaves_before_its_end_for_somebody() {
    let s = one();
    let shim = std::fs::read_to_string(hook(&s)).unwrap();
    let way_out = "[ \"$USER\" = bob ] && exit 0\nexec";
    write_hook(&s, &shim.replace("exec", way_out));
    let open = examined(&s);
    open.fails(&["shim"])
        .says("shim", "can leave pushes unjudged");
    open.is_mended_by(&s, "shim");
    write_hook(&s, &shim.replace("exec", "# [ $USER = bob ]\n\n \t\nexec"));
    examined(&s).is_well();
}

#[test]
fn a_shim_of_an_older_version_is_told_from_this_ones() {
    let s = one();
    let shim = std::fs::read_to_string(hook(&s)).unwrap();
    let first = shim.lines().next().unwrap();
    let program = bin(&s).join("treewarden-pre-receive");
    let older = format!("{first}\nexec '{}'\n", program.display());
    write_hook(&s, &older);
    // Until the template has them, a shim without arguments is this version's.
    match shim == older {
        true => examined(&s).is_well(),
        false => examined(&s).warns(&["shim"]),
    };
}

#[test]
fn the_interpreter_is_not_there() {
    let s = one();
    let shim = std::fs::read_to_string(hook(&s)).unwrap();
    write_hook(&s, &shim.replace("/bin/sh", "/nonexistent/sh"));
    let examined = examined(&s);
    examined
        .fails(&["interpreter", "canary"])
        .says("interpreter", "/nonexistent/sh is not there");
    examined.is_mended_by(&s, "interpreter");
}

#[test]
fn the_interpreter_has_a_carriage_return() {
    let s = one();
    let shim = std::fs::read_to_string(hook(&s)).unwrap();
    write_hook(&s, &shim.replace('\n', "\r\n"));
    examined(&s)
        .fails(&["shim", "interpreter", "canary"])
        .says("interpreter", "/bin/sh\\x0d is not there");
}

#[test]
fn the_binary_is_not_there() {
    let s = one();
    let program = write_program(&s, "");
    std::fs::remove_file(&program).unwrap();
    let examined = examined(&s);
    examined
        .fails(&["binary", "canary"])
        .says("binary", "is not there: every push is refused")
        .says("canary", "was refused otherwise");
    examined.is_mended_by(&s, "binary");
}

#[test]
fn the_binary_is_not_executable() {
    let s = one();
    let built = std::fs::read(bin(&s).join("treewarden-pre-receive")).unwrap();
    let program = write_program(&s, "");
    std::fs::write(&program, built).unwrap();
    set_mode(&program, 0o644);
    let examined = examined(&s);
    examined
        .fails(&["binary", "canary"])
        .says("binary", "is not executable");
    examined.is_mended_by(&s, "binary");
}

#[test]
fn the_binary_is_another_one() {
    let s = one();
    let real = bin(&s).join("treewarden-pre-receive");
    let wrapper = format!("#!/bin/sh\nexec '{}' \"$@\"\n", real.display());
    write_program(&s, &wrapper);
    // The pushes that count are refused: it may well be an older version.
    let examined = examined(&s);
    examined
        .warns(&["binary"])
        .says("binary", "is another than");
    examined.is_mended_by(&s, "binary");
}

#[test]
fn without_the_hooks_program_beside_it_no_version_can_be_told() {
    let s = one();
    let alone = s.folder().join("alone");
    std::fs::create_dir(&alone).unwrap();
    std::fs::copy(bin(&s).join("treewarden"), alone.join("treewarden")).unwrap();
    let mut command = s.command(alone.join("treewarden"));
    run(command.arg("doctor").arg(s.server())).warns(&["binary"]);
}

#[test]
fn a_chained_hook_that_git_would_not_run_is_ignored() {
    let s = one();
    let chained = s.server().join("hooks/pre-receive.chained");
    std::fs::write(&chained, "#!/bin/sh\n").unwrap();
    set_mode(&chained, 0o644);
    let ignored = examined(&s);
    ignored
        .warns(&["chained-hook"])
        .says("chained-hook", "is not executable: it is ignored");
    ignored.is_mended_by(&s, "chained-hook");
    std::fs::remove_file(&chained).unwrap();
    symlink("gone", &chained).unwrap();
    let dangling = examined(&s);
    dangling
        .warns(&["chained-hook"])
        .says("chained-hook", "dangling");
    dangling.is_mended_by(&s, "chained-hook");
}

/// Whoever copies or links our hook to its own `.chained` has it run itself.
#[test]
fn a_chained_hook_that_is_ours_again() {
    let s = one();
    let chained = s.server().join("hooks/pre-receive.chained");
    let program = bin(&s).join("treewarden-pre-receive");
    let placed: [&dyn Fn(); 5] = [
        &|| symlink("pre-receive", &chained).unwrap(),
        &|| std::fs::hard_link(hook(&s), &chained).unwrap(),
        &|| {
            std::fs::copy(hook(&s), &chained).unwrap();
        },
        &|| symlink(&program, &chained).unwrap(),
        &|| {
            let text = format!("#!/bin/sh\n'{}' || exit 0\n", program.display());
            std::fs::write(&chained, text).unwrap();
            set_mode(&chained, 0o755);
        },
    ];
    for place in placed {
        place();
        let examined = examined(&s);
        examined
            .fails(&["chained-hook"])
            .says("chained-hook", "starts treewarden-pre-receive again");
        let help = examined.help("chained-hook");
        let (_, remove) = help.split_once(": ").unwrap();
        sh(&s, remove);
        assert!(chained.symlink_metadata().is_err() && hook(&s).exists());
    }
    let text = "#!/bin/sh\n# Runs after treewarden-pre-receive.\nexit 0\n";
    std::fs::write(&chained, text).unwrap();
    set_mode(&chained, 0o755);
    examined(&s).is_well();
}

mod hooks_path {
    use super::*;

    fn mended(s: &Sandbox, examined: &Examined, says: &str) {
        let lost = hook(s).canonicalize().unwrap();
        examined
            .fails(&["hooks-path", "canary"])
            .says("hooks-path", says)
            .says("hooks-path", lost.to_str().unwrap());
        sh(s, &examined.help("hooks-path"));
    }

    #[test]
    fn the_repository_leads_elsewhere() {
        let s = one();
        s.on_server(&["config", "core.hooksPath", "elsewhere"]);
        mended(&s, &examined(&s), "in the repository's git config");
        examined(&s).is_well();
    }

    #[test]
    fn a_user_leads_elsewhere() {
        let s = one();
        let config = "[core]\n\thooksPath = ~/my-hooks\n";
        std::fs::write(s.folder().join(".gitconfig"), config).unwrap();
        let led = s.folder().join("my-hooks");
        mended(&s, &examined(&s), "in a user's git config");
        examined(&s).is_well();
        // The help is written where no user's configuration reaches, and no push is lost to it.
        std::fs::create_dir(&led).unwrap();
        let base = s.at_ref("master").unwrap();
        s.push(&s.touch(&base, "net/a.c"), "master")
            .rejected("denied-path");
    }

    #[test]
    fn the_system_leads_elsewhere() {
        let s = one();
        let config = s.folder().join("system");
        std::fs::write(&config, "[core]\n\thooksPath = /nonexistent\n").unwrap();
        let examine = || {
            examined_by(&s, |command| {
                command
                    .env_remove("GIT_CONFIG_NOSYSTEM")
                    .env("GIT_CONFIG_SYSTEM", &config);
            })
        };
        mended(&s, &examine(), "in the system's git config");
        examine().is_well();
    }

    #[test]
    fn the_environment_leads_elsewhere() {
        let s = one();
        let examined = examined_by(&s, |command| {
            command
                .env("GIT_CONFIG_COUNT", "1")
                .env("GIT_CONFIG_KEY_0", "core.hooksPath")
                .env("GIT_CONFIG_VALUE_0", "/nonexistent");
        });
        examined
            .fails(&["hooks-path", "canary"])
            .says("hooks-path", "in the environment");
    }

    #[test]
    fn an_empty_one_leads_to_the_top() {
        let s = one();
        s.on_server(&["config", "core.hooksPath", ""]);
        mended(&s, &examined(&s), "leads git to /, past");
        examined(&s).is_well();
    }

    /// Another folder is as good where the hook is there: by the repository's own word for
    /// everybody, by a user's for that user.
    #[test]
    fn another_folder_with_the_hook_is_as_good() {
        let s = one();
        let elsewhere = s.server().join("more/hooks");
        std::fs::create_dir_all(&elsewhere).unwrap();
        for name in ["pre-receive", "post-receive"] {
            let hook = s.server().join("hooks").join(name);
            std::fs::rename(hook, elsewhere.join(name)).unwrap();
        }
        s.on_server(&["config", "core.hooksPath", "more/hooks"]);
        examined(&s)
            .is_well()
            .says("hook", elsewhere.join("pre-receive").to_str().unwrap());
        s.on_server(&["config", "--unset", "core.hooksPath"]);
        let config = format!("[core]\n\thooksPath = {}\n", elsewhere.display());
        std::fs::write(s.folder().join(".gitconfig"), config).unwrap();
        let users = examined(&s);
        users
            .warns(&["hooks-path"])
            .says("hooks-path", "another user's git looks elsewhere");
        users.is_mended_by(&s, "hooks-path");
    }

    #[test]
    fn the_own_folder_by_another_name_is_the_own_folder() {
        let s = one();
        s.on_server(&["config", "core.hooksPath", "refs/../hooks"]);
        examined(&s).is_well().says("hooks-path", "also by");
    }
}
