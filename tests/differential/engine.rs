//! The engine, asked for everything that it can say.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use treewarden::budget::{Budget, Limits};
use treewarden::classify::{ClassMask, Classifier};
use treewarden::finding::Origin;
use treewarden::git::{BatchChanges, Changes, History, Jobs, Range, Repo, Touched};
use treewarden::policy::{PathClass, PathPattern, Place};
use treewarden::update::Oid;

/// What a commit changes.
pub type Paths = BTreeSet<(Vec<u8>, Origin)>;

/// A budget that nothing here exceeds.
pub fn plenty() -> Budget {
    Budget::new(Limits {
        commits: u64::MAX,
        tree_objects: u64::MAX,
        seconds: 1_000_000,
    })
}

/// A classifier of these classes, each a list of patterns.
pub fn classifier(classes: &[&[&str]]) -> Classifier {
    compile(classes).unwrap()
}

/// The same, unless one of the patterns is none.
pub fn compile(classes: &[&[&str]]) -> Result<Classifier, String> {
    let classes: Vec<PathClass> = classes
        .iter()
        .map(|patterns| PathClass {
            name: "some".into(),
            neutral: false,
            patterns: patterns.iter().map(|text| pattern(text)).collect(),
            place: place(),
            listed: None,
        })
        .collect();
    Classifier::new(&classes)
}

fn pattern(text: &str) -> PathPattern {
    PathPattern {
        text: text.to_owned(),
        place: place(),
    }
}

fn place() -> Place {
    Place::top("policy")
}

/// What each commit of a range changes, by the engine. Its answers must agree with one another:
/// masks, the paths of one commit at a time, and the paths of all at once; from libgit2 and
/// straight from files; by one worker and by several.
pub fn changes(
    repo: &Repo,
    history: &History<'_>,
    range: &Range,
    classifier: &Classifier,
) -> BTreeMap<Oid, Paths> {
    let budget = plenty();
    let engine = || BatchChanges::new(repo, history, classifier, &budget);
    let found = read_by(engine().by_libgit2(), range, classifier);
    let direct = read_by(engine(), range, classifier);
    assert_eq!(found, direct, "libgit2 and the files disagree");
    let alone = at_once(&mut engine(), range);
    for workers in [2, 3] {
        let jobs = Jobs {
            most: NonZeroUsize::new(workers).unwrap(),
            least: 0,
        };
        let shared = at_once(&mut engine().with_jobs(jobs), range);
        assert_eq!(shared, alone, "{workers} workers and one disagree");
    }
    found
}

/// The masks of all commits, and their paths.
fn at_once(engine: &mut BatchChanges<'_>, range: &Range) -> (Vec<Touched>, Vec<Paths>) {
    let masks = engine
        .classes(range, Touched::either(ClassMask::ALL))
        .unwrap();
    assert_eq!(masks.len(), range.rows.len());
    let mut all = vec![Paths::new(); masks.len()];
    let visit = &mut |at: usize, path: &[u8], origin| {
        let is_new = all[at].insert((path.to_vec(), origin));
        assert!(is_new, "a path comes twice");
    };
    engine.all_paths(range, visit).unwrap();
    (masks, all)
}

fn read_by(
    mut engine: BatchChanges<'_>,
    range: &Range,
    classifier: &Classifier,
) -> BTreeMap<Oid, Paths> {
    let (masks, listed) = at_once(&mut engine, range);
    let mut all = BTreeMap::new();
    for (at, (row, mask)) in range.rows.iter().zip(masks).enumerate() {
        let found = engine
            .paths(range, at, Touched::either(ClassMask::ALL), usize::MAX)
            .unwrap();
        assert_eq!(found.total, found.paths.len(), "a path comes twice");
        let mut expected = Touched::default();
        let mut paths = Paths::new();
        for touched in found.paths {
            let class = ClassMask::of(classifier.find(&touched.path).map(|found| found.class));
            match touched.origin {
                Origin::Changed | Origin::Added => expected.own |= class,
                Origin::Resolved => expected.resolved |= class,
            }
            paths.insert((touched.path, touched.origin));
        }
        assert_eq!(mask, expected, "masks and paths of {} disagree", row.oid);
        assert_eq!(paths, listed[at], "the paths of {} disagree", row.oid);
        all.insert(row.oid, paths);
    }
    all
}
