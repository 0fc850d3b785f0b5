//! The outcome of a verification.

use super::algorithm::Algorithm;
use super::problem::DkimProblem;
use super::result::DkimResult;

/// The outcome of a [`DkimVerifier`](super::DkimVerifier).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DkimOutcome {
    /// The signatures that were verified, from the top down.
    pub signatures: Vec<Signature>,
    /// How many further signatures were not looked at, because of [`DkimLimits::signatures`](super::DkimLimits::signatures).
    pub ignored: usize,
}

impl DkimOutcome {
    /// Returns the best result of a signature: `pass` if one passes, else the others in the order `temperror`, `fail`,
    /// `policy`, `permerror`, `neutral`. Without a signature it is `none`. A signature whose domain only
    /// [tests](Signature::is_test) DKIM does not count.
    #[must_use]
    pub fn result(&self) -> DkimResult {
        let order = [
            DkimResult::Pass,
            DkimResult::TempError,
            DkimResult::Fail,
            DkimResult::Policy,
            DkimResult::PermError,
            DkimResult::Neutral,
        ];
        let counts = |signature: &&Signature| !signature.is_test;
        let has = |result: &DkimResult| {
            self.signatures.iter().filter(counts).any(|signature| signature.result == *result)
        };
        order.into_iter().find(has).unwrap_or(DkimResult::None)
    }
}

/// A signature of a message, and its result.
///
/// The sender of the message chooses its texts. Those of `domain` and `selector` are names of the DNS: letters, digits,
/// hyphens, underscores and dots. Escape the others before they are shown.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Signature {
    /// The result.
    pub result: DkimResult,
    /// The domain that signs (`d=`), in A-labels. `None` if it cannot be read.
    pub domain: Option<String>,
    /// The selector of the key (`s=`), in A-labels. `None` if it cannot be read.
    pub selector: Option<String>,
    /// The user or agent that signs (`i=`), as the signature has it. Without the tag it is `@` and the domain. `None` if it
    /// cannot be read.
    pub identity: Option<String>,
    /// The algorithm (`a=`). `None` if it is unknown.
    pub algorithm: Option<Algorithm>,
    /// The first characters of the signature (`b=`), at most 8. They distinguish signatures of a message (RFC 6008).
    pub beginning: String,
    /// The length of the key in bits, if a key was found.
    pub key_bits: Option<u32>,
    /// Whether the domain only tests DKIM (`t=y` of the key). Mail must not be treated better or worse for such a signature
    /// (RFC 6376 §3.6.1). So it does not authenticate the author for DMARC.
    pub is_test: bool,
    /// How many bytes at the end of the body are not signed, because of `l=`. Anybody may have added them.
    pub unsigned_bytes: u64,
    /// The reason, for any result but [`Pass`](DkimResult::Pass).
    pub problem: Option<DkimProblem>,
}
