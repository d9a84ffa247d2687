//! Words for names and messages.

use std::collections::BTreeSet;

use crate::random::Random;

/// How many words there are.
const WORDS: usize = 3000;

/// Words made of syllables, the common ones first.
pub struct Words(Vec<String>);

impl Words {
    pub fn new(random: &mut Random) -> Self {
        let mut taken = BTreeSet::new();
        let mut words = Vec::new();
        while words.len() < WORDS {
            let word = word(random);
            if taken.insert(word.clone()) {
                words.push(word);
            }
        }
        Self(words)
    }

    /// A word for a name: all are equally likely.
    pub fn name(&self, random: &mut Random) -> &str {
        &self.0[random.below(self.0.len())]
    }

    /// Text of so many words, the common ones more often.
    pub fn text(&self, random: &mut Random, count: usize) -> String {
        let mut text = String::new();
        let mut column = 0;
        for at in 0..count {
            let word = &self.0[random.skewed(self.0.len())];
            if at > 0 {
                let wraps = column + word.len() > 71;
                text.push(if wraps { '\n' } else { ' ' });
                column = if wraps { 0 } else { column + 1 };
            }
            text.push_str(word);
            column += word.len();
        }
        text
    }
}

fn word(random: &mut Random) -> String {
    const BEGIN: &[&str] = &[
        "b", "br", "c", "ch", "d", "dr", "f", "g", "gr", "h", "k", "l", "m", "n", "p", "pr", "qu",
        "r", "s", "sh", "st", "t", "tr", "v", "w", "x",
    ];
    const MIDDLE: &[&str] = &["a", "e", "i", "o", "u", "ai", "ea", "io", "ou"];
    const END: &[&str] = &["", "", "", "n", "r", "s", "t", "x", "ck", "nd", "rt"];
    let mut word = String::new();
    for _ in 0..random.within(1, 3) {
        word.push_str(random.pick(BEGIN));
        word.push_str(random.pick(MIDDLE));
        word.push_str(random.pick(END));
    }
    word
}
