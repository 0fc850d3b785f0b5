//! The lines to be written. Logging never waits: a line without room is dropped and counted.
//!
//! # Why
//!
//! The writer of `tracing-appender` starts its thread before the sandbox, wakes it for each line, and does not count
//! what it drops. Lines are written in pieces of at most 4 KiB, which a pipe takes as a whole: after a handover two
//! processes write to it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The bytes that the queue holds.
const ROOM: usize = 1024 * 1024;

/// The time between two batches. Waking a thread costs as much as writing ten lines.
const LINGER: Duration = Duration::from_millis(5);

/// The time that the program waits at its end for the rest of the log.
const PATIENCE: Duration = Duration::from_secs(2);

/// The lines for the writer.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Notified for the writer, and at the end by it.
    changed: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct State {
    lines: Vec<u8>,
    dropped: u64,
    /// Whether the writer waits for a first line.
    is_idle: bool,
    is_ending: bool,
    pub(super) has_writer: bool,
    is_done: bool,
}

/// The lines to write next.
#[derive(Debug)]
pub(super) struct Batch {
    /// The number of lines dropped after those of this batch.
    pub(super) dropped: u64,
    pub(super) is_last: bool,
}

impl Queue {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // No change is half-done when a panic occurs.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.state();
        if state.lines.len() + line.len() > ROOM {
            state.dropped += 1;
            return;
        }
        state.lines.extend_from_slice(line);
        if std::mem::take(&mut state.is_idle) {
            drop(state);
            self.changed.notify_all();
        }
    }

    /// Waits for lines, and swaps them with the empty `lines`. `since` is when the last ones were taken.
    pub(super) fn take(&self, lines: &mut Vec<u8>, since: Instant) -> Batch {
        let state = self.state();
        let waits = |state: &mut State| {
            state.is_idle = state.lines.is_empty() && !state.is_ending;
            state.is_idle
        };
        let state = self.changed.wait_while(state, waits).unwrap_or_else(PoisonError::into_inner);
        let lingers = |state: &mut State| !state.is_ending;
        let linger = LINGER.saturating_sub(since.elapsed());
        let waited = self.changed.wait_timeout_while(state, linger, lingers);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut state.lines, lines);
        Batch { dropped: std::mem::take(&mut state.dropped), is_last: state.is_ending }
    }

    #[cfg(test)]
    pub(super) fn has_idle_writer(&self) -> bool {
        self.state().is_idle
    }

    /// Marks the last batch as written.
    pub(super) fn done(&self) {
        self.state().is_done = true;
        self.changed.notify_all();
    }

    /// Has all lines written at once, and waits for that until the time is over.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.is_ending = true;
        self.changed.notify_all();
        // A reader that is too slow loses the rest.
        let _ = self.changed.wait_timeout_while(state, PATIENCE, |state| !state.is_done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_lines_that_find_no_room() {
        let queue = Queue::default();
        let line = [b'x'; ROOM / 4];
        (0..7).for_each(|_| queue.push(&line));
        let mut lines = Vec::new();
        let batch = queue.take(&mut lines, Instant::now());
        assert_eq!((lines.len(), batch.dropped, batch.is_last), (ROOM, 3, false));
        queue.push(b"again\n");
        lines.clear();
        let batch = queue.take(&mut lines, Instant::now());
        assert_eq!((&*lines, batch.dropped), (&b"again\n"[..], 0));
    }
}
