//! DKIM (RFC 6376): signatures of domains.
//!
//! A [`DkimVerifier`] says which domains vouch for a message. It knows RSA (RFC 8301) and Ed25519 (RFC 8463) with SHA-256, and
//! internationalized domains (RFC 8616).
//!
//! # Examples
//!
//! ```
//! use std::time::SystemTime;
//!
//! use mailchute_filters::dkim::{BodyHasher, DkimResult, Fields, DkimLimits, DkimVerifier};
//! use mailchute_filters::dns::Resolve;
//!
//! async fn verify(header: &[&[u8]], body: &[&[u8]], resolver: &impl Resolve) -> Vec<String> {
//!     let mut hasher = BodyHasher::new();
//!     let verifier = DkimVerifier::new(&Fields::new(header.iter().copied()), &mut hasher, &DkimLimits::default());
//!     for chunk in body {
//!         hasher.update(chunk);
//!     }
//!     let outcome = verifier.verify(&hasher.finish(), resolver, SystemTime::now()).await;
//!     let passed = outcome.signatures.into_iter().filter(|signature| signature.result == DkimResult::Pass);
//!     passed.filter_map(|signature| signature.domain).collect()
//! }
//! ```
//!
//! # Why
//!
//! - **A signature from the future passes.** The tag `t=` does not make it better or worse, and a wrong clock of the
//!   signer does no harm.
//! - **A signature of a part of the body passes** (`l=`), as RFC 6376 says.
//!   [`Signature::unsigned_bytes`] tells how much anybody may have added.
//! - **An expired signature is [`Policy`](DkimResult::Policy).** It is right, and RFC 6376 §3.5 leaves the choice to the
//!   verifier.
//! - **The body is checked before the key.** Most signatures that fail do so because of the body. That saves a question to
//!   the DNS.

mod algorithm;
mod body_canonicalizer;
mod body_hasher;
mod canonicalization;
mod fields;
mod hash;
mod key_record;
mod keys;
mod limits;
mod outcome;
mod problem;
mod public_key;
mod result;
mod signature;
mod signed_body;
mod tag_list;
mod verifier;

pub use algorithm::Algorithm;
pub use body_hasher::{BodyHasher, BodyHashes};
pub use fields::Fields;
pub use limits::DkimLimits;
pub use outcome::{DkimOutcome, Signature};
pub use problem::DkimProblem;
pub use result::DkimResult;
pub use verifier::DkimVerifier;

// ARC signs as DKIM does.
pub(crate) use canonicalization::Canonicalization;
pub(crate) use hash::{Hash, without_value};
pub(crate) use keys::Keys;
pub(crate) use signature::{MessageTags, SignerTags};
pub(crate) use signed_body::SignedBody;
pub(crate) use tag_list::{TagList, number};
