//! The policies that are compiled in.

/// Every preset: its name, as in `preset:<name>`, and its text.
pub const PRESETS: [(&str, &str); 1] = [("bpf-next", include_str!("../../policies/bpf-next.toml"))];

/// The text of a preset.
pub fn text(name: &str) -> Option<&'static str> {
    PRESETS
        .iter()
        .find_map(|(known, text)| (*known == name).then_some(*text))
}
