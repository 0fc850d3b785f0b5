//! The outcome of a verification.

use super::problem::ArcProblem;
use super::result::ArcResult;

/// The outcome of an [`ArcVerifier`](super::ArcVerifier).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ArcOutcome {
    /// The result.
    pub result: ArcResult,
    /// The sets, from the oldest to the last one, if the result is [`Pass`](ArcResult::Pass). A chain that fails says
    /// nothing, so there are none.
    pub sets: Vec<ArcSet>,
    /// How many bytes at the end of the body are not signed, because of `l=`. Anybody may have added them.
    pub unsigned_bytes: u64,
    /// Whether the last signature of the message covers `From:`. RFC 8617 does not demand it, unlike DKIM. Without it,
    /// anybody may have changed the author of a chain that passes.
    pub signs_from: bool,
    /// Why the chain fails, if it does.
    pub problem: Option<ArcProblem>,
}

impl ArcOutcome {
    pub(super) fn without_sets(result: ArcResult, problem: Option<ArcProblem>) -> Self {
        Self { result, sets: Vec::new(), unsigned_bytes: 0, signs_from: false, problem }
    }
}

/// A set: how a server on the way has found the message, and who says so.
///
/// A chain that passes says only that nobody has changed what its sealers say. It is worth as much as the trust in **all**
/// of them (RFC 8617 §9.4).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ArcSet {
    /// The number of the set, from 1 to 50.
    pub instance: u8,
    /// The domain of the seal (`d=`), in A-labels.
    pub domain: String,
    /// The selector of the key of the seal (`s=`), in A-labels.
    pub selector: String,
    /// The text of `ARC-Authentication-Results:` after the instance: `mx.example.org; spf=pass …`. Lines are unfolded.
    /// The sealer chooses it, so escape it before it is shown. The texts of all sets have 64 KiB together. One that does not
    /// fit is empty.
    pub results: String,
}
