//! The pace of a message over all its chunks and the waits between them, and the deadline for more of it.
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

/// How long the server has waited for the client, and what the client sent of the message in that time.
#[derive(Debug, Default)]
pub(super) struct Pace {
    waited: Duration,
    /// The bytes of the message, without the commands between its chunks.
    octets: u64,
    /// Bytes since other sessions had their turn.
    pub(super) of_turn: usize,
    /// Bytes since the subscribers had time to read them.
    pub(super) told: usize,
}

impl Pace {
    /// Adds the time since `since`, in which the server waited for the client.
    pub(super) fn waited_since(&mut self, since: Instant) {
        self.waited += since.elapsed();
    }

    pub(super) fn came(&mut self, octets: usize) {
        self.octets += octets as u64;
    }

    /// Returns whether the message has come at this rate in bytes per second.
    fn keeps(&self, rate: u64) -> bool {
        self.octets >= rate * self.waited.as_secs()
    }

    fn is_too_slow(&self, is_crowded: bool) -> bool {
        let (rate, after) = if is_crowded { (STEADY_RATE, CROWDED) } else { (SLOWEST_RATE, RATE_AFTER) };
        self.waited > after && !self.keeps(rate)
    }
}

impl Driver {
    /// Returns when the client must have sent more of a message, or of unwanted chunks. It is `None` if the client was too
    /// slow, or if its time is over. `silence` is how long it may send nothing.
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
        // The size limit ends a wanted message. Dropped content has no such limit.
        let may_outlast = !is_refused && pace.keeps(STEADY_RATE);
        let deadline = now + silence;
        let deadline = if may_outlast { deadline } else { deadline.min(last_moment) };
        (deadline > now).then_some(deadline)
    }

    /// Forgets the pace of a message after its end.
    pub(super) fn forget_pace(&mut self) {
        if self.machine.awaits() == Awaits::Command && !self.machine.awaits_chunks() {
            self.pace = None;
        }
    }
}
