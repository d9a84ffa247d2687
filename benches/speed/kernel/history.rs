//! The history of the kernel-scale repository: who changes what, and what merges what.
//!
//! As in the kernel, work goes on on lines above each other: series are topics of a maintainer's
//! line, and that one is pulled into the main line. A line begins at some point of the one below,
//! and ends by being merged there. Each holds only what it changed itself; what else it sees is
//! what the line below held where it began.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Result, Write};

use super::content::{LINES, Version, merged};
use super::layout::{Folder, Layout, Region};
use super::stream::{Commit, Mark, Stream};
use super::words::Words;
use crate::random::Random;

/// Seconds from one commit to the next, over all lines.
const PACE: u64 = 394;
/// The first commit's date: January 2022.
const BEGIN: u64 = 1_641_000_000;
/// One file in so many doesn't exist at first.
const ABSENT: usize = 16;
/// The refs of the lines, the lowest first.
const BRANCHES: [&str; 3] = ["refs/heads/master", "refs/heads/pull", "refs/heads/topic"];

/// One line of work.
struct Line {
    /// The point of the line below at which it began.
    fork: usize,
    /// What each file became, and at which of its points.
    changes: BTreeMap<usize, Vec<(usize, Version)>>,
    /// Where it began, and then its commits; with their dates.
    points: Vec<(Mark, u64)>,
}

/// Makes a history, and writes it.
pub struct History<'l, W> {
    layout: &'l Layout,
    words: &'l Words,
    random: Random,
    stream: Stream<W>,
    lines: Vec<Line>,
    authors: Vec<String>,
    made: usize,
}

impl<'l, W: Write> History<'l, W> {
    /// Begins with one commit of all files.
    pub fn begin(layout: &'l Layout, words: &'l Words, mut random: Random, out: W) -> Result<Self> {
        let authors = (0..400).map(|_| author(&mut random, words)).collect();
        let mut stream = Stream::new(out);
        let files: Vec<_> = (0..layout.paths.len())
            .map(|file| (file, layout.paths[file].as_str(), initial(file)))
            .filter(|(_, _, version)| version.is_some())
            .collect();
        let first = stream.commit(&Commit {
            branch: BRANCHES[0],
            from: None,
            merged: None,
            author: "Linus <linus@example.org>",
            dates: (BEGIN, BEGIN),
            message: "Begin\n",
            files: &files,
        })?;
        let main = Line {
            fork: 0,
            changes: BTreeMap::new(),
            points: vec![(first, BEGIN)],
        };
        Ok(Self {
            layout,
            words,
            random,
            stream,
            lines: vec![main],
            authors,
            made: 1,
        })
    }

    /// Goes on until there are so many commits. `refs/bench/<n>` is the commit after which exactly
    /// `n` more come, for each of `bounds`, the highest first.
    pub fn until(mut self, commits: usize, bounds: &[usize]) -> Result<()> {
        for bound in bounds.iter().chain(&[0]) {
            while self.made < commits - bound {
                self.step(commits - bound - self.made)?;
            }
            let (mark, _) = self.tip();
            self.stream.set(&format!("refs/bench/{bound}"), mark)?;
        }
        self.stream.finish()
    }

    /// A commit or a pull on the main line, of up to so many commits.
    fn step(&mut self, room: usize) -> Result<()> {
        let region = self.region();
        let date = self.tip().1 + PACE;
        if room < 4 || self.random.per_mille(100) {
            return self.change(region, None, date);
        }
        let commits = self.random.within(20, 300).min(room);
        let end = date + PACE * commits as u64;
        self.fork(40);
        self.pull(region, commits - 1, end)?;
        self.join(region, end)
    }

    /// A maintainer's line of so many commits, up to a date.
    fn pull(&mut self, region: &'l Region, commits: usize, end: u64) -> Result<()> {
        let (_, begin) = self.tip();
        let last = self.made + commits;
        while self.made < last {
            let left = last - self.made;
            let part = (commits - left + 1) as u64;
            let date = begin + (end - begin) * part / (commits as u64 + 1);
            match left > 3 && self.random.per_mille(110) {
                true => self.topic(region, left - 1, date)?,
                false => self.change(region, None, date)?,
            }
        }
        Ok(())
    }

    /// A series of up to so many commits on a line of its own, merged at a date.
    fn topic(&mut self, region: &'l Region, room: usize, end: u64) -> Result<()> {
        let commits = (2 + self.random.skewed(20)).min(room) as u64;
        self.fork(20);
        let (_, begin) = self.tip();
        let folder = self.folder(region);
        for part in 1..=commits {
            let date = begin + (end - begin) * part / (commits + 1);
            self.change(region, Some(folder), date)?;
        }
        self.join(region, end)
    }

    /// Begins a line up to so many points back on the uppermost one.
    fn fork(&mut self, back: usize) {
        let below = self.lines.last().unwrap();
        let now = below.points.len() - 1;
        let fork = now - self.random.skewed(back + 1).min(now);
        let begin = below.points[fork];
        self.lines.push(Line {
            fork,
            changes: BTreeMap::new(),
            points: vec![begin],
        });
    }

    /// Merges the uppermost line into the one below it.
    fn join(&mut self, region: &'l Region, date: u64) -> Result<()> {
        let upper = self.lines.pop().unwrap();
        let level = self.lines.len() - 1;
        let mut files = Vec::new();
        for (file, changes) in &upper.changes {
            let base = self.seen(level, upper.fork, *file);
            let ours = self.current(*file);
            let (_, theirs) = *changes.last().unwrap();
            let version = merged(base, ours, theirs);
            if version != ours {
                files.push((*file, version));
            }
        }
        // A few merges mend what neither side could know of the other.
        if self.random.per_mille(10) {
            let folder = self.folder(region);
            let file = self.file(folder);
            files.retain(|(other, _)| *other != file);
            files.push((file, self.changed(file)));
        }
        let (theirs, _) = *upper.points.last().unwrap();
        self.write(&files, Some(theirs), date)
    }

    /// An ordinary commit on the uppermost line.
    fn change(&mut self, region: &'l Region, folder: Option<&'l Folder>, date: u64) -> Result<()> {
        let folder = folder.unwrap_or_else(|| self.folder(region));
        let mut files = BTreeSet::new();
        for _ in 0..self.size() {
            let folder = match self.random.below(100) {
                0..70 => folder,
                70..92 => self.folder(region),
                _ => {
                    let region = self.region();
                    self.folder(region)
                }
            };
            files.insert(self.file(folder));
        }
        let files: Vec<_> = files
            .into_iter()
            .map(|file| (file, self.changed(file)))
            .collect();
        self.write(&files, None, date)
    }

    /// How many files a commit changes.
    fn size(&mut self) -> usize {
        match self.random.below(100) {
            0..48 => 1,
            48..70 => 2,
            70..83 => 3,
            83..91 => 4,
            91..96 => 5,
            _ => 6,
        }
    }

    /// What a file is changed to: one line, or all of it comes or goes.
    fn changed(&mut self, file: usize) -> Version {
        let number = u32::try_from(self.made).unwrap();
        match self.current(file) {
            None => Some([number; LINES]),
            Some(_) if self.random.per_mille(12) => None,
            Some(mut lines) => {
                lines[self.random.below(LINES)] = number;
                Some(lines)
            }
        }
    }

    fn region(&mut self) -> &'l Region {
        let regions = &self.layout.regions;
        let all: usize = regions.iter().map(|region| region.activity).sum();
        let mut at = self.random.below(all);
        let holds = |region: &&Region| match at.checked_sub(region.activity) {
            Some(rest) => {
                at = rest;
                false
            }
            None => true,
        };
        regions.iter().find(holds).unwrap()
    }

    /// A folder of the region, the larger ones more often.
    fn folder(&mut self, region: &Region) -> &'l Folder {
        let folders = &self.layout.folders[region.first..][..region.folders];
        let files: usize = folders.iter().map(|folder| folder.files).sum();
        let file = folders[0].first + self.random.below(files);
        let at = folders.partition_point(|folder| folder.first <= file);
        &folders[at - 1]
    }

    /// A file of the folder, some much more often than others.
    fn file(&mut self, folder: &Folder) -> usize {
        folder.first + self.random.skewed(folder.files)
    }

    /// The last commit of the uppermost line.
    fn tip(&self) -> (Mark, u64) {
        *self.lines.last().unwrap().points.last().unwrap()
    }

    /// What the uppermost line holds of a file.
    fn current(&self, file: usize) -> Version {
        let level = self.lines.len() - 1;
        self.seen(level, self.lines[level].points.len() - 1, file)
    }

    /// What a line held of a file at one of its points.
    fn seen(&self, mut level: usize, mut point: usize, file: usize) -> Version {
        loop {
            let line = &self.lines[level];
            let changes = line.changes.get(&file).map_or(&[][..], Vec::as_slice);
            if let Some((_, version)) = changes.iter().rev().find(|(at, _)| *at <= point) {
                return *version;
            }
            if level == 0 {
                return initial(file);
            }
            level -= 1;
            point = line.fork;
        }
    }

    /// Writes a commit of the uppermost line.
    fn write(&mut self, files: &[(usize, Version)], merged: Option<Mark>, date: u64) -> Result<()> {
        let level = self.lines.len() - 1;
        let (begin, _) = self.lines[level].points[0];
        let begins = level > 0 && self.lines[level].points.len() == 1;
        let named: Vec<_> = files
            .iter()
            .map(|(file, version)| (*file, self.layout.paths[*file].as_str(), *version))
            .collect();
        let message = self.message(&named, merged.is_some());
        let author = &self.authors[self.random.below(self.authors.len())];
        let mark = self.stream.commit(&Commit {
            branch: BRANCHES[level],
            from: begins.then(|| begin.name()).as_deref(),
            merged,
            author,
            dates: (date - self.random.below(600_000) as u64, date),
            message: &message,
            files: &named,
        })?;
        self.made += 1;
        let line = &mut self.lines[level];
        for (file, version) in files {
            let changes = line.changes.entry(*file).or_default();
            changes.push((line.points.len(), *version));
        }
        line.points.push((mark, date));
        Ok(())
    }

    fn message(&mut self, files: &[(usize, &str, Version)], merge: bool) -> String {
        let words = 3 + self.random.skewed(6);
        let subject = self.words.text(&mut self.random, words);
        let part = files
            .first()
            .and_then(|(_, path, _)| path.rsplit('/').nth(1));
        let words = 20 + self.random.skewed(260);
        let body = self.words.text(&mut self.random, words);
        let author = &self.authors[self.random.below(self.authors.len())];
        match merge {
            true => format!("Merge branch '{subject}'\n\n{body}\n"),
            false => format!(
                "{}: {subject}\n\n{body}\n\nSigned-off-by: {author}\n",
                part.unwrap_or("kernel")
            ),
        }
    }
}

/// What stands in a file at first.
fn initial(file: usize) -> Version {
    (file % ABSENT != ABSENT - 1).then_some([0; LINES])
}

fn author(random: &mut Random, words: &Words) -> String {
    let (first, last) = (words.name(random), words.name(random));
    format!(
        "{first} {last} <{first}@{}.example.org>",
        words.name(random)
    )
}
