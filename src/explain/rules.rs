//! What each rule of the tree says of the commit, in words.

use super::Ruling;
use super::story::Teller;
use crate::classify::ClassMask;
use crate::error::Error;
use crate::finding::Code;
use crate::git::{CommitIx, CommitRow, Touched};
use crate::policy::{Deny, DenyOnly, MessageRule, Unit};
use crate::report::escape::{Shown, shortened};
use crate::rules::{Who, messages};

/// How much of a subject is quoted, in characters.
const SUBJECT_WIDTH: usize = 50;

/// The rules about commits, in the order in which they are judged.
pub(super) fn rulings(teller: &Teller<'_, '_>) -> Result<Vec<Ruling>, Error> {
    let tree = teller.case.tree;
    let mut rulings = Vec::new();
    if let Some(rule) = &tree.deny {
        rulings.push(teller.deny(rule)?);
    }
    if let Some(rule) = &tree.deny_only {
        rulings.push(teller.deny_only(rule)?);
    }
    let message = teller.judge.repo.message(teller.row()?.oid)?;
    for rule in &tree.messages {
        rulings.push(teller.message(rule, &message)?);
    }
    Ok(rulings)
}

impl Teller<'_, '_> {
    fn row(&self) -> Result<&CommitRow, Error> {
        self.commits.range.row(self.at)
    }

    fn touched(&self, at: CommitIx) -> Touched {
        self.commits.touched.get(at).copied().unwrap_or_default()
    }

    fn is_merge(&self, at: CommitIx) -> bool {
        let row = self.commits.range.rows.get(at);
        row.is_some_and(CommitRow::is_merge)
    }

    fn broken(&self, code: Code, is_broken: bool) -> Option<(Code, crate::finding::Severity)> {
        is_broken.then(|| (code, self.case.tree.severity(code)))
    }

    fn deny(&self, rule: &Deny) -> Result<Ruling, Error> {
        let is_broken =
            self.commits.broken.iter().any(|broken| {
                broken.code == Code::DeniedPath && broken.who == Who::Commit(self.at)
            });
        let who = match self.is_merge(self.at) {
            true => "the merge itself",
            false => "the commit",
        };
        let words = match is_broken {
            true => format!(
                "{who} changes {}",
                self.example(self.at, Touched::either(rule.classes))?
            ),
            false if rule.classes == ClassMask::EMPTY => "it denies no class".into(),
            false => format!("{who} changes nothing of {}", self.names(rule.classes)),
        };
        Ok(Ruling {
            rule: "deny",
            place: rule.place.clone(),
            broken: self.broken(Code::DeniedPath, is_broken),
            words,
        })
    }

    fn deny_only(&self, rule: &DenyOnly) -> Result<Ruling, Error> {
        let is_broken = self.commits.broken.iter().any(|broken| {
            let offending = match &broken.who {
                Who::Commit(at) => std::slice::from_ref(at),
                Who::Unit { offending, .. } => offending.as_slice(),
            };
            broken.code == Code::OnlyDeniedPaths
                && offending.iter().any(|at| self.unit.contains(at))
        });
        let touches =
            |classes: ClassMask| move |at: &CommitIx| self.touched(*at).own.meets(classes);
        let counts = self.first(touches(rule.classes));
        let excuses = self.first(|at| !self.is_merge(*at) && touches(rule.unless)(at));
        let words = match (counts, excuses) {
            (None, _) => self.nothing_counts(rule),
            (Some(at), Some(by)) => format!(
                "{}; {}",
                self.changes(rule, at, rule.classes)?,
                self.excused(rule, by)?
            ),
            (Some(at), None) if rule.unless == ClassMask::EMPTY => {
                self.changes(rule, at, rule.classes)?
            }
            (Some(at), None) => format!(
                "{}; nothing of {} excuses it",
                self.changes(rule, at, rule.classes)?,
                self.names(rule.unless)
            ),
        };
        Ok(Ruling {
            rule: "deny-only",
            place: rule.place.clone(),
            broken: self.broken(Code::OnlyDeniedPaths, is_broken),
            words,
        })
    }

    /// The commit itself if it does, else the first of its unit that does.
    fn first(&self, does: impl Fn(&CommitIx) -> bool) -> Option<CommitIx> {
        let itself = std::iter::once(&self.at);
        itself.chain(&self.unit).find(|at| does(at)).copied()
    }

    fn nothing_counts(&self, rule: &DenyOnly) -> String {
        if rule.classes == ClassMask::EMPTY {
            return "it denies no class".into();
        }
        let classes = self.names(rule.classes);
        let resolved = self.touched(self.at).resolved.meets(rule.classes);
        let note = match resolved {
            true => ": what a merge resolves doesn't count here",
            false => "",
        };
        format!(
            "{} changes nothing of {classes}{note}",
            self.unit_name(rule)
        )
    }

    /// `the series changes core: kernel/bpf/btf.c`, and which of its commits does if it isn't
    /// this one.
    fn changes(&self, rule: &DenyOnly, at: CommitIx, classes: ClassMask) -> Result<String, Error> {
        let own = Touched {
            own: classes,
            resolved: ClassMask::EMPTY,
        };
        let example = self.example(at, own)?;
        let by = match at == self.at {
            true => String::new(),
            false => format!(", in {}", self.quoted(at)?),
        };
        Ok(format!("{} changes {example}{by}", self.unit_name(rule)))
    }

    fn excused(&self, rule: &DenyOnly, by: CommitIx) -> Result<String, Error> {
        let own = Touched {
            own: rule.unless,
            resolved: ClassMask::EMPTY,
        };
        let example = self.example(by, own)?;
        Ok(match by == self.at {
            true => format!("the commit excuses it, since it changes {example}"),
            false => format!("{} excuses it, which changes {example}", self.quoted(by)?),
        })
    }

    /// The unit as the reader knows it: a series of one is the commit.
    fn unit_name(&self, rule: &DenyOnly) -> &'static str {
        match (rule.judge, self.unit.len()) {
            (Unit::Commit, _) | (_, 1) => "the commit",
            (Unit::Series, _) => "its series",
            (Unit::Push, _) => "the push",
        }
    }

    fn quoted(&self, at: CommitIx) -> Result<String, Error> {
        let commit = self.line(at)?;
        let subject = shortened(&commit.subject, SUBJECT_WIDTH);
        Ok(format!("{} (\"{subject}\")", commit.oid.short()))
    }

    /// The class and name of a path.
    fn example(&self, at: CommitIx, of: Touched) -> Result<String, Error> {
        let (Some(path), total) = self.sample(at, of)? else {
            return Err(Error::Internal("a class without a path"));
        };
        let class = path.matched.map(|found| found.class);
        let class = self.judge.policy.class_name(class);
        let more = match total {
            0 | 1 => String::new(),
            total => format!(" and {} more", total - 1),
        };
        Ok(format!("{class}: {}{more}", Shown(&path.path)))
    }

    fn names(&self, classes: ClassMask) -> String {
        let all = self.judge.policy.classes.iter().enumerate();
        let named: Vec<&str> = all
            .filter(|(at, _)| classes.contains(Some(*at)))
            .map(|(_, class)| class.name.as_str())
            .collect();
        named.join(" or ")
    }

    fn message(&self, rule: &MessageRule, message: &[u8]) -> Result<Ruling, Error> {
        let is_merge = self.row()?.is_merge();
        let rules = std::slice::from_ref(rule);
        let is_broken = !messages::broken(rules, self.at, is_merge, message).is_empty();
        let part = rule.part.name();
        let words = match (is_broken, rule.required) {
            (true, true) => format!("the {part} misses what is required: {}", rule.reason),
            (true, false) => format!("the {part} has what is forbidden: {}", rule.reason),
            (false, _) if is_merge && !rule.merges => "merges aren't asked".into(),
            (false, true) => format!("the {part} has what is required"),
            (false, false) => format!("the {part} has nothing that is forbidden"),
        };
        Ok(Ruling {
            rule: "message",
            place: rule.place.clone(),
            broken: self.broken(Code::MessagePattern, is_broken),
            words: Shown(words.as_bytes()).to_string(),
        })
    }
}
