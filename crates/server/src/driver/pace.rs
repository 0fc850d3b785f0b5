//! How fast a message comes, over all its chunks and the waits between them, and by when more of it must have come.
//!
//! # Why
//!
//! A pace for each chunk would start again with each chunk, so chunks of two bytes would escape it. Chunks after a
//! refused one share one pace as well. When slots are short, a message must arrive steadily, or its slot goes to
//! another client.

use std::time::Duration;

use mailchute_proto::Awaits;
use tokio::time::Instant;

use super::Driver;
use crate::runtime::timeouts::{CROWDED, RATE_AFTER, SLOWEST_RATE, STEADY_RATE};

/// How long the client was waited for, and what it sent of the message in that time.
#[derive(Debug, Default)]
pub(super) struct Pace {
    waited: Duration,
    /// Of the message: commands between its chunks are none of it.
    octets: u64,
    /// Octets since others had their turn.
    pub(super) of_turn: usize,
    /// Octets since subscribers had time to read them.
    pub(super) told: usize,
}

impl Pace {
    /// The client was waited for since then.
    pub(super) fn waited_since(&mut self, since: Instant) {
        self.waited += since.elapsed();
    }

    pub(super) fn came(&mut self, octets: usize) {
        self.octets += octets as u64;
    }

    /// Whether the message has come at this many octets a second.
    fn keeps(&self, rate: u64) -> bool {
        self.octets >= rate * self.waited.as_secs()
    }

    fn is_too_slow(&self, is_crowded: bool) -> bool {
        let (rate, after) = if is_crowded { (STEADY_RATE, CROWDED) } else { (SLOWEST_RATE, RATE_AFTER) };
        self.waited > after && !self.keeps(rate)
    }
}

impl Driver {
    /// When the client must have sent more of a message, or of chunks that are not wanted; `None` if it was too slow
    /// already, or has had its time. `silence` is how long it may send nothing.
    pub(super) fn message_deadline(
        &mut self,
        now: Instant,
        silence: Duration,
        is_wanted: bool,
    ) -> Option<Instant> {
        let is_crowded = self.shared.connections.is_crowded();
        let silence = if is_crowded { silence.min(CROWDED) } else { silence };
        let last_moment = self.last_moment(now);
        let is_refused = !is_wanted || self.machine.awaits() == Awaits::Refuse;
        let pace = self.pace.get_or_insert_default();
        if pace.is_too_slow(is_crowded) {
            return None;
        }
        // What is wanted and comes steadily comes to an end by its size; what is dropped has none.
        let may_outlast = !is_refused && pace.keeps(STEADY_RATE);
        let deadline = now + silence;
        let deadline = if may_outlast { deadline } else { deadline.min(last_moment) };
        (deadline > now).then_some(deadline)
    }

    /// Forgets the pace of a message of which no more can come.
    pub(super) fn forget_pace(&mut self) {
        if self.machine.awaits() == Awaits::Command && !self.machine.awaits_chunks() {
            self.pace = None;
        }
    }
}
