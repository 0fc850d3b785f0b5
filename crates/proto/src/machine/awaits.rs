//! The input that the conversation expects.

use super::{Machine, State};
use crate::phase::Phase;

/// The input that the conversation expects, which selects the timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Awaits {
    /// A command, or an answer within AUTH.
    Command,
    /// Content of a message.
    Data,
    /// Content that is dropped: the rest of a refused message, or an unwanted chunk.
    Refuse,
}

impl Machine {
    /// Returns the input that the conversation expects.
    #[must_use]
    pub fn awaits(&self) -> Awaits {
        match &self.state {
            State::Body(body) if body.is_refused() => Awaits::Refuse,
            State::Body(_) => Awaits::Data,
            State::Skipping { .. } => Awaits::Refuse,
            _ => Awaits::Command,
        }
    }

    /// Returns whether the last reply is written: nothing but [`Step::Close`](crate::Step::Close) follows.
    #[must_use]
    pub fn has_closed(&self) -> bool {
        matches!(self.state, State::Closed(_))
    }

    /// Returns whether another chunk must end a message: between two chunks, or after a refused one while the client
    /// sends more.
    #[must_use]
    pub fn awaits_chunks(&self) -> bool {
        self.chunked.is_some() || self.owed_to_last_chunk.is_some()
    }

    /// Returns whether XFORWARD was accepted for a transaction that has not begun. RSET and EHLO discard it.
    #[must_use]
    pub fn has_pending_xforward(&self) -> bool {
        self.facts.transaction.is_forwarded
    }

    /// Returns whether a transaction is open: MAIL was accepted and it has not ended.
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
