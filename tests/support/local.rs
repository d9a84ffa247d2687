//! A developer's clone of the sandbox's server, with pre-push in it, and what came of its pushes.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::push::RECEIPT;
use super::sandbox::{Output, full, run};
use super::{HookRun, Sandbox};

/// How the first line begins that isn't the hook's any more.
const AFTERWARDS: [&str; 5] = [
    "To ",
    "remote: ",
    "error: failed to push",
    "Everything up-to-date",
    "fatal: ",
];

/// The word to those who wait: whether it is said hangs on how busy the machine is.
const PROGRESS: &str = "treewarden: still judging";

/// A clone.
pub struct Local<'s> {
    sandbox: &'s Sandbox,
    /// Where its user stands: the worktree, or the git directory of a bare one.
    here: PathBuf,
}

impl Sandbox {
    /// A clone with everything that the server has, upstreams too, and pre-push for `origin`.
    pub fn local(&self) -> Local<'_> {
        let local = self.cloned(self.server(), "local", &[]);
        local.git(&["config", "--add", "remote.origin.fetch", UPSTREAMS]);
        local.git(&["fetch", "-q", "origin"]);
        local.guard("origin");
        local
    }

    /// What `git clone` makes of a repository with these options; nothing is installed in it.
    pub fn cloned(
        &self,
        url: impl AsRef<OsStr>,
        folder: impl AsRef<OsStr>,
        options: &[&str],
    ) -> Local<'_> {
        let here = self.folder().join(folder.as_ref());
        let mut command = self.command("git");
        command.args(["clone", "-q"]).args(options);
        if !self.format.has_files() {
            command.arg("--ref-format=reftable");
        }
        run(command.arg(url.as_ref()).arg(&here), b"").text();
        let local = self.local_at(here);
        // Nothing may still be at work when the folder is removed.
        local.git(&["config", "gc.auto", "0"]);
        local.git(&["config", "maintenance.auto", "false"]);
        local
    }

    /// A repository that is already there.
    pub fn local_at(&self, here: PathBuf) -> Local<'_> {
        Local {
            sandbox: self,
            here,
        }
    }

    /// The server's repository as a URL, which clones by git's protocol and not by copying.
    pub fn file_url(&self) -> String {
        format!("file://{}", self.server().display())
    }

    /// Lets the server serve any object, by itself and without others.
    pub fn serve_partial_clones(&self) {
        for key in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
            self.on_server(&["config", key, "true"]);
        }
    }

    /// A base on `master` and `net`, and at the tip of each upstream of the preset.
    pub fn started_with_upstreams(&self) -> String {
        let base = self.started();
        self.seed(
            &base,
            &[
                "refs/upstream/linus/master",
                "refs/upstream/bpf/master",
                "refs/upstream/net-next/main",
            ],
        );
        base
    }
}

/// What brings a server's upstreams into a clone.
pub const UPSTREAMS: &str = "+refs/upstream/*:refs/upstream/*";

impl<'s> Local<'s> {
    /// Where its user stands.
    pub fn here(&self) -> &Path {
        &self.here
    }

    /// Its git directory, absolute.
    pub fn git_dir(&self) -> PathBuf {
        let output = self.run_git(&["rev-parse", "--absolute-git-dir"]);
        assert_eq!(output.status, Some(0), "{}", output.errors());
        PathBuf::from(OsStr::from_bytes(output.stdout.trim_ascii_end()))
    }

    /// The git directory that its worktrees share.
    fn common_dir(&self) -> PathBuf {
        let output = self.run_git(&["rev-parse", "--git-common-dir"]);
        self.here
            .join(OsStr::from_bytes(output.stdout.trim_ascii_end()))
    }

    /// Puts pre-push in, with the server's policy, for a remote.
    pub fn guard(&self, remote: &str) -> &Self {
        let policy = self
            .sandbox
            .on_server(&["config", "--default", "", "treewarden.policy"]);
        self.git(&["config", "treewarden.policy", &policy]);
        self.git(&["config", &format!("remote.{remote}.treewarden"), "true"]);
        self.shim();
        self
    }

    /// From now on the server takes pushes and fetches of `origin`, but answers nobody who asks by
    /// its URL what its refs hold.
    pub fn unanswered(&self) -> &Self {
        let server = self.sandbox.server().to_str().unwrap();
        self.git(&["config", "remote.origin.url", "server:"]);
        self.git(&["config", &format!("url.{server}.insteadOf"), "server:"]);
        self.git(&["config", "url./nonexistent.insteadOf", server]);
        self
    }

    /// The hook alone.
    pub fn shim(&self) {
        let hook = self.common_dir().join("hooks/pre-push");
        let program = env!("CARGO_BIN_EXE_treewarden-pre-push");
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::write(&hook, format!("#!/bin/sh\nexec {program} \"$0\" \"$@\"\n")).unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A command of its user, in it.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.sandbox.command(program);
        command.current_dir(&self.here);
        command
    }

    fn run_git(&self, arguments: &[&str]) -> Output {
        run(self.command("git").args(arguments), b"")
    }

    /// Runs git in it; it must succeed.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.run_git(arguments).text()
    }

    /// What git answers there; `None` if it fails.
    pub fn git_says(&self, arguments: &[&str]) -> Option<String> {
        let output = self.run_git(arguments);
        (output.status == Some(0)).then(|| output.text())
    }

    /// Brings a commit that the sandbox made, and all that it needs, as from a colleague.
    pub fn take(&self, commit: &str) -> &Self {
        let client = self.sandbox.client();
        self.sandbox
            .git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        self.git(&["fetch", "-q", "--no-tags", client.to_str().unwrap(), commit]);
        self
    }

    /// Brings a commit with no more than what it adds to its parents, as if it were made here.
    pub fn make(&self, commit: &str) -> &Self {
        let parents = self.sandbox.git(&["rev-parse", &format!("{commit}^@")]);
        let range = parents
            .lines()
            .fold(format!("{commit}\n"), |range, parent| {
                format!("{range}^{parent}\n")
            });
        let mut pack = self.sandbox.git_in(&self.sandbox.client());
        pack.args(["pack-objects", "--revs", "--stdout", "-q"]);
        let pack = run(&mut pack, range.as_bytes()).stdout;
        run(self.command("git").args(["unpack-objects", "-q"]), &pack).text();
        self
    }

    /// Pushes a commit of the sandbox's to a ref of `origin`.
    pub fn push(&self, commit: &str, name: &str) -> LocalPush<'s> {
        self.push_all(&[(commit, name)])
    }

    /// Pushes several at once; an empty commit deletes.
    pub fn push_all(&self, updates: &[(&str, &str)]) -> LocalPush<'s> {
        self.push_to("origin", updates)
    }

    /// The same to another remote, or with options before it.
    pub fn push_to(&self, to: &str, updates: &[(&str, &str)]) -> LocalPush<'s> {
        let mut arguments: Vec<String> = to.split(' ').map(str::to_owned).collect();
        for (commit, name) in updates {
            if !commit.is_empty() {
                self.take(commit);
            }
            arguments.push(format!("{commit}:{}", full(name)));
        }
        self.push_as(&arguments)
    }

    /// Runs `git push` with these arguments.
    pub fn push_as<A: AsRef<OsStr>>(&self, arguments: &[A]) -> LocalPush<'s> {
        self.push_with(arguments, |_| {})
    }

    /// The same with the command changed before it runs.
    pub fn push_with<A: AsRef<OsStr>>(
        &self,
        arguments: &[A],
        change: impl FnOnce(&mut Command),
    ) -> LocalPush<'s> {
        let trace = self.sandbox.folder().join("trace");
        let _ = std::fs::remove_file(&trace);
        let before = self.sandbox.refs();
        let mut command = self.command("git");
        command.env("GIT_TRACE2_EVENT", &trace);
        change(&mut command);
        let output = run(command.arg("push").args(arguments), b"");
        LocalPush {
            sandbox: self.sandbox,
            output,
            before,
            trace: String::from_utf8_lossy(&std::fs::read(&trace).unwrap()).into_owned(),
        }
    }

    /// Runs the hook by hand, as git would for a remote at the server.
    pub fn hook(&self, stdin: impl AsRef<[u8]>) -> HookRun {
        let server = self.sandbox.server().as_os_str().to_owned();
        let mut command = self.hook_command(&["origin".into(), server]);
        HookRun::of(&mut command, stdin.as_ref())
    }

    /// The hook with these arguments.
    pub fn hook_command(&self, arguments: &[OsString]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_treewarden-pre-push"));
        command.args(arguments);
        command
    }
}

/// A push from a clone.
pub struct LocalPush<'s> {
    sandbox: &'s Sandbox,
    output: Output,
    before: BTreeMap<String, String>,
    /// What git tells of the processes that it starts, here and on the server.
    trace: String,
}

impl LocalPush<'_> {
    /// Returns true if and only if the remote was asked what its refs hold.
    pub fn asked_remote(&self) -> bool {
        self.trace.contains("ls-remote")
    }

    /// Everything that came to the terminal.
    pub fn all(&self) -> String {
        self.output.errors()
    }

    /// The same, raw.
    pub fn raw(&self) -> &[u8] {
        &self.output.stderr
    }

    /// What pre-push printed: git says nothing before it.
    pub fn ours(&self) -> String {
        let text = self.all();
        let lines = text
            .lines()
            .take_while(|line| !AFTERWARDS.iter().any(|start| line.starts_with(start)));
        joined(lines)
    }

    /// What the server's hook printed, without git's own prefix and without the receipt, which
    /// no client's hook has.
    pub fn servers(&self) -> String {
        let text = self.all();
        let lines = text
            .lines()
            .filter_map(|line| line.strip_prefix("remote: "))
            .filter(|line| !line.starts_with(RECEIPT));
        joined(lines.map(str::trim_end))
    }

    /// What pre-push printed, in the words of the server's hook: they differ in whose word it is.
    pub fn as_servers(&self) -> String {
        let refused = "advice: refused before anything was sent";
        let lines = self.ours().replace(refused, "refused");
        let lines = lines.replace("treewarden: advice: ", "treewarden: ");
        joined(lines.lines().filter(|line| !line.contains("--no-verify")))
    }

    /// How often pre-push ran.
    pub fn ran(&self, times: usize) -> &Self {
        assert_eq!(self.hooks("pre-push"), times, "{}", self.all());
        self
    }

    fn hooks(&self, name: &str) -> usize {
        let started = format!("\"hook_name\":\"{name}\"");
        self.trace.matches(&started).count()
    }

    /// Objects went to the server, or its hook was asked. Only a push packs with this option: a
    /// partial clone may have fetched meanwhile.
    fn was_sent(&self) -> bool {
        self.trace.contains("\"--all-progress-implied\"") || self.hooks("pre-receive") > 0
    }

    /// pre-push refused by a rule, and nothing was sent.
    pub fn rejected(&self, code: &str) -> &Self {
        self.says(&format!("error[{code}]"))
            .says("treewarden: advice: refused before anything was sent")
            .says("`git push --no-verify`")
            .unsent()
    }

    /// pre-push could not judge the push, and nothing was sent.
    pub fn stopped(&self, why: &str) -> &Self {
        self.says("error: ")
            .says(why)
            .says("--no-verify")
            .says("nothing was sent")
            .unsent()
    }

    /// The push ended here: no ref moved, and the server was asked for nothing but its refs.
    pub fn unsent(&self) -> &Self {
        assert_ne!(self.output.status, Some(0), "{}", self.all());
        assert_eq!(self.sandbox.refs(), self.before, "{}", self.all());
        assert!(!self.was_sent(), "{}", self.all());
        assert_eq!(self.servers(), "", "{}", self.all());
        self
    }

    /// pre-push let it go, and the server refused it by this rule.
    pub fn rejected_by_server(&self, code: &str) -> &Self {
        let said = self.servers();
        assert_ne!(self.output.status, Some(0), "{}", self.all());
        assert!(said.contains(&format!("error[{code}]")), "{}", self.all());
        assert_eq!(self.sandbox.refs(), self.before, "{}", self.all());
        assert!(self.was_sent());
        self
    }

    /// The push was accepted: git says so, and these refs of the server, and no others, are what
    /// they were not before. An empty commit is for a ref that is gone.
    pub fn moved(&self, updates: &[(&str, &str)]) -> &Self {
        assert_eq!(self.output.status, Some(0), "{}", self.all());
        let mut wanted = self.before.clone();
        for (commit, name) in updates {
            match *commit {
                "" => wanted.remove(&full(name)),
                commit => wanted.insert(full(name), commit.into()),
            };
        }
        assert_eq!(self.sandbox.refs(), wanted, "{}", self.all());
        self
    }

    /// pre-push judged it, and found nothing.
    pub fn clean(&self) -> &Self {
        self.says("treewarden: advice: accepted")
            .says_no("error")
            .says_no("warning")
    }

    /// pre-push found this, and let the push go.
    pub fn warned(&self, code: &str) -> &Self {
        self.says(&format!("warning[{code}]"))
            .says("treewarden: advice: accepted")
            .says_no("error")
    }

    /// pre-push had nothing to say.
    pub fn silent(&self) -> &Self {
        assert_eq!(self.ours(), "", "{}", self.all());
        self
    }

    /// pre-push printed the text.
    pub fn says(&self, text: &str) -> &Self {
        assert!(
            self.ours().contains(text),
            "no {text:?} in:\n{}",
            self.all()
        );
        self
    }

    /// pre-push didn't print the text.
    pub fn says_no(&self, text: &str) -> &Self {
        assert!(!self.ours().contains(text), "{text:?} in:\n{}", self.all());
        self
    }

    /// How many commits pre-push says that it judged for the tree.
    pub fn judged(&self, tree: &str, commits: usize) -> &Self {
        let plural = if commits == 1 { "commit" } else { "commits" };
        self.says(&format!("{tree} ({commits} {plural})"))
    }
}

fn joined<'l>(lines: impl Iterator<Item = &'l str>) -> String {
    let lines = lines.filter(|line| !line.starts_with(PROGRESS));
    lines.flat_map(|line| [line, "\n"]).collect()
}
