//! Policies that lint is shown, and what it finds there.

use super::FAILED;

/// A valid policy, and the lines of it that are found.
pub struct Sample {
    pub name: &'static str,
    pub text: String,
    /// The names of remarks, or [`FAILED`].
    pub found: &'static [(&'static str, u64)],
}

/// Nothing to remark on; what `t` denies, it warns about.
pub const CLEAN: &str = "[[path-class]]
name = 'a'
paths = ['net/']
[[path-class]]
name = 'b'
paths = ['kernel/']
[[tree]]
name = 't'
refs = ['refs/heads/t']
deny = ['a', 'b']
severity = { denied-path = 'warn' }
";
pub const REMARKABLE: &str = "[[path-class]]
name = 'a'
paths = ['net/', 'net/x']
[[path-class]]
name = 'b'
paths = ['net/y', './z', 'kernel/']
[[path-class]]
name = 'c'
[[upstream]]
name = 'u'
refs = ['refs/u/*.lock', 'refs/u/*']
[[tree]]
name = 't'
refs = ['refs/heads/t']
deny = ['a', 'b']
";
pub const CASES: &str = "[[case]]
name = 'holds'
tree = 't'
paths = ['net/a']
expect = 'denied-path'
[[case]]
name = 'finds too much'
tree = 't'
paths = ['net/a', 'Makefile']
merge = true
expect = 'accept'
[[case]]
name = 'finds nothing'
tree = 't'
message = 'm'
expect = 'message-pattern'
";
/// Names hold no controls, patterns hold whatever they like.
pub const HOSTILE: &str = r#"[[path-class]]
name = "a\u202E{0}[x](y)%0A\"'"
paths = ["x\u001B]0;\r\n::error::{y,z}[a](b)%0A\u202E"]
neutral = true
[[path-class]]
name = "b,c:d\u200B"
paths = ["x\u001B]0;\r\n::error::y[a](b)%0A\u202E", "\u007F\u009B##stop-commands*"]
[[tree]]
name = "t::error::\u202E{0}%0A`\"](z)"
refs = ['refs/heads/t']
deny-only = { classes = ["b,c:d\u200B"] }
[[case]]
name = "n::error::\u2066{1}%25](x)`'\""
tree = "t::error::\u202E{0}%0A`\"](z)"
paths = ["x\u001B]0;\r\n::error::ya(b)%0A\u202E", "\u007F\u009B#s"]
message = "\u001B\r\n::error::m"
expect = "message-pattern"
"#;

/// All of them.
pub fn samples() -> Vec<Sample> {
    let sample = |name, parts: &[&str], found| Sample {
        name,
        text: format!("version = 1\n{}", parts.concat()),
        found,
    };
    vec![
        sample("clean", &[CLEAN], &[]),
        sample(
            "remarks",
            &[REMARKABLE],
            &[
                ("shadowed-pattern", 4),
                ("shadowed-pattern", 7),
                ("impossible-pattern", 7),
                ("empty-class", 8),
                ("unused-upstream", 10),
                ("impossible-ref", 12),
            ],
        ),
        sample("cases", &[CLEAN, CASES], &[(FAILED, 18), (FAILED, 24)]),
        sample(
            "hostile names",
            &[HOSTILE],
            &[("shadowed-pattern", 8), (FAILED, 13)],
        ),
    ]
}
