//! ARC (RFC 8617): what earlier receivers found.
//!
//! A mailing list or a forwarder changes messages, so that SPF and DKIM fail later. It therefore seals what it found
//! itself. An [`ArcVerifier`] says whether the chain of seals holds, and who has sealed.
//!
//! # Examples
//!
//! One pass over the body serves DKIM and ARC:
//!
//! ```
//! use std::time::SystemTime;
//!
//! use mailchute_filters::arc::{ArcResult, ArcVerifier};
//! use mailchute_filters::dkim::{BodyHasher, DkimLimits, DkimVerifier, Fields};
//! use mailchute_filters::dns::Resolve;
//!
//! async fn verify(header: &[&[u8]], body: &[u8], resolver: &impl Resolve) -> String {
//!     let fields = Fields::new(header.iter().copied());
//!     let mut hasher = BodyHasher::new();
//!     let dkim = DkimVerifier::new(&fields, &mut hasher, &DkimLimits::default());
//!     let arc = ArcVerifier::new(&fields, &mut hasher);
//!     hasher.update(body);
//!     let (hashes, now) = (hasher.finish(), SystemTime::now());
//!     let dkim = dkim.verify(&hashes, resolver, now).await;
//!     let arc = arc.verify(&hashes, resolver, now).await;
//!     let sealers: Vec<_> = arc.sets.iter().map(|set| &*set.domain).collect();
//!     format!("dkim={} arc={} {}", dkim.result(), arc.result, sealers.join(","))
//! }
//! ```

mod chain;
mod instance;
mod outcome;
mod problem;
mod result;
mod verifier;

pub use outcome::{ArcOutcome, ArcSet};
pub use problem::ArcProblem;
pub use result::ArcResult;
pub use verifier::ArcVerifier;
