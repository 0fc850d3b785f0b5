//! An array of counters for each thread.
//!
//! # Why
//!
//! Each thread has its own counters, in cache lines of their own. So no core waits for a line that another
//! one writes, and an addition takes a few nanoseconds. A reader adds up the threads.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::available_parallelism;

/// The counters of some threads. Processors fetch two lines of 64 bytes at a time.
#[derive(Debug)]
#[repr(align(128))]
struct Shard<const N: usize>([AtomicU64; N]);

/// Counters that are numbered from 0.
#[derive(Debug)]
pub(crate) struct Sharded<const N: usize> {
    /// Never empty.
    shards: Box<[Shard<N>]>,
}

/// The most shards. On larger hosts some threads share one.
const MOST: usize = 64;

impl<const N: usize> Default for Sharded<N> {
    fn default() -> Self {
        let threads = available_parallelism().map_or(1, usize::from).min(MOST);
        let shard = |_| Shard(std::array::from_fn(|_| AtomicU64::new(0)));
        Self { shards: (0..threads).map(shard).collect() }
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

impl<const N: usize> Sharded<N> {
    pub(crate) fn add(&self, counter: usize, many: u64) {
        let shard = self.shards.get(thread() % self.shards.len());
        if let Some(counter) = shard.and_then(|shard| shard.0.get(counter)) {
            counter.fetch_add(many, Ordering::Relaxed);
        }
    }

    /// Returns the sum of all threads.
    pub(crate) fn sum(&self, counter: usize) -> u64 {
        let of = |shard: &Shard<N>| shard.0.get(counter).map_or(0, |counter| counter.load(Ordering::Relaxed));
        self.shards.iter().map(of).sum()
    }
}
