//! Flushes a directory once for many deliveries.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// Groups the flushes of one directory.
///
/// A flush makes durable every rename that was done before it **began**. So a delivery that comes during a
/// flush cannot rely on it. All deliveries that come in that time wait together for the next flush. The first
/// of them to wake does it for all. However many deliveries there are, each waits for at most two flushes.
#[derive(Debug, Default)]
pub(super) struct DirectorySync {
    turn: Mutex<Turn>,
    is_over: Condvar,
}

#[derive(Debug, Default)]
struct Turn {
    is_running: bool,
    /// The deliveries that wait for a flush that has not begun.
    next: Arc<Batch>,
}

/// The deliveries that share a flush, and its outcome once it is over.
///
/// The outcome belongs to this flush only. After a failed flush, a later success proves nothing about earlier
/// writes, since the kernel may have dropped what it could not write.
#[derive(Debug, Default)]
struct Batch(OnceLock<Outcome>);

/// A copy of the result, since an [`io::Error`] cannot be cloned.
type Outcome = Result<(), (io::ErrorKind, String)>;

/// Tells a batch its outcome and lets the next one begin, even if the flush panics.
struct Lead<'a> {
    sync: &'a DirectorySync,
    batch: Arc<Batch>,
    outcome: Outcome,
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        // This is the only leader of the batch.
        let _ = self.batch.0.set(std::mem::replace(&mut self.outcome, Ok(())));
        self.sync.turn().is_running = false;
        self.sync.is_over.notify_all();
    }
}

impl DirectorySync {
    /// Waits for a flush that began after this call. `flush` is called for all waiting deliveries, or not at
    /// all.
    pub(super) fn run(&self, flush: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let mut turn = self.turn();
        let batch = Arc::clone(&turn.next);
        while turn.is_running {
            turn = self.is_over.wait(turn).unwrap_or_else(PoisonError::into_inner);
            if let Some(outcome) = batch.0.get() {
                return outcome.clone().map_err(|(kind, text)| io::Error::new(kind, text));
            }
        }
        // Batches begin one after the other, and no later one has begun, so this is the next.
        turn.is_running = true;
        turn.next = Arc::default();
        drop(turn);

        let mut lead =
            Lead { sync: self, batch, outcome: Err((io::ErrorKind::Other, "the flush panicked".into())) };
        let outcome = flush();
        lead.outcome = outcome.as_ref().map_err(|error| (error.kind(), error.to_string())).copied();
        outcome
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        // Nothing under this lock can panic half-way.
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// Events in the order in which they happened.
    #[derive(Default)]
    struct Clock(AtomicUsize);

    impl Clock {
        fn tick(&self) -> usize {
            self.0.fetch_add(1, Ordering::SeqCst)
        }
    }

    #[test]
    fn returns_after_a_flush_that_began_after_the_rename() {
        let (sync, clock) = (DirectorySync::default(), Clock::default());
        let flushes = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let renamed = clock.tick();
                        sync.run(|| {
                            let began = clock.tick();
                            thread::sleep(Duration::from_micros(200));
                            flushes.lock().unwrap().push((began, clock.tick()));
                            Ok(())
                        })
                        .unwrap();
                        let returned = clock.tick();
                        let flushes = flushes.lock().unwrap();
                        assert!(
                            flushes.iter().rev().any(|(began, over)| renamed < *began && *over < returned),
                            "renamed at {renamed}, returned at {returned}, flushes {flushes:?}"
                        );
                    }
                });
            }
        });
        let flushes = flushes.into_inner().unwrap();
        assert!(flushes.is_sorted_by_key(|(began, _)| began), "no two flushes at a time");
        assert!(flushes.windows(2).all(|pair| pair[0].1 < pair[1].0), "no two flushes at a time");
    }

    #[test]
    fn those_who_come_during_a_flush_share_the_next_and_its_failure() {
        const WAITING: usize = 15;
        let sync = DirectorySync::default();
        let (leaders, failures, successes) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..=WAITING {
                scope.spawn(|| {
                    let outcome = sync.run(|| match leaders.fetch_add(1, Ordering::SeqCst) {
                        0 => {
                            // While the first works, all the others gather: each holds the batch, as the turn does.
                            while Arc::strong_count(&sync.turn().next) <= WAITING {
                                thread::yield_now();
                            }
                            Ok(())
                        }
                        _ => Err(io::Error::new(io::ErrorKind::StorageFull, "no room")),
                    });
                    match outcome {
                        Ok(()) => successes.fetch_add(1, Ordering::SeqCst),
                        Err(error) => {
                            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
                            assert_eq!(error.to_string(), "no room");
                            failures.fetch_add(1, Ordering::SeqCst)
                        }
                    };
                });
            }
        });
        assert_eq!(leaders.into_inner(), 2);
        assert_eq!((successes.into_inner(), failures.into_inner()), (1, WAITING));
        sync.run(|| Ok(())).unwrap();
    }

    #[test]
    fn a_flush_that_panics_holds_nobody_up() {
        let sync = DirectorySync::default();
        let panic = thread::scope(|scope| scope.spawn(|| sync.run(|| panic!("on purpose"))).join());
        assert!(panic.is_err());
        sync.run(|| Ok(())).unwrap();
    }
}
