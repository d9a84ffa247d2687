//! The policies that are compiled in.

/// A policy that is compiled in.
pub struct Preset {
    /// As in `preset:<name>`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
    /// Its digest: to work it out takes a thirtieth of what a push of one commit does.
    pub digest: &'static str,
}

/// Every preset.
pub const PRESETS: [Preset; 1] = [Preset {
    name: "bpf-next",
    text: include_str!("../../policies/bpf-next.toml"),
    digest: "144aff2d67ff7d953f78b82c7759ddeff01b36106a94ae0664c7bae85e2f2bb0",
}];

impl Preset {
    /// The text without its cases, which stand last: they judge nothing.
    pub fn rules(&self) -> &'static str {
        let cases = self.text.find("\n[[case]]\n");
        cases
            .and_then(|start| self.text.get(..start))
            .unwrap_or(self.text)
    }
}

/// The preset of that name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}
