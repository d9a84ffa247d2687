//! The one table of checks.

use std::fmt;

macro_rules! checks {
    ($($variant:ident $name:literal $summary:literal;)*) => {
        /// The name of a check. Names are permanent: they stand in scripts that watch servers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Check {
            $(#[doc = $summary] $variant,)*
        }

        impl Check {
            /// Every check, in the order in which they are made.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The kebab-case name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What is so where it is ok, in one line.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)* }
            }
        }
    };
}

checks! {
    Repository "repository" "the repository can be read";
    Installed "installed" "treewarden is installed here";
    HooksPath "hooks-path" "git looks for hooks where treewarden's is";
    Hook "hook" "git runs the hook: it is there, is a file and is executable";
    Shim "shim" "the hook is treewarden's, and ends in `exec`";
    Interpreter "interpreter" "the program that the hook's first line names can be run";
    Binary "binary" "the program that the hook starts can be run, and is of this version";
    ChainedHook "chained-hook" "the hook that treewarden's took the place of, if any, is run after it";
    Policy "policy" "the policy is found and has no faults";
    Review "review" "the policy's `review-by` is not past";
    Trees "trees" "trees of the policy have refs in this repository";
    Enforcement "enforcement" "what breaks a rule of a tree is refused";
    Upstreams "upstreams" "every upstream of the policy has refs here, which moved lately";
    Writable "writable" "only their owners can change the hook, its program, the config and the policy";
    OtherUsers "other-users" "whoever may push can run the hook and read what it reads";
    Keyring "keyring" "those whom the policy names as signers have keys here that count";
    Audit "audit" "the audit log can be written by whoever may push, and its last records are as they were written";
    PostReceive "post-receive" "the hook that writes down what has landed is run";
    Refs "refs" "with `--refs`: every ref of a tree is where a recorded push has put it";
    Canary "canary" "pushes that must be refused are refused";
}

impl fmt::Display for Check {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kebab_case_and_come_once() {
        let mut names: Vec<&str> = Check::ALL.iter().map(|check| check.name()).collect();
        for name in &names {
            let kebab = |byte: u8| byte == b'-' || byte.is_ascii_lowercase();
            assert!(name.bytes().all(kebab), "{name}");
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Check::ALL.len());
    }
}
