//! Braces, spelt out: `a{b,c}` stands for `ab` and `ac`.

use smallvec::SmallVec;

use crate::classify::list_end;

/// How many texts one pattern may stand for.
const MOST_ALTERNATIVES: usize = 1_000;

/// Where braces begin, the commas in them, and where they end.
type Bounds = SmallVec<[usize; 16]>;

/// Hands on each of the texts that a pattern stands for, in order; the text itself where it has
/// no braces.
pub(super) fn each_alternative(text: &str, mut each: impl FnMut(&str)) -> Result<(), String> {
    let has_braces = text.bytes().any(|byte| matches!(byte, b'{' | b'}'));
    if !has_braces {
        each(text);
        return Ok(());
    }
    let (mut done, mut spelt) = (0, String::new());
    // What is left to spell out, the next one last, and up to where it has no braces any more.
    let mut open = vec![(text.to_owned(), 0)];
    while let Some((next, from)) = open.pop() {
        match first_braces(&next, from)? {
            None => {
                each(&next);
                done += 1;
            }
            // Most patterns have one pair of braces: no text of theirs need be kept.
            Some(bounds) if are_last(&next, &bounds) => {
                for alternative in alternatives(&next, &bounds) {
                    spelt.clear();
                    spelt.extend(alternative);
                    each(&spelt);
                    done += 1;
                }
            }
            Some(bounds) => {
                let start = bounds.first().copied().unwrap_or_default();
                let texts = alternatives(&next, &bounds).map(|parts| (parts.concat(), start));
                open.extend(texts.rev());
            }
        }
        if done + open.len() > MOST_ALTERNATIVES {
            return Err(format!(
                "`{text}` stands for more than {MOST_ALTERNATIVES} patterns"
            ));
        }
    }
    Ok(())
}

/// Returns true if no braces are inside these, nor after them.
fn are_last(text: &str, bounds: &[usize]) -> bool {
    let rest = bounds.first().and_then(|start| text.get(start + 1..));
    let mut braces = rest.unwrap_or_default().bytes();
    braces.find(|byte| matches!(byte, b'{' | b'}')) == Some(b'}')
        && !braces.any(|byte| matches!(byte, b'{' | b'}'))
}

/// The text with each of what stands between `bounds` in the place of the braces: what comes
/// before it, itself, and what comes after.
fn alternatives<'t>(
    text: &'t str,
    bounds: &'t [usize],
) -> impl DoubleEndedIterator<Item = [&'t str; 3]> {
    let start = bounds.first().copied().unwrap_or_default();
    let end = bounds.last().copied().unwrap_or_default();
    bounds.windows(2).filter_map(move |pair| {
        let &[from, to] = pair else { return None };
        Some([
            text.get(..start)?,
            text.get(from + 1..to)?,
            text.get(end + 1..)?,
        ])
    })
}

/// Where the first outermost braces at `from` or later begin and end, and the commas between
/// their alternatives, in order.
fn first_braces(text: &str, from: usize) -> Result<Option<Bounds>, String> {
    let bytes = text.as_bytes();
    let (mut bounds, mut depth, mut at) = (Bounds::new(), 0_usize, from);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'[' => at += after_list(bytes, at),
            b'{' => {
                if depth == 0 {
                    bounds.push(at);
                }
                depth += 1;
            }
            b',' if depth == 1 => bounds.push(at),
            b'}' if depth == 1 => {
                bounds.push(at);
                return Ok(Some(bounds));
            }
            b'}' if depth > 1 => depth -= 1,
            b'}' => return Err(format!("`{text}` closes braces that it did not open")),
            _ => {}
        }
        at += 1;
    }
    match depth {
        0 => Ok(None),
        _ => Err(format!("`{text}` opens braces that it does not close")),
    }
}

/// How much of the text belongs to the list that an opening bracket begins: all, if none ends it.
fn after_list(bytes: &[u8], bracket: usize) -> usize {
    let list = bytes.get(bracket + 1..).unwrap_or_default();
    list_end(list).map_or(list.len(), |end| end + 1)
}
