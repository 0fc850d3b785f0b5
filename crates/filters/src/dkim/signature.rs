//! The tags of signatures (RFC 6376 §3.5).

use super::algorithm::Algorithm;
use super::canonicalization::Canonicalization;
use super::problem::DkimProblem;
use super::tag_list::{TagList, decode_base64, items, number};
use crate::name::{is_name, to_ascii};

/// The longest RSA signature, that of a key with 8192 bits.
const MAX_SIGNATURE: usize = 1024;

/// The length of a SHA-256 hash. A longer one is kept until the body has come, and is never right.
const MAX_BODY_HASH: usize = 32;

/// The tags of every signature, of `ARC-Seal` too: who signs, and how.
#[derive(Debug)]
pub(crate) struct SignerTags {
    pub(crate) algorithm: Algorithm,
    pub(crate) signature: Vec<u8>,
    /// In A-labels.
    pub(crate) domain: String,
    /// In A-labels.
    pub(crate) selector: String,
}

/// The tags of a signature of a message.
#[derive(Debug)]
pub(crate) struct MessageTags<'t> {
    pub(crate) header: Canonicalization,
    pub(crate) body: Canonicalization,
    pub(crate) body_hash: Vec<u8>,
    pub(crate) body_length: Option<u64>,
    /// The names of the fields that are signed.
    pub(crate) fields: &'t str,
    /// In seconds since 1970.
    pub(crate) expires: Option<u64>,
}

impl SignerTags {
    pub(crate) fn parse(tags: &TagList<'_>) -> Result<Self, DkimProblem> {
        let algorithm = Algorithm::parse(required(tags, "a")?).ok_or(DkimProblem::WrongTag("a"))?;
        let signature = decode_base64(required(tags, "b")?).ok_or(DkimProblem::WrongTag("b"))?;
        if signature.is_empty() || signature.len() > MAX_SIGNATURE {
            return Err(DkimProblem::WrongTag("b"));
        }
        let domain = domain(required(tags, "d")?).ok_or(DkimProblem::WrongTag("d"))?;
        let selector = selector(required(tags, "s")?).ok_or(DkimProblem::WrongTag("s"))?;
        let found = Self { algorithm, signature, domain, selector };
        if !is_name(&found.key_name()) {
            return Err(DkimProblem::WrongTag("s"));
        }
        time(tags, "t")?;
        Ok(found)
    }

    /// Returns the name of the key, in lower case (RFC 6376 §3.6.2.1).
    pub(crate) fn key_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain).to_ascii_lowercase()
    }
}

impl<'t> MessageTags<'t> {
    /// Parses the tags. `c` is the value of a missing tag `c=`.
    pub(crate) fn parse(tags: &TagList<'t>, c: &'static str) -> Result<Self, DkimProblem> {
        let c = tags.get("c").unwrap_or(c);
        let (header, body) = Canonicalization::parse_pair(c).ok_or(DkimProblem::WrongTag("c"))?;
        let body_hash = decode_base64(required(tags, "bh")?).filter(|hash| hash.len() <= MAX_BODY_HASH);
        let body_hash = body_hash.ok_or(DkimProblem::WrongTag("bh"))?;
        let fields = required(tags, "h")?;
        let body_length = tags.get("l").map(|value| number(value, 76).ok_or(DkimProblem::WrongTag("l")));
        let queries = tags.get("q").unwrap_or("dns/txt");
        if !items(queries).any(|query| query == "dns/txt") {
            return Err(DkimProblem::WrongTag("q"));
        }
        let (time, expires) = (time(tags, "t")?, time(tags, "x")?);
        if let (Some(time), Some(expires)) = (time, expires)
            && expires <= time
        {
            return Err(DkimProblem::WrongTag("x"));
        }
        Ok(Self { header, body, body_hash, body_length: body_length.transpose()?, fields, expires })
    }

    /// Returns the names of the fields that are signed.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        items(self.fields)
    }

    /// Returns whether fields of a name are signed.
    pub(crate) fn signs(&self, name: &str) -> bool {
        self.names().any(|signed| signed.eq_ignore_ascii_case(name))
    }
}

/// Returns the value of a tag that must be there.
pub(super) fn required<'t>(tags: &TagList<'t>, name: &'static str) -> Result<&'t str, DkimProblem> {
    tags.get(name).ok_or(DkimProblem::MissingTag(name))
}

/// Returns the value of a tag that is a time.
fn time(tags: &TagList<'_>, name: &'static str) -> Result<Option<u64>, DkimProblem> {
    tags.get(name).map(|value| number(value, 12).ok_or(DkimProblem::WrongTag(name))).transpose()
}

/// Returns a domain in A-labels. It has several labels.
pub(super) fn domain(text: &str) -> Option<String> {
    selector(text).filter(|domain| domain.contains('.'))
}

/// Returns a selector in A-labels.
pub(super) fn selector(text: &str) -> Option<String> {
    let name = to_ascii(text);
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (is_name(&name) && name.bytes().all(is_host)).then(|| name.into_owned())
}
