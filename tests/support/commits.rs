//! Commits, made without a file system: any bytes can be a path.

use std::fmt::Write as _;

use super::Sandbox;

/// A commit that is being written.
pub struct Draft<'s> {
    sandbox: &'s Sandbox,
    message: Vec<u8>,
    parents: Vec<String>,
    /// The tree to start from, where it isn't the first parent's.
    tree: Option<String>,
    edits: Vec<u8>,
}

impl Sandbox {
    /// Begins a commit. Its tree is that of its first parent, but for the edits.
    pub fn commit(&self, message: impl AsRef<[u8]>) -> Draft<'_> {
        Draft {
            sandbox: self,
            message: message.as_ref().to_vec(),
            parents: Vec::new(),
            tree: None,
            edits: Vec::new(),
        }
    }

    /// Begins a merge whose tree is git's automatic merge of the parents, folded from the left.
    /// Where that conflicts, the edits must say what to make of it.
    pub fn merge(&self, message: &str, parents: &[&str]) -> Draft<'_> {
        let mut draft = self.commit(message);
        draft.parents = parents.iter().map(|&parent| parent.to_owned()).collect();
        let mut so_far = parents[0].to_owned();
        for (at, parent) in parents.iter().enumerate().skip(1) {
            let tree = self.merged_tree(&so_far, parent);
            if at + 1 < parents.len() {
                let sides = ["-p", so_far.as_str(), "-p", *parent];
                so_far = self.git(&[&["commit-tree", &tree, "-m", "fold"], &sides[..]].concat());
            }
            draft.tree = Some(tree);
        }
        draft
    }

    fn merged_tree(&self, one: &str, other: &str) -> String {
        let mut command = self.git_in(&self.client());
        command.args(["merge-tree", "--write-tree", one, other]);
        let output = super::sandbox::run(&mut command, b"");
        assert!(matches!(output.status, Some(0 | 1)), "{}", output.errors());
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().next().unwrap().to_owned()
    }

    /// A commit on `parent` that touches one path.
    pub fn touch(&self, parent: &str, path: impl AsRef<[u8]>) -> String {
        let subject = [b"touch ", path.as_ref()].concat();
        self.commit(subject).on(parent).touch(path).make()
    }

    /// A first commit, with a file of each class.
    pub fn base(&self) -> String {
        self.commit("Linux 6.12")
            .write("kernel/bpf/verifier.c", "int verifier;\n")
            .write("net/core/dev.c", "int dev;\n")
            .write("Makefile", "all:\n")
            .make()
    }

    /// A base that stands on `master` and `net` of the server.
    pub fn started(&self) -> String {
        let base = self.base();
        self.seed(&base, &["master", "net"]);
        base
    }

    /// `count` commits on `parent`, one on another, each touching the path that `path` gives.
    pub fn line(&self, parent: &str, count: usize, path: impl Fn(usize) -> String) -> String {
        let mut stream = Vec::new();
        for at in 0..count {
            let draft = self.commit(format!("patch {at}"));
            let from = if at == 0 {
                parent.into()
            } else {
                format!(":{at}")
            };
            let draft = draft.on(&from).touch(path(at));
            draft.stream(at + 1, &mut stream);
        }
        self.import(stream, count)
    }

    /// Stores a tree object with these entries, well-formed or not.
    pub fn raw_tree(&self, entries: &[(&str, &[u8], &str)]) -> String {
        let mut raw = Vec::new();
        for (mode, name, oid) in entries {
            raw.extend(mode.bytes());
            raw.push(b' ');
            raw.extend(*name);
            raw.push(0);
            raw.extend(unhex(oid));
        }
        self.raw_object("tree", &raw)
    }

    /// Stores an object whose bytes git wouldn't write.
    pub fn raw_object(&self, kind: &str, raw: &[u8]) -> String {
        self.git_with(
            &["hash-object", "-w", "--stdin", "-t", kind, "--literally"],
            raw,
        )
    }

    /// Stores a file's contents.
    pub fn blob(&self, text: &str) -> String {
        self.raw_object("blob", text.as_bytes())
    }

    /// The tree object of a commit.
    pub fn tree_of(&self, commit: &str) -> String {
        self.git(&["rev-parse", &format!("{commit}^{{tree}}")])
    }

    /// A commit of this tree object on `parents`.
    pub fn commit_tree(&self, tree: &str, parents: &[&str]) -> String {
        self.raw_commit(tree, parents, "an odd tree\n")
    }

    /// The same with the whole message given.
    pub fn raw_commit(&self, tree: &str, parents: &[&str], message: &str) -> String {
        let mut text = format!("tree {tree}\n");
        for parent in parents {
            writeln!(text, "parent {parent}").unwrap();
        }
        let date = self.next_date();
        for role in ["author", "committer"] {
            writeln!(text, "{role} {} {date} +0000", Draft::PERSON).unwrap();
        }
        self.raw_object("commit", format!("{text}\n{message}").as_bytes())
    }

    fn import(&self, mut stream: Vec<u8>, last: usize) -> String {
        stream.extend(format!("get-mark :{last}\ndone\n").bytes());
        self.git_with(&["fast-import", "--quiet", "--force", "--done"], &stream)
    }
}

impl Draft<'_> {
    const PERSON: &'static str = "A U Thor <author@example.com>";

    /// Adds a parent.
    pub fn on(mut self, parent: &str) -> Self {
        self.parents.push(parent.into());
        self
    }

    /// Writes a file.
    pub fn write(self, path: impl AsRef<[u8]>, text: &str) -> Self {
        self.inline("100644", path.as_ref(), text)
    }

    /// Writes a file that may be executed.
    pub fn executable(self, path: &str, text: &str) -> Self {
        self.inline("100755", path.as_bytes(), text)
    }

    /// Makes a symbolic link.
    pub fn link(self, path: &str, target: &str) -> Self {
        self.inline("120000", path.as_bytes(), target)
    }

    /// Puts a commit of another repository at the path.
    pub fn gitlink(mut self, path: &str, commit: &str) -> Self {
        self.edit(format!("M 160000 {commit} ").as_bytes(), path.as_bytes());
        self
    }

    /// Writes something into a file that no other commit wrote.
    pub fn touch(self, path: impl AsRef<[u8]>) -> Self {
        let text = format!("touched at {}\n", self.sandbox.next_date());
        self.write(path, &text)
    }

    /// Removes a file or a folder.
    pub fn delete(mut self, path: &str) -> Self {
        self.edit(b"D ", path.as_bytes());
        self
    }

    /// Moves a file or a folder.
    pub fn rename(mut self, from: &str, to: &str) -> Self {
        self.edits.extend(b"R ");
        quote(from.as_bytes(), &mut self.edits);
        self.edits.push(b' ');
        quote(to.as_bytes(), &mut self.edits);
        self.edits.push(b'\n');
        self
    }

    /// Stores the commit and gives its name.
    pub fn make(self) -> String {
        let mut stream = Vec::new();
        self.stream(1, &mut stream);
        self.sandbox.import(stream, 1)
    }

    fn inline(mut self, mode: &str, path: &[u8], text: &str) -> Self {
        self.edit(format!("M {mode} inline ").as_bytes(), path);
        self.edits
            .extend(format!("data {}\n{text}\n", text.len()).bytes());
        self
    }

    fn edit(&mut self, what: &[u8], path: &[u8]) {
        self.edits.extend(what);
        quote(path, &mut self.edits);
        self.edits.push(b'\n');
    }

    fn stream(&self, mark: usize, out: &mut Vec<u8>) {
        let date = self.sandbox.next_date();
        out.extend(format!("commit refs/heads/scratch\nmark :{mark}\n").bytes());
        for role in ["author", "committer"] {
            out.extend(format!("{role} {} {date} +0000\n", Self::PERSON).bytes());
        }
        let mut message = self.message.clone();
        if !message.ends_with(b"\n") {
            message.push(b'\n');
        }
        out.extend(format!("data {}\n", message.len()).bytes());
        out.extend(message);
        for (at, parent) in self.parents.iter().enumerate() {
            let key = if at == 0 { "from" } else { "merge" };
            out.extend(format!("{key} {parent}\n").bytes());
        }
        if let Some(tree) = &self.tree {
            out.extend(format!("M 040000 {tree} \"\"\n").bytes());
        }
        out.extend(&self.edits);
        out.push(b'\n');
    }
}

/// Quotes a path as git's streams want it, whatever its bytes.
fn quote(path: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in path {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            0x20..=0x7e => out.push(*byte),
            _ => out.extend(format!("\\{byte:03o}").bytes()),
        }
    }
    out.push(b'"');
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits = (0..hex.len()).step_by(2);
    digits
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}
