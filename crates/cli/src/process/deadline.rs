//! Work that must not keep the program from its end.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Runs `work` on a thread of its own and waits for it, for `limit` at most; whether it was done in time. Otherwise it
/// goes on as long as the process does.
pub(crate) fn finishes_within(limit: Duration, work: impl FnOnce() + Send + 'static) -> bool {
    let (done, ended) = mpsc::channel();
    let thread = thread::Builder::new().spawn(move || {
        work();
        // Nobody may wait any more.
        let _ = done.send(());
    });
    thread.is_ok() && ended.recv_timeout(limit).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_for_work_that_ends_and_not_for_work_that_hangs() {
        assert!(finishes_within(Duration::MAX, || {}));
        let (release, hangs) = mpsc::channel::<()>();
        assert!(!finishes_within(Duration::from_millis(1), move || {
            let _ = hangs.recv();
        }));
        drop(release);
    }
}
