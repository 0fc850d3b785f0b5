//! The body that a signature signs (RFC 6376 §3.7).

use std::time::SystemTime;

use super::body_hasher::{BodyHashId, BodyHasher, BodyHashes};
use super::problem::DkimProblem;
use super::signature::MessageTags;

/// The hash that the body must have, and how long that counts.
#[derive(Debug)]
pub(crate) struct SignedBody {
    id: BodyHashId,
    hash: Vec<u8>,
    expires: Option<u64>,
}

impl SignedBody {
    /// Registers the hash with the hasher of the body.
    pub(crate) fn register(tags: MessageTags<'_>, body: &mut BodyHasher) -> Self {
        Self { id: body.register(tags.body, tags.body_length), hash: tags.body_hash, expires: tags.expires }
    }

    /// Checks the body. Returns how many bytes at its end are not signed.
    pub(crate) fn check(&self, hashes: &BodyHashes, now: SystemTime) -> Result<u64, DkimProblem> {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if self.expires.is_some_and(|expires| expires < now) {
            return Err(DkimProblem::Expired);
        }
        match hashes.get(self.id) {
            Some(hash) if !hash.is_long_enough => Err(DkimProblem::ShortBody),
            Some(hash) if hash.digest.as_ref() == self.hash => Ok(hash.unsigned),
            _ => Err(DkimProblem::Body),
        }
    }
}
