//! How much work one merge may take. git can be stopped, we can't.

/// How many steps there are for one merge: a line compared, or moved over. Real files take some
/// ten thousand, and this many a few hundredths of a second.
const MOST: usize = 1 << 23;

/// What is left of them.
pub(super) struct Work {
    left: usize,
}

impl Work {
    /// All of it.
    pub fn new() -> Self {
        Self { left: MOST }
    }

    /// Takes some; `None` where that is more than there is.
    pub fn spend(&mut self, steps: usize) -> Option<()> {
        self.left = self.left.checked_sub(steps)?;
        Some(())
    }
}
