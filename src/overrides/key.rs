//! Names of keys, as policies and logs spell them.

use std::fmt;

use crate::report::escape::Shown;

const OPENPGP: &str = "openpgp:";
const SSH: &str = "ssh:";
const SHA256: &str = "SHA256:";
/// How many characters the base64 of a SHA-256 has, without its padding.
const BASE64_LEN: usize = 43;

/// A key, by its fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyName {
    /// An OpenPGP certificate, by that of its primary key: upper-case hex.
    OpenPgp(Box<str>),
    /// An SSH key: `SHA256:` and base64, as `ssh-keygen -l` prints it.
    Ssh(Box<str>),
}

impl KeyName {
    /// Reads `openpgp:<fingerprint>` or `ssh:SHA256:<base64>`; what to write instead, if it is
    /// neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(hex) = text.strip_prefix(OPENPGP) {
            let hex: String = hex.split_whitespace().collect();
            let is_hex = hex.bytes().all(|byte| byte.is_ascii_hexdigit());
            return match hex.len() {
                40 | 64 if is_hex => Ok(Self::OpenPgp(hex.to_ascii_uppercase().into())),
                _ => Err(format!(
                    "`{OPENPGP}` takes a whole fingerprint, 40 hex digits: \
                     `gpg --fingerprint` shows it"
                )),
            };
        }
        if let Some(fingerprint) = text.strip_prefix(SSH) {
            let base64 = fingerprint.strip_prefix(SHA256).unwrap_or_default();
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
            return match base64.len() == BASE64_LEN && base64.bytes().all(fits) {
                true => Ok(Self::Ssh(fingerprint.into())),
                false => Err(format!(
                    "`{SSH}` takes a fingerprint such as `{SHA256}…`: `ssh-keygen -l` shows it"
                )),
            };
        }
        Err(format!(
            "`{}` names no key: `{OPENPGP}<fingerprint>` or `{SSH}{SHA256}…`",
            Shown(text.as_bytes())
        ))
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenPgp(hex) => write!(out, "{OPENPGP}{hex}"),
            Self::Ssh(fingerprint) => write!(out, "{SSH}{fingerprint}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_spelling() {
        let openpgp = "openpgp:0123456789ABCDEF0123456789ABCDEF01234567";
        let ssh = "ssh:SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDZsNYbjsj1LBVRN2Q";
        for name in [openpgp, ssh] {
            assert_eq!(KeyName::parse(name).unwrap().to_string(), name);
        }
        let spaced = "openpgp:0123 4567 89ab cdef 0123  4567 89ab cdef 0123 4567";
        assert_eq!(KeyName::parse(spaced).unwrap().to_string(), openpgp);
    }

    #[test]
    fn what_is_no_name_says_what_would_be() {
        for (odd, told) in [
            ("alice", "names no key"),
            ("openpgp:0123456789ABCDEF", "whole fingerprint"),
            ("ssh:MD5:00:11", "SHA256:"),
            ("ssh:SHA256:abc", "ssh-keygen -l"),
            ("SHA256:abc", "names no key"),
        ] {
            let fault = KeyName::parse(odd).unwrap_err();
            assert!(fault.contains(told), "{odd}: {fault}");
        }
    }
}
