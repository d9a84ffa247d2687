//! `allowed_signers`, as ssh-keygen(1) describes it under "ALLOWED SIGNERS": a line for each key,
//! `principals [options] keytype base64-key [comment]`.
//!
//! Whatever ssh-keygen would pass over with a word on standard error is a fault of the whole file
//! here: a line that doesn't do what somebody meant is found when it is written, and not when it is
//! needed. Times must end in `Z`, since a server's time zone is nobody's promise.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use ssh_key::PublicKey;

use crate::report::escape::Shown;

/// How long a pattern may be, in bytes, for OpenSSH to look at the list that it stands in.
const LONGEST_PATTERN: usize = 1022;

/// A line of the file.
#[derive(Clone, Debug)]
pub struct AllowedSigner {
    /// The line's number, from 1.
    pub line: usize,
    /// Whose key it is said to be; the policy's signers decide that here.
    pub principals: String,
    /// The key.
    pub key: PublicKey,
    /// The patterns of `namespaces=`; `None` lets all pass.
    pub namespaces: Option<String>,
    /// Before this, the key doesn't count.
    pub valid_after: Option<Timestamp>,
    /// After this, it doesn't either.
    pub valid_before: Option<Timestamp>,
}

impl AllowedSigner {
    /// Returns true if and only if signatures of that namespace count.
    pub fn allows(&self, namespace: &str) -> bool {
        let patterns = self.namespaces.as_deref();
        patterns.is_none_or(|patterns| in_list(namespace, patterns))
    }
}

/// All lines; what is wrong with the first that is none.
pub fn parse(text: &[u8]) -> Result<Vec<AllowedSigner>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "this is no UTF-8".to_owned())?;
    let mut signers = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim_matches([' ', '\t']);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let number = at + 1;
        let signer = signer(line, number).map_err(|why| format!("line {number}: {why}"))?;
        signers.push(signer);
    }
    Ok(signers)
}

fn signer(line: &str, number: usize) -> Result<AllowedSigner, String> {
    if line.contains('\0') {
        return Err("there is a NUL in it".into());
    }
    let (principals, rest) = word(line)?;
    let rest = rest.trim_start_matches([' ', '\t']);
    let (options, key) = if let Some(key) = public_key(rest) {
        (Options::default(), key)
    } else {
        let (options, key) = rest.split_at(end_of_options(rest)?);
        let options = Options::parse(options)?;
        let key = public_key(key.trim_start_matches([' ', '\t']));
        (options, key.ok_or("there is no key that can be read")?)
    };
    let signer = AllowedSigner {
        line: number,
        principals,
        key,
        namespaces: options.namespaces,
        valid_after: options.valid_after,
        valid_before: options.valid_before,
    };
    match (signer.valid_after, signer.valid_before) {
        (Some(after), Some(before)) if before <= after => {
            Err("`valid-before` is not after `valid-after`".into())
        }
        _ => Ok(signer),
    }
}

/// The first word, which may stand in double quotes, and what follows.
fn word(line: &str) -> Result<(String, &str), String> {
    let (word, rest) = match line.strip_prefix('"') {
        Some(inner) => inner.split_once('"').ok_or("a quote isn't closed")?,
        None => line.split_once([' ', '\t']).unwrap_or((line, "")),
    };
    if word.is_empty() {
        return Err("there are no principals".into());
    }
    if word.contains('"') {
        return Err("a quote stands inside of the principals".into());
    }
    Ok((word.to_owned(), rest))
}

/// The key that the text begins with: two words, and a comment.
fn public_key(text: &str) -> Option<PublicKey> {
    let words = text.split([' ', '\t']);
    let mut words = words.filter(|word| !word.is_empty());
    let (kind, base64) = (words.next()?, words.next()?);
    PublicKey::from_openssh(&format!("{kind} {base64}")).ok()
}

/// Where the options end: at the first blank outside of quotes.
fn end_of_options(text: &str) -> Result<usize, String> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b' ' | b'\t' if !quoted => return Ok(at),
            b'"' if !escaped => quoted = !quoted,
            _ => {}
        }
        // Whatever stands before it: two of them escape a quote as one does.
        escaped = byte == b'\\';
    }
    match quoted {
        true => Err("a quote isn't closed".into()),
        false => Ok(text.len()),
    }
}

#[derive(Default)]
struct Options {
    namespaces: Option<String>,
    valid_after: Option<Timestamp>,
    valid_before: Option<Timestamp>,
}

impl Options {
    fn parse(text: &str) -> Result<Self, String> {
        let mut options = Self::default();
        let mut rest = text;
        while !rest.is_empty() {
            rest = options.option(rest)?;
            if let Some(more) = rest.strip_prefix(',') {
                if more.is_empty() {
                    return Err("the options end in a comma".into());
                }
                rest = more;
            } else if !rest.is_empty() {
                return Err(format!("`{}` is no option", Shown(rest.as_bytes())));
            }
        }
        Ok(options)
    }

    /// Takes one option, and returns what follows it.
    fn option<'t>(&mut self, text: &'t str) -> Result<&'t str, String> {
        let end = text.find(['=', ',']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let name = name.to_ascii_lowercase();
        let Some(value) = rest.strip_prefix('=') else {
            return Err(match name.as_str() {
                "cert-authority" => {
                    "`cert-authority` isn't taken: name the keys themselves".to_owned()
                }
                _ => format!("`{}` is no option, or no key", Shown(name.as_bytes())),
            });
        };
        let (value, rest) = unquoted(value)?;
        let twice = match name.as_str() {
            "namespaces" => self.namespaces.replace(value).is_some(),
            "valid-after" => self.valid_after.replace(moment(&value)?).is_some(),
            "valid-before" => self.valid_before.replace(moment(&value)?).is_some(),
            _ => return Err(format!("`{}` is no option", Shown(name.as_bytes()))),
        };
        match twice {
            true => Err(format!("`{name}` stands there twice")),
            false => Ok(rest),
        }
    }
}

/// A value in double quotes, `\"` in it standing for a quote, and what follows.
fn unquoted(text: &str) -> Result<(String, &str), String> {
    let inner = text
        .strip_prefix('"')
        .ok_or("an option's value stands in double quotes")?;
    let mut value = String::new();
    let mut characters = inner.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, inner.get(at + 1..).unwrap_or_default())),
            '\\' if characters.peek().is_some_and(|(_, next)| *next == '"') => {
                characters.next();
                value.push('"');
            }
            other => value.push(other),
        }
    }
    Err("a quote isn't closed".into())
}

/// `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, and `Z`.
fn moment(text: &str) -> Result<Timestamp, String> {
    let shown = Shown(text.as_bytes());
    let digits = text.strip_suffix(['Z', 'z']).ok_or_else(|| {
        format!("`{shown}` must end in `Z`: the time zone of a server is nobody's promise")
    })?;
    let whole = match digits.len() {
        8 => format!("{digits}000000"),
        12 => format!("{digits}00"),
        14 => digits.to_owned(),
        _ => String::new(),
    };
    let is_number = whole.bytes().all(|byte| byte.is_ascii_digit());
    let moment = is_number
        .then(|| DateTime::strptime("%Y%m%d%H%M%S", &whole).ok())
        .flatten();
    // What is later than the last moment that is known here is as good as that: `99991231Z`.
    let moment = moment.map(|it| TimeZone::UTC.to_timestamp(it).unwrap_or(Timestamp::MAX));
    // OpenSSH knows no time before 1970, nor its first second.
    let moment = moment.filter(|moment| *moment > Timestamp::UNIX_EPOCH);
    moment.ok_or_else(|| format!("`{shown}` is no time such as 20261201Z"))
}

/// OpenSSH's `match_pattern_list`: true if a pattern matches, and none that begins with `!` does,
/// nor is longer than it takes.
fn in_list(text: &str, patterns: &str) -> bool {
    let mut found = false;
    for pattern in patterns.split(',') {
        match pattern.strip_prefix('!') {
            _ if pattern.len() > LONGEST_PATTERN => return false,
            Some(negated) if matches(text.as_bytes(), negated.as_bytes()) => return false,
            Some(_) => {}
            None => found |= matches(text.as_bytes(), pattern.as_bytes()),
        }
    }
    found
}

/// OpenSSH's `match_pattern`: `*` for any bytes, `?` for one.
fn matches(text: &[u8], pattern: &[u8]) -> bool {
    // Where the last `*` stands, and how much of the text it was last tried with.
    let mut last: Option<(usize, usize)> = None;
    let (mut at, mut of) = (0, 0);
    while at < text.len() {
        match pattern.get(of) {
            Some(b'*') => {
                last = Some((of, at));
                of += 1;
            }
            Some(byte) if *byte == b'?' || text.get(at) == Some(byte) => {
                at += 1;
                of += 1;
            }
            _ => match &mut last {
                Some((star, tried)) => {
                    *tried += 1;
                    at = *tried;
                    of = *star + 1;
                }
                None => return false,
            },
        }
    }
    pattern
        .get(of..)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIILuqyRf+g5fE+wLG6O6y7cBrJeqBRXP2jX1VpVhsyQc";

    fn one(line: &str) -> AllowedSigner {
        let mut all = parse(line.as_bytes()).unwrap();
        assert_eq!(all.len(), 1, "{line}");
        all.remove(0)
    }

    fn fault(line: &str) -> String {
        parse(line.as_bytes()).unwrap_err()
    }

    #[test]
    fn lines_are_read() {
        let text = format!("# a comment\n\n  alice@x {KEY} a comment\n\"a b\" {KEY}\n");
        let all = parse(text.as_bytes()).unwrap();
        let lines = all.iter().map(|it| (it.line, it.principals.as_str()));
        assert!(lines.eq([(3, "alice@x"), (4, "a b")]));
    }

    #[test]
    fn options_are_read() {
        let line = format!(
            "a NAMESPACES=\"git,x*\",valid-after=\"20260101Z\",valid-before=\"202701011200Z\" {KEY}"
        );
        let signer = one(&line);
        assert!(signer.allows("git") && signer.allows("xy") && !signer.allows("file"));
        assert_eq!(
            signer.valid_after.unwrap().to_string(),
            "2026-01-01T00:00:00Z"
        );
        assert_eq!(
            signer.valid_before.unwrap().to_string(),
            "2027-01-01T12:00:00Z"
        );
    }

    #[test]
    fn each_fault_names_its_line() {
        for (options, told) in [
            ("cert-authority", "cert-authority"),
            ("touch", "no option"),
            ("touch=\"x\"", "no option"),
            ("namespaces=git", "double quotes"),
            ("namespaces=\"git", "isn't closed"),
            ("namespaces=\"git\",namespaces=\"x\"", "twice"),
            ("namespaces=\"git\",", "comma"),
            ("valid-after=\"20260101\"", "must end in `Z`"),
            ("valid-after=\"20261301Z\"", "no time"),
            ("valid-after=\"2026Z\"", "no time"),
            (
                "valid-after=\"20260102Z\",valid-before=\"20260101Z\"",
                "not after",
            ),
        ] {
            let fault = fault(&format!("\na {options} {KEY}\n"));
            assert!(fault.starts_with("line 2: "), "{fault}");
            assert!(fault.contains(told), "{options}: {fault}");
        }
        assert!(fault("a ssh-ed25519 AAAA\n").contains("no option, or no key"));
        assert!(fault("a\n").contains("key"));
    }

    #[test]
    fn patterns_match_as_in_openssh() {
        for (text, patterns, want) in [
            ("git", "git", true),
            ("git", "*", true),
            ("git", "g?t", true),
            ("git", "*i*,x", true),
            ("git", "x,git", true),
            ("git", "git,!g*", false),
            ("git", "!git,*", false),
            ("git", "!x", false),
            ("git", "", false),
            ("git", "gi", false),
            ("git", "Git", false),
            ("aXbXc", "a*X?", true),
        ] {
            assert_eq!(in_list(text, patterns), want, "{patterns}");
        }
    }
}
