//! Removes the files that deliveries without an end have left in `tmp/`.

use std::fs::{self, DirEntry, File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::name::Names;

/// No delivery takes this long, according to <https://cr.yp.to/proto/maildir.html>.
const OLD: Duration = Duration::from_secs(36 * 60 * 60);

/// The time between two searches.
const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Knows when the next search is due.
#[derive(Debug)]
pub(super) struct Sweeper {
    last: Mutex<Instant>,
}

impl Default for Sweeper {
    /// Returns a sweeper that has just searched.
    fn default() -> Self {
        Self { last: Mutex::new(Instant::now()) }
    }
}

impl Sweeper {
    /// Returns whether a search is due. A caller that gets `true` must search.
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

/// Removes files of this host's dead processes, and all old files. If a file cannot be removed, the log says
/// so, and the Maildir still accepts mail.
pub(super) fn remove(tmp: &Path, names: &Names) {
    let outcome = fs::read_dir(tmp).and_then(|entries| {
        let mut removed = 0;
        for entry in entries {
            removed += u32::from(remove_if_left(&entry?, names)?);
        }
        Ok(removed)
    });
    match outcome {
        Ok(0) => {}
        Ok(removed) => {
            let path = tmp.display();
            tracing::info!(name: "leftovers-removed", removed, %path, "removed what deliveries had left");
        }
        Err(error) => {
            let path = tmp.display();
            tracing::warn!(name: "leftovers-failed", %error, %path, "left-overs could not be removed");
        }
    }
}

fn remove_if_left(entry: &DirEntry, names: &Names) -> io::Result<bool> {
    match try_remove_if_left(entry, names) {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        outcome => outcome,
    }
}

fn try_remove_if_left(entry: &DirEntry, names: &Names) -> io::Result<bool> {
    // The entry itself counts, not the target of a link.
    let metadata = entry.metadata()?;
    if metadata.is_dir() {
        return Ok(false);
    }
    // A time in the future says nothing about the age.
    let age = SystemTime::now().duration_since(metadata.modified()?).unwrap_or_default();
    let is_ours = metadata.is_file() && entry.file_name().to_str().is_some_and(|name| names.has_form(name));
    // Held during the removal. A delivery that has made the file but not locked it yet notices that, and
    // makes another.
    let _lock = match if is_ours { lock(&entry.path()) } else { None } {
        None if age < OLD => return Ok(false),
        lock => lock,
    };
    fs::remove_file(entry.path())?;
    Ok(true)
}

/// Locks a file that no process writes any more. It is opened for writing, as NFS requires.
pub(super) fn lock(path: &Path) -> Option<File> {
    let file = OpenOptions::new().write(true).open(path).ok()?;
    file.try_lock().ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;
    use crate::Maildir;
    use crate::maildir::draft::Draft;

    #[test]
    fn removes_files_of_dead_processes_and_no_file_in_progress() {
        let directory = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(directory.path()).unwrap();
        let (tmp, names) = (&maildir.0.directories.tmp, &maildir.0.names);
        let under_way = Draft::create(&maildir.0).unwrap();
        for name in [&names.next(), "1700000000.M5P12Q0.elsewhere", "1700000000.H1P2.localhost"] {
            fs::write(tmp.join(name), "Subject: half a mess").unwrap();
        }
        remove(tmp, names);
        let left = || fs::read_dir(tmp).unwrap().count();
        assert_eq!(left(), 3, "those of other hosts and programs, and the one under way");
        drop(under_way);
        remove(tmp, names);
        assert_eq!(left(), 2);
    }

    #[test]
    fn a_delivery_during_the_search_for_leftovers_keeps_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(directory.path()).unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        remove(&maildir.0.directories.tmp, &maildir.0.names);
                    }
                });
            }
            for _ in 0..5_000 {
                let draft = Draft::create(&maildir.0).unwrap();
                assert_eq!(fs::read_dir(&maildir.0.directories.tmp).unwrap().count(), 1);
                drop(draft);
            }
            is_over.store(true, Ordering::Relaxed);
        });
    }
}
