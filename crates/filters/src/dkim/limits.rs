//! Bounds on the cost of a message.

/// How much a message may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DkimLimits {
    /// Signatures that are verified, from the top down. [`DkimOutcome::ignored`](super::DkimOutcome::ignored) counts the others. Each
    /// may cost a question to the DNS and a verification. The default is 10, since honest mail has one to four.
    pub signatures: usize,
}

impl Default for DkimLimits {
    fn default() -> Self {
        Self { signatures: 10 }
    }
}
