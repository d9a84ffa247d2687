//! The policies that are compiled in.

/// A policy that is compiled in.
pub struct Preset {
    /// As in `preset:<name>`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
    /// The text without what judges nothing: comments, and the cases, which stand last. Every line
    /// is where it is in the whole text. To read the rest takes each push a twentieth of its time.
    pub rules: &'static str,
    /// Its digest: to work it out takes a thirtieth of what a push of one commit does.
    pub digest: &'static str,
}

/// Every preset.
pub const PRESETS: [Preset; 1] = [Preset {
    name: "bpf-next",
    text: BPF_NEXT,
    rules: shown(&BPF_NEXT_RULES),
    digest: "144aff2d67ff7d953f78b82c7759ddeff01b36106a94ae0664c7bae85e2f2bb0",
}];

const BPF_NEXT: &str = include_str!("../../policies/bpf-next.toml");
static BPF_NEXT_RULES: Rules<{ BPF_NEXT.len() }> = rules(BPF_NEXT);

/// The preset of that name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

/// A text, and how many of these bytes it takes.
type Rules<const LEN: usize> = ([u8; LEN], usize);

/// The compiler does this: the length is that of the whole text.
const fn rules<const LEN: usize>(text: &str) -> Rules<LEN> {
    let (mut written, mut len) = ([0; LEN], 0);
    let mut rest = text.as_bytes();
    let (mut is_blank, mut is_comment) = (true, false);
    while let Some((byte, after)) = rest.split_first() {
        if is_blank && matches!(rest, [b'[', b'[', b'c', b'a', b's', b'e', b']', ..]) {
            break;
        }
        match *byte {
            b'\n' => (is_blank, is_comment) = (true, false),
            b'#' if is_blank => is_comment = true,
            b' ' => {}
            _ => is_blank = false,
        }
        let (_, free) = written.split_at_mut(len);
        if !is_comment && let Some(place) = free.first_mut() {
            *place = *byte;
            len += 1;
        }
        rest = after;
    }
    (written, len)
}

const fn shown<const LEN: usize>((written, len): &'static Rules<LEN>) -> &'static str {
    let (text, _) = written.split_at(*len);
    match str::from_utf8(text) {
        Ok(text) => text,
        // What is no text is no policy either.
        Err(_) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_cases_are_left_out_and_lines_stay() {
        const TEXT: &str =
            "# a\n  # b\nc = \"#d\" # e\n\n[[f]]\n#\ng = [\n  # h\n]\n[[case]]\ni = 1\n";
        static RULES: Rules<{ TEXT.len() }> = rules(TEXT);
        let left = "\n  \nc = \"#d\" # e\n\n[[f]]\n\ng = [\n  \n]\n";
        assert_eq!(shown(&RULES), left);
    }
}
