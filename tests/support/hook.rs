//! The hook fed by hand, and a client that speaks git's protocol byte by byte: what an honest git
//! would never send.

use std::process::Command;

use super::Sandbox;
use super::sandbox::{Output, run};

/// What came of running the hook.
pub struct HookRun(Output);

impl Sandbox {
    /// The hook's binary, as receive-pack would start it but for a quarantine.
    pub fn hook_command(&self) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_treewarden-pre-receive"));
        command.env("GIT_DIR", ".").current_dir(self.server());
        command
    }

    /// Feeds the hook.
    pub fn hook(&self, stdin: impl AsRef<[u8]>) -> HookRun {
        HookRun::of(&mut self.hook_command(), stdin.as_ref())
    }

    /// Talks to receive-pack: these lines as commands, then a pack with the objects that
    /// `commits` need; answers with all that it said.
    pub fn raw_push(&self, lines: &[Vec<u8>], commits: &[&str]) -> String {
        let pack = match commits {
            [] => Vec::new(),
            _ => self.pack(&["--revs"], commits),
        };
        self.raw_push_of(lines, pack)
    }

    /// The same with a pack of these objects alone, whatever they need.
    pub fn raw_push_objects(&self, lines: &[Vec<u8>], objects: &[&str]) -> String {
        self.raw_push_of(lines, self.pack(&[], objects))
    }

    fn raw_push_of(&self, lines: &[Vec<u8>], pack: Vec<u8>) -> String {
        let mut input = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let mut line = line.clone();
            if at == 0 {
                let format = self.format.objects();
                line.extend(format!("\0report-status object-format={format}").bytes());
            }
            input.extend(pkt_line(&line));
        }
        input.extend(b"0000");
        input.extend(pack);
        let mut command = self.command("git");
        command.arg("receive-pack").arg(self.server());
        let output = run(&mut command, &input);
        let said = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&said).into_owned()
    }

    fn pack(&self, options: &[&str], objects: &[&str]) -> Vec<u8> {
        let mut command = self.git_in(&self.client());
        command
            .args(["pack-objects", "--stdout", "-q"])
            .args(options);
        run(&mut command, format!("{}\n", objects.join("\n")).as_bytes()).stdout
    }
}

impl HookRun {
    /// Runs the command.
    pub fn of(command: &mut Command, stdin: &[u8]) -> Self {
        Self(run(command, stdin))
    }

    /// It ended with this status and said this.
    pub fn ended(&self, status: i32, text: &str) -> &Self {
        let said = self.0.errors();
        assert_eq!(self.0.status, Some(status), "{said}");
        assert!(said.contains(text), "no {text:?} in:\n{said}");
        self
    }

    /// It rejected, naming this rule.
    pub fn rejected(&self, code: &str) -> &Self {
        self.ended(1, &format!("error[{code}]"))
    }

    /// What it printed on standard output, raw.
    pub fn printed(&self) -> &[u8] {
        &self.0.stdout
    }

    /// All that it said, raw.
    pub fn raw(&self) -> &[u8] {
        &self.0.stderr
    }
}

/// A line of git's protocol.
fn pkt_line(bytes: &[u8]) -> Vec<u8> {
    let mut line = format!("{:04x}", bytes.len() + 4).into_bytes();
    line.extend(bytes);
    line
}
