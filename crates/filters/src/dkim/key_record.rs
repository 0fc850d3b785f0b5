//! Records of keys (RFC 6376 §3.6.1).

use super::algorithm::Algorithm;
use super::problem::DkimProblem;
use super::public_key::PublicKey;
use super::tag_list::{TagList, decode_base64, items};

/// A record of a key.
#[derive(Debug, Default)]
pub(super) struct KeyRecord {
    /// The key, if it can be used.
    pub(super) key: Option<PublicKey>,
    /// Why it cannot be used.
    pub(super) problem: Option<DkimProblem>,
    /// Whether the domain only tests DKIM.
    pub(super) is_test: bool,
    /// Whether identities must be of the very domain.
    pub(super) is_strict: bool,
}

impl KeyRecord {
    /// Reads a record for a signature of this algorithm. `name` is that of the record.
    pub(super) fn parse(record: &[u8], algorithm: Algorithm, name: &str) -> Self {
        let mistake = || DkimProblem::WrongKeyRecord(name.to_owned());
        let Some(tags) = TagList::parse(record) else {
            return Self { problem: Some(mistake()), ..Self::default() };
        };
        let mut found = Self::default();
        for flag in tags.get("t").into_iter().flat_map(items) {
            found.is_test |= flag == "y";
            found.is_strict |= flag == "s";
        }
        match key(&tags, algorithm, mistake) {
            Ok(key) => found.key = Some(key),
            Err(problem) => found.problem = Some(problem),
        }
        found
    }
}

/// Returns the key, if the record allows that it is used.
fn key(
    tags: &TagList<'_>,
    algorithm: Algorithm,
    mistake: impl Fn() -> DkimProblem,
) -> Result<PublicKey, DkimProblem> {
    if tags.get("v").is_some_and(|version| version != "DKIM1" || tags.first() != Some("v")) {
        return Err(mistake());
    }
    let p = tags.get("p").ok_or_else(&mistake)?;
    if p.is_empty() {
        return Err(DkimProblem::Revoked);
    }
    if tags.get("h").is_some_and(|hashes| !items(hashes).any(|hash| hash == "sha256")) {
        return Err(DkimProblem::OtherHash);
    }
    if tags.get("s").is_some_and(|services| !items(services).any(|service| matches!(service, "*" | "email")))
    {
        return Err(DkimProblem::NotForEmail);
    }
    let bytes = decode_base64(p).ok_or_else(&mistake)?;
    match (tags.get("k").unwrap_or("rsa"), algorithm) {
        ("rsa", Algorithm::RsaSha256) => PublicKey::rsa(&bytes).ok_or_else(&mistake)?,
        ("ed25519", Algorithm::Ed25519Sha256) => PublicKey::ed25519(&bytes).ok_or_else(&mistake),
        _ => Err(DkimProblem::OtherAlgorithm),
    }
}
