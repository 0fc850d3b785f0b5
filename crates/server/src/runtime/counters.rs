//! Counters that all sessions add to.
//!
//! # Why
//!
//! Each thread has its own counters, in cache lines of their own. So no core waits for a line that another
//! one writes, and an addition takes a few nanoseconds. A reader adds up the threads.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::available_parallelism;

/// The name of a counter.
#[derive(Debug, Clone, Copy)]
#[repr(usize)]
pub(crate) enum Count {
    Sessions,
    ConnectionsRefused,
    MessagesAccepted,
    MessagesRefused,
    MessageBytes,
    RecipientsAccepted,
    RecipientsRefused,
    LoginsAccepted,
    LoginsRefused,
    TlsHandshakes,
    TlsFailures,
    MessagesCutOff,
    ProxyFailures,
    Refusals,
    EndedByQuit,
    EndedByClient,
    EndedByTimeout,
    EndedByConnectHook,
    EndedByHook,
    EndedByLimit,
    EndedByViolation,
    EndedByTlsFailure,
    EndedByShutdown,
    EndedByApplication,
}

const COUNTS: usize = Count::EndedByApplication as usize + 1;

/// The counters of some threads. Processors fetch two lines of 64 bytes at a time.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard([AtomicU64; COUNTS]);

#[derive(Debug)]
pub(crate) struct Counters {
    /// Never empty.
    shards: Box<[Shard]>,
}

/// The most shards. On larger hosts some threads share one.
const MOST: usize = 64;

impl Default for Counters {
    fn default() -> Self {
        let threads = available_parallelism().map_or(1, usize::from).min(MOST);
        Self { shards: (0..threads).map(|_| Shard::default()).collect() }
    }
}

/// Returns the number of this thread. Threads are numbered from 0 as they first add something.
fn thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.try_with(|number| *number).unwrap_or_default()
}

impl Counters {
    pub(crate) fn add(&self, count: Count, many: u64) {
        if let Some(shard) = self.shards.get(thread() % self.shards.len()) {
            shard.0[count as usize].fetch_add(many, Ordering::Relaxed);
        }
    }

    /// Counts one as accepted or refused.
    pub(crate) fn decide(&self, is_accepted: bool, accepted: Count, refused: Count) {
        self.add(if is_accepted { accepted } else { refused }, 1);
    }

    /// Returns the sum of all threads.
    pub(crate) fn sum(&self, count: Count) -> u64 {
        self.shards.iter().map(|shard| shard.0[count as usize].load(Ordering::Relaxed)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_what_all_threads_have_counted() {
        const THREADS: u64 = 8;
        let counters = Counters::default();
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| (0..1_000).for_each(|_| counters.add(Count::MessageBytes, 3)));
            }
        });
        assert_eq!(counters.sum(Count::MessageBytes), THREADS * 3_000);
        assert_eq!(counters.sum(Count::TlsFailures), 0);
    }
}
