//! Work that must not keep the program from ending.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Runs `work` on its own thread and waits for at most `limit`. Returns whether it finished in time. If not, it goes on
/// as long as the process.
pub(crate) fn finishes_within(limit: Duration, work: impl FnOnce() + Send + 'static) -> bool {
    let (done, ended) = mpsc::channel();
    let thread = thread::Builder::new().spawn(move || {
        work();
        // The receiver may be gone.
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
