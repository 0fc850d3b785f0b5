//! Removes what deliveries that never ended have left in `tmp/`.

use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// No delivery takes this long, says <https://cr.yp.to/proto/maildir.html>.
const OLD: Duration = Duration::from_secs(36 * 60 * 60);

/// Time between two looks.
const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Knows when it is time for another look.
#[derive(Debug)]
pub(super) struct Sweeper {
    last: Mutex<Instant>,
}

impl Default for Sweeper {
    /// A sweeper that has looked just now.
    fn default() -> Self {
        Self { last: Mutex::new(Instant::now()) }
    }
}

impl Sweeper {
    /// Whether it is time; whoever is told yes has to look.
    pub(super) fn is_due(&self) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let is_due = now.saturating_duration_since(*last) >= INTERVAL;
        if is_due {
            *last = now;
        }
        is_due
    }
}

/// Removes what is old. What cannot be removed is logged; mail can be taken all the same.
pub(super) fn remove(tmp: &Path) {
    let outcome = fs::read_dir(tmp).and_then(|entries| {
        let mut removed = 0;
        for entry in entries {
            removed += u32::from(remove_if_old(&entry?)?);
        }
        Ok(removed)
    });
    match outcome {
        Ok(0) => {}
        Ok(removed) => tracing::info!(removed, path = %tmp.display(), "removed what deliveries had left"),
        Err(error) => tracing::warn!(%error, path = %tmp.display(), "left-overs could not be removed"),
    }
}

fn remove_if_old(entry: &DirEntry) -> io::Result<bool> {
    match try_remove_if_old(entry) {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        outcome => outcome,
    }
}

fn try_remove_if_old(entry: &DirEntry) -> io::Result<bool> {
    // Of the entry itself: where a link leads does not matter.
    let metadata = entry.metadata()?;
    // A time to come says nothing about the age.
    let age = SystemTime::now().duration_since(metadata.modified()?).unwrap_or_default();
    if metadata.is_dir() || age < OLD {
        return Ok(false);
    }
    fs::remove_file(entry.path())?;
    Ok(true)
}
