//! The hashes of a body, all of them from one pass over it.

use std::fmt;

use aws_lc_rs::digest::{Context, Digest, SHA256};

use super::body_canonicalizer::BodyCanonicalizer;
use super::canonicalization::Canonicalization;

/// Hashes a body while it streams, for all signatures of a message. It holds some kilobytes, whatever the size of the
/// body.
///
/// Verifiers of DKIM and of ARC [register](super::DkimVerifier::new) what they need, and share what they have in common. Then
/// the body goes through [`update`](Self::update).
#[derive(Debug, Default)]
pub struct BodyHasher {
    /// One for each canonicalization that is needed.
    branches: Vec<Branch>,
}

/// The hashes of a whole body.
#[derive(Debug)]
pub struct BodyHashes {
    branches: Vec<Vec<BodyHash>>,
}

/// The hashes of one canonical form.
#[derive(Debug)]
struct Branch {
    kind: Canonicalization,
    canonicalizer: BodyCanonicalizer,
    hashes: Hashes,
}

#[derive(Debug, Default)]
struct Hashes {
    /// The length of the canonical form so far.
    length: u64,
    hashes: Vec<LimitedHash>,
}

struct LimitedHash {
    /// How many bytes are hashed, the tag `l=`. All, if it is missing.
    limit: Option<u64>,
    context: Context,
}

/// The place of a hash among those of a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyHashId {
    branch: usize,
    hash: usize,
}

/// A hash of a body.
#[derive(Debug)]
pub(crate) struct BodyHash {
    pub(crate) digest: Digest,
    /// The bytes of the canonical form that are not hashed.
    pub(crate) unsigned: u64,
    /// Whether the body has as many bytes as the signature says.
    pub(crate) is_long_enough: bool,
}

impl BodyHasher {
    /// Makes a hasher that nobody has registered with.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a hash. It must not be called once the body is coming in.
    pub(crate) fn register(&mut self, kind: Canonicalization, limit: Option<u64>) -> BodyHashId {
        let found = self.branches.iter().position(|branch| branch.kind == kind);
        let branch = found.unwrap_or_else(|| {
            let canonicalizer = BodyCanonicalizer::new(kind);
            self.branches.push(Branch { kind, canonicalizer, hashes: Hashes::default() });
            self.branches.len() - 1
        });
        let hashes = &mut self.branches[branch].hashes.hashes;
        let hash = hashes.iter().position(|hash| hash.limit == limit).unwrap_or_else(|| {
            hashes.push(LimitedHash { limit, context: Context::new(&SHA256) });
            hashes.len() - 1
        });
        BodyHashId { branch, hash }
    }

    /// Takes the next bytes of the body, which begins after the empty line below the header.
    pub fn update(&mut self, bytes: &[u8]) {
        for Branch { canonicalizer, hashes, .. } in &mut self.branches {
            canonicalizer.update(bytes, &mut |text| hashes.update(text));
        }
    }

    /// Ends the body.
    #[must_use]
    pub fn finish(self) -> BodyHashes {
        let branches = self.branches.into_iter().map(|Branch { canonicalizer, mut hashes, .. }| {
            canonicalizer.finish(&mut |text| hashes.update(text));
            hashes.finish()
        });
        BodyHashes { branches: branches.collect() }
    }
}

impl BodyHashes {
    /// Returns a hash. There is none if it was registered with another hasher.
    pub(crate) fn get(&self, id: BodyHashId) -> Option<&BodyHash> {
        self.branches.get(id.branch)?.get(id.hash)
    }
}

impl Hashes {
    fn update(&mut self, text: &[u8]) {
        for LimitedHash { limit, context } in &mut self.hashes {
            let left = limit.map_or(u64::MAX, |limit| limit.saturating_sub(self.length));
            let taken = usize::try_from(left).unwrap_or(usize::MAX).min(text.len());
            if taken > 0 {
                context.update(&text[..taken]);
            }
        }
        self.length += text.len() as u64;
    }

    fn finish(self) -> Vec<BodyHash> {
        let length = self.length;
        let hashes = self.hashes.into_iter().map(|LimitedHash { limit, context }| BodyHash {
            digest: context.finish(),
            unsigned: limit.map_or(0, |limit| length.saturating_sub(limit)),
            is_long_enough: limit.is_none_or(|limit| limit <= length),
        });
        hashes.collect()
    }
}

impl fmt::Debug for LimitedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitedHash").field("limit", &self.limit).finish_non_exhaustive()
    }
}
