//! A glob taken apart: what the matcher is made from.
//!
//! Whatever is no glob has no shape. Why it is none, globset is asked, in `pattern`.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::pattern::check;
use crate::classify::{Component, Wild, list_end};

/// What a path pattern, its braces spelt out, matches.
pub(crate) struct Shape<'t> {
    /// What the components have to be, in order.
    pub parts: Parts<'t>,
    /// Matches the path that ends where the parts do.
    pub itself: bool,
    /// Matches every path below.
    pub below: bool,
}

/// The parts of a glob, in order.
pub(crate) type Parts<'t> = SmallVec<[Part<'t>; 4]>;

/// A part of a glob.
pub(crate) enum Part<'t> {
    /// This component.
    Literal(Cow<'t, [u8]>),
    /// A component that its wildcards match, with its text.
    Wild(&'t str, Box<Wild>),
    /// `**`: any number of components.
    Folders,
}

impl<'t> Shape<'t> {
    /// Takes a path pattern without braces apart.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let folder = text.strip_suffix('/').or_else(|| text.strip_suffix("/**"));
        let mut parts = parts(folder.unwrap_or(text))?;
        // Last of all, `**` stands for one component or more.
        let is_open = matches!(parts.last(), Some(Part::Folders));
        if is_open {
            parts.pop();
        }
        Some(Self {
            parts,
            itself: !is_open,
            below: is_open || folder.is_some(),
        })
    }
}

/// The parts of a glob without braces.
pub(super) fn parts(glob: &str) -> Option<Parts<'_>> {
    let is_special = |byte| matches!(byte, b'*' | b'?' | b'[' | b'\\');
    if !glob.bytes().any(is_special) {
        return literals(glob);
    }
    check(glob).ok()?;
    let mut parts = Parts::new();
    for text in components(glob)? {
        match part(text)? {
            // One after another they say no more than one.
            Part::Folders if matches!(parts.last(), Some(Part::Folders)) => {}
            part => parts.push(part),
        }
    }
    Some(parts)
}

fn literals(text: &str) -> Option<Parts<'_>> {
    let mut parts = Parts::new();
    for name in text.as_bytes().split(|byte| *byte == b'/') {
        if name.is_empty() {
            return None;
        }
        parts.push(Part::Literal(name.into()));
    }
    Some(parts)
}

fn part(text: &str) -> Option<Part<'_>> {
    if text == "**" {
        return Some(Part::Folders);
    }
    Some(match Component::parse(text)? {
        Component::Literal(name) => Part::Literal(name.into_vec().into()),
        Component::Wild(wild) => Part::Wild(text, Box::new(wild)),
    })
}

/// Cuts a glob at its separators; those between brackets are none.
fn components(glob: &str) -> Option<Vec<&str>> {
    let bytes = glob.as_bytes();
    let (mut found, mut start, mut at) = (Vec::new(), 0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            // A separator stays one.
            b'\\' if bytes.get(at + 1) == Some(&b'/') => {
                found.push(glob.get(start..at)?);
                at += 1;
                start = at + 1;
            }
            b'\\' => at += 1,
            b'[' => at += 1 + list_end(bytes.get(at + 1..)?)?,
            b'/' => {
                found.push(glob.get(start..at)?);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    found.push(glob.get(start..)?);
    Some(found)
}
