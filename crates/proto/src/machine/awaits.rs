//! What the conversation waits for.

use super::{Machine, State};
use crate::phase::Phase;

/// What the conversation waits for, and so which timeout runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Awaits {
    /// A command, or an answer within AUTH.
    Command,
    /// Octets of a message.
    Data,
    /// Octets that are dropped: the rest of a message that is refused already, or a chunk that nobody wants.
    Refuse,
}

impl Machine {
    /// What is awaited now.
    #[must_use]
    pub fn awaits(&self) -> Awaits {
        match &self.state {
            State::Body(body) if body.is_refused() => Awaits::Refuse,
            State::Body(_) => Awaits::Data,
            State::Skipping { .. } => Awaits::Refuse,
            _ => Awaits::Command,
        }
    }

    /// Whether another chunk must come to end a message: between two of its chunks, or after one that was refused while
    /// the client sends on.
    #[must_use]
    pub fn awaits_chunks(&self) -> bool {
        self.chunked.is_some() || self.owed_to_last_chunk.is_some()
    }

    /// Whether a MAIL was accepted whose transaction has not ended yet.
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        let phase = match &self.state {
            State::Body(_) => return true,
            State::Commands(phase) | State::Skipping { then: phase, .. } => phase,
            _ => return false,
        };
        matches!(phase, Phase::Transaction { .. } | Phase::Chunks)
    }
}
