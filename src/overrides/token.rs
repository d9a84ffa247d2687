//! What a refusal asks to be signed, as one word for a command line.
//!
//! `tw1.` and base64 for URLs of: each request's fields, texts ended by a zero byte and object
//! names raw; then the beginning of the SHA-256 of all that, by which half a word is known for what
//! it is. It is no secret and proves nothing: what is signed is shown before it is signed.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use sha2::{Digest, Sha256};

use super::request::Request;
use super::statement::{Lifts, What, change};
use crate::finding::Code;
use crate::update::{ObjectFormat, Oid, RefName, RefValue};

const PREFIX: &str = "tw1.";
const CHECKSUM: usize = 4;

/// The requests as one word.
pub fn encode(requests: &[Request]) -> String {
    let mut raw = Vec::new();
    for request in requests {
        add(request, &mut raw);
    }
    let digest = Sha256::digest(&raw);
    raw.extend(digest.iter().take(CHECKSUM));
    format!("{PREFIX}{}", Base64UrlUnpadded::encode_string(&raw))
}

/// The requests of a word; what is wrong with it, if it is none of ours.
pub fn decode(token: &str) -> Result<Vec<Request>, String> {
    let base64 = token
        .strip_prefix(PREFIX)
        .ok_or_else(|| format!("it begins with `{PREFIX}`: take it from a refusal as it stands"))?;
    let broken = || "it was cut off or changed: take it from the refusal as it stands".to_owned();
    let raw = Base64UrlUnpadded::decode_vec(base64).map_err(|_| broken())?;
    let end = raw.len().checked_sub(CHECKSUM).ok_or_else(broken)?;
    let (body, checksum) = raw.split_at(end);
    if !Sha256::digest(body).starts_with(checksum) {
        return Err(broken());
    }
    let mut fields = Fields(body);
    let mut requests = Vec::new();
    while !fields.0.is_empty() {
        let request = fields.request().ok_or_else(broken)?;
        request.check()?;
        requests.push(request);
    }
    match requests.is_empty() {
        true => Err(broken()),
        false => Ok(requests),
    }
}

fn add(request: &Request, out: &mut Vec<u8>) {
    let Lifts {
        repository,
        ref_name,
        rules,
        what,
    } = &request.lifts;
    let rules: Vec<&str> = rules.iter().map(|rule| rule.name()).collect();
    let signers = request.signers.join(",");
    for text in [
        repository.as_bytes(),
        ref_name.as_bytes(),
        rules.join(",").as_bytes(),
        signers.as_bytes(),
    ] {
        out.extend(text);
        out.push(0);
    }
    let (old, new) = (request.change.old(), request.change.new_value());
    let format = [old, new].iter().find_map(|value| value.oid());
    let len = format.map_or(0, |oid| oid.format().raw_len());
    out.push(u8::try_from(len).unwrap_or_default());
    for value in [old, new] {
        match value {
            RefValue::At(oid) => out.extend(oid.as_bytes()),
            RefValue::Absent => out.extend(std::iter::repeat_n(0, len)),
        }
    }
    let commits: &[Oid] = match what {
        What::Commits(commits) => commits,
        What::Update(_) => &[],
    };
    let count = u16::try_from(commits.len()).unwrap_or_default();
    out.extend(count.to_be_bytes());
    for oid in commits {
        out.extend(oid.as_bytes());
    }
}

/// What is left to be read.
struct Fields<'f>(&'f [u8]);

impl<'f> Fields<'f> {
    fn request(&mut self) -> Option<Request> {
        let repository = self.text()?;
        let ref_name = RefName::new(self.until_zero()?)?;
        let rules = self.text()?;
        let rules: Option<Vec<Code>> = rules.split(',').map(Code::named).collect();
        let signers = self.text()?;
        let [len] = *self.take(1)?.first_chunk()?;
        let len = usize::from(len);
        let formats = [ObjectFormat::Sha1, ObjectFormat::Sha256];
        formats.iter().find(|format| format.raw_len() == len)?;
        let change = change(self.value(len)?, self.value(len)?)?;
        let count = u16::from_be_bytes(*self.take(2)?.first_chunk()?);
        let commits: Option<Vec<Oid>> = (0..count)
            .map(|_| Oid::from_bytes(self.take(len)?))
            .collect();
        let what = match commits? {
            none if none.is_empty() => What::Update(change),
            commits => What::Commits(commits),
        };
        Some(Request {
            lifts: Lifts {
                repository,
                ref_name,
                rules: rules?,
                what,
            },
            change,
            signers: signers.split(',').map(str::to_owned).collect(),
        })
    }

    fn take(&mut self, count: usize) -> Option<&'f [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn until_zero(&mut self) -> Option<&'f [u8]> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let text = self.take(end)?;
        self.take(1)?;
        Some(text)
    }

    fn text(&mut self) -> Option<String> {
        let raw = self.until_zero()?;
        std::str::from_utf8(raw).ok().map(str::to_owned)
    }

    /// An object name, or zeros.
    fn value(&mut self, len: usize) -> Option<RefValue> {
        let raw = self.take(len)?;
        Some(Oid::from_bytes(raw).map_or(RefValue::Absent, RefValue::At))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(digit: char, len: usize) -> Oid {
        Oid::from_hex(digit.to_string().repeat(len).as_bytes()).unwrap()
    }

    fn requests(len: usize) -> Vec<Request> {
        let at = |digit| RefValue::At(oid(digit, len));
        let request = |rules, change, what| Request {
            lifts: Lifts {
                repository: "bpf-next".into(),
                ref_name: RefName::new(b"refs/heads/m\xff").unwrap(),
                rules,
                what,
            },
            change,
            signers: vec!["alice".into(), "bob".into()],
        };
        let moved = change(at('a'), at('b')).unwrap();
        let gone = change(at('a'), RefValue::Absent).unwrap();
        vec![
            request(
                vec![Code::DeniedPath, Code::MessagePattern],
                moved,
                What::Commits(vec![oid('b', len), oid('c', len)]),
            ),
            request(vec![Code::RefDeleted], gone, What::Update(gone)),
        ]
    }

    #[test]
    fn what_is_written_is_read() {
        for len in [40, 64] {
            let requests = requests(len);
            let token = encode(&requests);
            assert_eq!(decode(&token), Ok(requests));
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            assert!(token.bytes().all(plain), "{token}");
        }
    }

    #[test]
    fn half_a_word_is_none() {
        let token = encode(&requests(40));
        assert!(decode(&token[1..]).unwrap_err().contains("begins with"));
        for cut in PREFIX.len()..token.len() {
            assert!(decode(&token[..cut]).is_err(), "{cut}");
        }
        assert!(decode(&format!("{token}A")).is_err());
        assert!(decode(&encode(&[])).is_err());
        assert!(decode(&token.replacen('A', "B", 1)).is_err());
    }

    #[test]
    fn what_can_never_be_lifted_is_not_asked_for() {
        let mut requests = requests(40);
        requests[0].lifts.rules = vec![Code::BadUpdate];
        assert!(decode(&encode(&requests)).unwrap_err().contains("never"));
    }
}
