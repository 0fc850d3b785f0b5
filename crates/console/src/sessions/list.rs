//! A list of sessions, and what is known besides them.

use std::time::SystemTime;

use super::ring::TurnedAway;
use super::summary::Summary;

/// Sessions that were found.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The newest first.
    pub(crate) sessions: Vec<Summary>,
    /// Whether there are older ones.
    pub(crate) has_more: bool,
    pub(crate) state: State,
}

/// Facts besides the single sessions.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct State {
    /// Sessions that are kept.
    pub(crate) kept: usize,
    /// Those of them that are open.
    pub(crate) open: usize,
    /// Events that were missed, as mail came faster than they were recorded.
    pub(crate) missed: u64,
    pub(crate) missed_at: Option<SystemTime>,
    /// Sessions that had to make room for later ones.
    pub(crate) evicted: u64,
    pub(crate) turned_away: Option<TurnedAway>,
    /// Bytes that the sessions hold.
    pub(crate) held_bytes: usize,
}
