//! One component of a pattern, held against one component of a path: bytes, no more.
//!
//! A component without wildcards is a literal and is looked up, not matched. Any other is cut
//! into the literal it begins with, the one it ends with, and what is between them. Most names
//! fail at the first literal; most patterns, such as `if_*` and `skb*.h`, have nothing but one
//! star between the two. Otherwise the middle is matched from left to right, each star with as
//! few bytes as will do: where the rest fails, only the last star takes one more, since an
//! earlier one could but give the later ones less to choose from. So a name costs at most its
//! length times the pattern's, whatever a push calls its files.

/// A component of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Component {
    /// Matches these bytes alone.
    Literal(Box<[u8]>),
    /// Matches what its wildcards let through.
    Wild(Wild),
}

/// A component with wildcards: what it begins with, what it ends with, and what is between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wild {
    before: Box<[u8]>,
    middle: Box<[Token]>,
    after: Box<[u8]>,
}

/// What stands for a byte, or for any number of them.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Byte(u8),
    Any,
    Star,
    Listed(Box<Set>),
}

/// A set of bytes; of those outside ASCII all are in it or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Set {
    ascii: u128,
    others: bool,
}

impl Component {
    /// Reads a component; `None` if it is no glob.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        let is_special = |byte: &u8| matches!(byte, b'*' | b'?' | b'[' | b'\\');
        let special = text.iter().position(is_special);
        let (before, rest) = text.split_at_checked(special.unwrap_or(text.len()))?;
        let mut middle = tokens(rest)?;
        let is_wild = |token: &Token| !matches!(token, Token::Byte(_));
        let wild = middle.iter().rposition(is_wild);
        let after = middle.split_off(wild.map_or(0, |last| last + 1));
        let after = after.into_iter().filter_map(Token::byte);
        Some(match wild {
            None => Self::Literal(before.iter().copied().chain(after).collect()),
            Some(_) => Self::Wild(Wild {
                before: before.into(),
                middle: middle.into(),
                after: after.collect(),
            }),
        })
    }
}

impl Wild {
    /// Returns true if and only if the whole name matches.
    pub(crate) fn matches(&self, name: &[u8]) -> bool {
        let rest = name.strip_prefix(&*self.before);
        let inner = rest.and_then(|rest| rest.strip_suffix(&*self.after));
        inner.is_some_and(|inner| matches(&self.middle, inner))
    }
}

fn tokens(mut text: &[u8]) -> Option<Vec<Token>> {
    let mut tokens = Vec::with_capacity(text.len());
    while let Some((next, rest)) = text.split_first() {
        text = rest;
        let token = match next {
            b'*' if tokens.last() == Some(&Token::Star) => continue,
            b'*' => Token::Star,
            b'?' => Token::Any,
            b'\\' => {
                let (escaped, rest) = text.split_first()?;
                text = rest;
                Token::Byte(*escaped)
            }
            b'[' => {
                let end = list_end(text)?;
                let (list, rest) = (text.get(..end)?, text.get(end + 1..)?);
                text = rest;
                Token::Listed(Box::new(Set::parse(list)?))
            }
            byte => Token::Byte(*byte),
        };
        tokens.push(token);
    }
    Some(tokens)
}

/// Where, after an opening bracket, the closing one stands: a `]` in first place is listed.
pub(crate) fn list_end(text: &[u8]) -> Option<usize> {
    let sign = usize::from(matches!(text.first(), Some(b'!' | b'^')));
    let listed = text.get(sign + 1..)?;
    let end = listed.iter().position(|byte| *byte == b']')?;
    Some(sign + 1 + end)
}

/// The ranges that a list stands for, without a sign before it; `None` if one runs backwards.
pub(crate) fn ranges(list: &[u8]) -> Option<Vec<(u8, u8)>> {
    let mut ranges: Vec<(u8, u8)> = Vec::new();
    let mut is_open = false;
    for byte in list {
        match ranges.last_mut() {
            Some((low, high)) if is_open => {
                *high = *byte;
                is_open = false;
                if high < low {
                    return None;
                }
            }
            Some(_) if *byte == b'-' => is_open = true,
            _ => ranges.push((*byte, *byte)),
        }
    }
    // A hyphen with nothing after it is one of the characters.
    ranges.extend(is_open.then_some((b'-', b'-')));
    Some(ranges)
}

impl Set {
    fn parse(list: &[u8]) -> Option<Self> {
        let negated = matches!(list.first(), Some(b'!' | b'^'));
        let ranges = ranges(list.get(usize::from(negated)..)?)?;
        let bits = ranges
            .into_iter()
            .flat_map(|(low, high)| low..=high.min(0x7f))
            .fold(0_u128, |bits, byte| bits | 1 << byte);
        Some(Self {
            ascii: if negated { !bits } else { bits },
            others: negated,
        })
    }

    fn contains(&self, byte: u8) -> bool {
        match byte {
            0..=0x7f => self.ascii >> byte & 1 == 1,
            _ => self.others,
        }
    }
}

impl Token {
    fn byte(self) -> Option<u8> {
        match self {
            Self::Byte(byte) => Some(byte),
            Self::Any | Self::Star | Self::Listed(_) => None,
        }
    }

    fn takes(&self, byte: u8) -> bool {
        match self {
            Self::Byte(wanted) => *wanted == byte,
            Self::Any => true,
            Self::Star => false,
            Self::Listed(set) => set.contains(byte),
        }
    }
}

fn matches(mut tokens: &[Token], mut name: &[u8]) -> bool {
    // What follows the last star that was met, and the shortest rest of the name that the star
    // has not been tried with.
    let mut retry: Option<(&[Token], &[u8])> = None;
    loop {
        match (tokens.split_first(), name.split_first()) {
            (Some((Token::Star, [])), _) | (None, None) => return true,
            (Some((Token::Star, after)), _) => {
                tokens = after;
                retry = Some((after, name));
            }
            (Some((token, after)), Some((byte, rest))) if token.takes(*byte) => {
                (tokens, name) = (after, rest);
            }
            _ => match retry.and_then(|(after, name)| Some((after, name.get(1..)?))) {
                Some((after, shorter)) => {
                    retry = Some((after, shorter));
                    (tokens, name) = (after, shorter);
                }
                None => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, name: &[u8]) -> Option<bool> {
        Some(match Component::parse(text)? {
            Component::Literal(bytes) => *bytes == *name,
            Component::Wild(wild) => wild.matches(name),
        })
    }

    #[test]
    fn names_match_byte_for_byte() {
        for (text, name, want) in [
            ("if_*", &b"if_arp.h"[..], true),
            ("if_*", b"if_", true),
            ("if_*", b"if", false),
            ("skb*.h", b"skb.h", true),
            ("a*a", b"a", false),
            ("*a*a*b", b"aaab", true),
            ("*a*a*b", b"ab", false),
            ("*ab*", b"aab", true),
            ("a*?c", b"abc", true),
            ("a*?c", b"ac", false),
            ("?", b"\xff", true),
            ("?", "\u{f6}".as_bytes(), false),
            ("??", "\u{f6}".as_bytes(), true),
            ("[!/a]", b"\xff", true),
            ("[!/a]", b"a", false),
            ("[]-]", b"]", true),
            ("[a-c-e]", b"d", true),
            ("[a-]", b"-", true),
            ("[a-]", b"b", false),
            ("\\*\\\u{f6}", "*\u{f6}".as_bytes(), true),
            ("*", b"", true),
        ] {
            assert_eq!(parsed(text, name), Some(want), "{text} {name:?}");
        }
    }

    #[test]
    fn what_is_no_glob_has_no_component() {
        for text in ["[a", "[", "[]", "[!]", "[b-a]", "[c-b-d]", "a\\"] {
            assert_eq!(Component::parse(text), None, "{text}");
        }
    }

    #[test]
    fn many_stars_against_a_long_name_end_soon() {
        let (text, name) = ("*a".repeat(200) + "*b", vec![b'a'; 20_000]);
        assert_eq!(parsed(&text, &name), Some(false));
    }
}
