//! How a pack makes one object out of another: a list of "copy these bytes of the base" and "here
//! are new ones". The format is git's, see `gitformat-pack`.

/// The longest copy is written as none at all.
const LONGEST_COPY: usize = 0x1_0000;

/// The object that the delta makes out of the base; `None` if it makes no sense, or the object
/// were larger than `most`. It is made in `room`, whatever that holds.
pub(super) fn apply(base: &[u8], delta: &[u8], most: usize, room: Vec<u8>) -> Option<Vec<u8>> {
    let (from, rest) = size(delta)?;
    let (to, mut rest) = size(rest)?;
    if from != base.len() || to > most {
        return None;
    }
    let mut made = room;
    made.clear();
    made.reserve_exact(to);
    while let Some((first, after)) = rest.split_first() {
        let piece;
        (piece, rest) = match first & 0x80 {
            0 => after
                .split_at_checked(usize::from(*first))
                .filter(|_| *first != 0)?,
            _ => copied(*first, after, base)?,
        };
        if made.len() + piece.len() > to {
            return None;
        }
        made.extend_from_slice(piece);
    }
    (made.len() == to).then_some(made)
}

/// How large the object is that the delta makes.
pub(super) fn size_made(delta: &[u8]) -> Option<usize> {
    let (_, rest) = size(delta)?;
    size(rest).map(|(to, _)| to)
}

/// A number in groups of seven bits, the lowest first.
fn size(raw: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_usize;
    for (at, byte) in raw.iter().enumerate().take(9) {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, raw.get(at + 1..)?));
        }
    }
    None
}

/// The bytes of the base that an instruction names, and what follows it. Its first byte says
/// which bytes of the offset, and then of the length, are written out; the others are zero.
fn copied<'b, 'd>(first: u8, mut rest: &'d [u8], base: &'b [u8]) -> Option<(&'b [u8], &'d [u8])> {
    let mut fields = [0_u8; 8];
    for (at, field) in fields.iter_mut().take(7).enumerate() {
        if first & (1 << at) != 0 {
            (*field, rest) = rest.split_first().map(|(byte, rest)| (*byte, rest))?;
        }
    }
    let value = u64::from_le_bytes(fields);
    let offset = usize::try_from(value & 0xffff_ffff).ok()?;
    let length = match usize::try_from(value >> 32).ok()? {
        0 => LONGEST_COPY,
        length => length,
    };
    Some((base.get(offset..offset.checked_add(length)?)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &[u8] = b"0123456789";

    #[test]
    fn copies_and_new_bytes() {
        // 10 bytes become 7: "345", "ab", "89".
        let delta = [10, 7, 0x91, 3, 3, 2, b'a', b'b', 0x91, 8, 2];
        assert_eq!(apply(BASE, &delta, 7, Vec::new()).unwrap(), b"345ab89");
        assert_eq!(
            apply(BASE, &delta, 6, Vec::new()),
            None,
            "more than is wanted"
        );
        // A length that isn't written is the longest one.
        let base = vec![b'x'; LONGEST_COPY];
        let delta = [0x80, 0x80, 4, 0x80, 0x80, 4, 0x80];
        assert_eq!(
            apply(&base, &delta, LONGEST_COPY, vec![7; 9]).unwrap(),
            base
        );
    }

    #[test]
    fn what_makes_no_sense_makes_nothing() {
        for delta in [
            &[][..],
            &[10],
            &[0x80, 0x80],
            &[9, 1, 1, b'a'],
            &[10, 2, 1, b'a'],
            &[10, 1, 2, b'a', b'b'],
            &[10, 1, 0, b'a'],
            &[10, 3, 0x91, 8, 3],
            &[10, 3, 0x91, 8],
            &[10, 5, 5, b'a'],
            &[
                10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, b'a',
            ],
        ] {
            assert_eq!(apply(BASE, delta, 100, Vec::new()), None, "{delta:?}");
        }
    }
}
