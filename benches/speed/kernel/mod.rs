//! A repository of the kernel's size, made by chance and yet the same each time.

mod content;
mod history;
mod layout;
mod stream;
mod words;

use std::io::{Result, Write};

use crate::random::Random;
use history::History;
use layout::Layout;
use words::Words;

pub use stream::{Commit, Stream};

/// Goes up with every change to what is made here.
pub const GENERATION: u32 = 1;

/// A date after that of every commit that is made here: January 2026.
pub const LATEST: u64 = 1_768_000_000;

/// Writes the repository for `git fast-import`: so many commits, and one in `shrink` of the files.
/// `bounds`: see [`History::until`].
pub fn write(out: impl Write, commits: usize, shrink: usize, bounds: &[usize]) -> Result<()> {
    let mut random = Random::new(0x7265_6577);
    let words = Words::new(&mut random);
    let layout = Layout::new(&mut random, &words, shrink);
    History::begin(&layout, &words, random, out)?.until(commits, bounds)
}
