//! Inflates what git has compressed.

use gix_zlib::{Inflate, Status};

/// What is left free behind what is inflated, in bytes. Where less is left than the longest copy,
/// each byte is checked for itself; and most deltas are shorter than that.
const ROOM: usize = 320;

/// Inflates one stream after the other.
#[derive(Default)]
pub(super) struct Inflater {
    /// Made when it is first needed.
    inflate: Option<Inflate>,
}

impl Inflater {
    /// Appends to `out` what a stream holds, which must be `size` bytes; no more than `largest` are
    /// in there then. `None` if it holds another number of them, or is damaged.
    pub fn append(
        &mut self,
        out: &mut Vec<u8>,
        stream: &[u8],
        size: usize,
        largest: usize,
    ) -> Option<()> {
        let start = out.len();
        let end = start.checked_add(size).filter(|end| *end <= largest)?;
        out.resize(end + ROOM, 0);
        let free = out.get_mut(start..)?;
        let (status, _, written) = self.fresh().once(stream, free).ok()?;
        out.truncate(end);
        (status == Status::StreamEnd && written == size).then_some(())
    }

    /// The first bytes that a stream holds, as many as `room` has or all.
    pub fn first<'b>(&mut self, room: &'b mut [u8], stream: &[u8]) -> Option<&'b [u8]> {
        let (_, _, written) = self.fresh().prefix(stream, room).ok()?;
        room.get(..written)
    }

    fn fresh(&mut self) -> &mut Inflate {
        let inflate = self.inflate.get_or_insert_default();
        inflate.reset();
        inflate
    }
}
