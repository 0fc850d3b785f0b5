//! Facts that the program tells the console about itself.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use tokio::task::JoinHandle;

/// Facts that a program tells its [`Console`](crate::Console), for health and metrics. Clones share them.
///
/// # Examples
/// ```
/// # use std::time::{Duration, SystemTime};
/// use mailchute_console::Vitals;
///
/// let vitals = Vitals::new();
/// vitals.certificates_expire([SystemTime::now() + Duration::from_secs(86_400)]);
/// vitals.writes_to(["/var/mail/in".into()]);
/// vitals.stops();
/// ```
#[derive(Debug, Clone)]
pub struct Vitals(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    is_stopping: AtomicBool,
    reloads: AtomicU64,
    failed_reloads: AtomicU64,
    /// The end of each certificate.
    certificates: Mutex<Vec<SystemTime>>,
    /// Directories of Maildirs.
    directories: Mutex<Vec<PathBuf>>,
    written: tokio::sync::Mutex<Written>,
    began: SystemTime,
}

/// Whether the directories can be written to.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// The outcome of the last check.
    pub(crate) last: Option<(Instant, Result<(), String>)>,
    /// A check that has not ended in time.
    pub(crate) running: Option<JoinHandle<Result<(), String>>>,
}

impl Default for Vitals {
    fn default() -> Self {
        Self::new()
    }
}

/// No panic under these locks leaves anything half-done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Vitals {
    /// Returns the vitals of a program that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            is_stopping: AtomicBool::new(false),
            reloads: AtomicU64::new(0),
            failed_reloads: AtomicU64::new(0),
            certificates: Mutex::default(),
            directories: Mutex::default(),
            written: tokio::sync::Mutex::default(),
            began: SystemTime::now(),
        }))
    }

    /// Says that the program stops, so that it is not ready any more.
    pub fn stops(&self) {
        self.0.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Counts a reload of the configuration. A reload that failed changed nothing.
    pub fn reloaded(&self, is_good: bool) {
        let counter = if is_good { &self.0.reloads } else { &self.0.failed_reloads };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Sets the times at which the certificates expire.
    pub fn certificates_expire(&self, times: impl IntoIterator<Item = SystemTime>) {
        *locked(&self.0.certificates) = times.into_iter().collect();
    }

    /// Sets the Maildirs that the store writes to.
    pub fn writes_to(&self, maildirs: impl IntoIterator<Item = PathBuf>) {
        *locked(&self.0.directories) = maildirs.into_iter().collect();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.0.is_stopping.load(Ordering::Relaxed)
    }

    /// Returns the number of reloads that succeeded, and of those that failed.
    pub(crate) fn reloads(&self) -> [u64; 2] {
        [&self.0.reloads, &self.0.failed_reloads].map(|counter| counter.load(Ordering::Relaxed))
    }

    pub(crate) fn certificates(&self) -> Vec<SystemTime> {
        locked(&self.0.certificates).clone()
    }

    pub(crate) fn directories(&self) -> Vec<PathBuf> {
        locked(&self.0.directories).clone()
    }

    pub(crate) fn began(&self) -> SystemTime {
        self.0.began
    }

    pub(crate) fn written(&self) -> &tokio::sync::Mutex<Written> {
        &self.0.written
    }
}
