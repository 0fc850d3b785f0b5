//! Files in `new/` whose clients have not been answered yet.
//!
//! # Why
//!
//! A message is in `new/` while that directory is flushed. If the server gives the delivery up then, the
//! blocking thread removes the file after the flush, which may outlast the process. So the store knows these
//! files, and the program removes them as its last act. It waits 5 s for a disk that does not answer, and
//! then ends as if it were killed.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

/// Knows which files must be removed if the process ends now.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// Read while a file is renamed, so that none appears once this is `true`.
    is_closed: RwLock<bool>,
    files: Mutex<Files>,
}

#[derive(Debug, Default)]
struct Files {
    last: Ticket,
    paths: HashMap<Ticket, PathBuf>,
}

/// The number of a file.
pub(super) type Ticket = u64;

impl Shown {
    /// Moves a file to a path by `rename`, and remembers it until its ticket is taken.
    ///
    /// # Errors
    /// The errors of `rename`, and an error if the store is closed.
    pub(super) fn show(
        &self,
        path: PathBuf,
        rename: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<Ticket> {
        let is_closed = self.is_closed.read().unwrap_or_else(PoisonError::into_inner);
        if *is_closed {
            return Err(closed());
        }
        rename(&path)?;
        let mut files = self.files();
        files.last += 1;
        let ticket = files.last;
        files.paths.insert(ticket, path);
        Ok(ticket)
    }

    /// Forgets a file. Returns its path, unless it was taken back.
    pub(super) fn take(&self, ticket: Ticket) -> Option<PathBuf> {
        self.files().paths.remove(&ticket)
    }

    /// Forgets several files of one message. Returns their paths, unless any of them was taken back.
    pub(super) fn take_all(&self, tickets: &[Ticket]) -> Option<Vec<PathBuf>> {
        let mut files = self.files();
        if !tickets.iter().all(|ticket| files.paths.contains_key(ticket)) {
            return None;
        }
        tickets.iter().map(|ticket| files.paths.remove(ticket)).collect()
    }

    /// Removes all remembered files. No file appears after that.
    pub(crate) fn close(&self) {
        *self.is_closed.write().unwrap_or_else(PoisonError::into_inner) = true;
        let paths = std::mem::take(&mut self.files().paths);
        for path in paths.values() {
            remove(path);
        }
        if !paths.is_empty() {
            let messages = paths.len();
            tracing::warn!(name: "messages-withdrawn", messages, "took back messages that were not answered in time");
        }
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        // Nothing under this lock can panic half-way.
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes a file that must not remain. If that fails, the log says so.
pub(super) fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::error!(name: "removal-failed", %error, path = %path.display(), "a file could not be removed");
        }
        _ => {}
    }
}

/// Returns the error for messages after the Maildir was closed.
pub(super) fn closed() -> io::Error {
    io::Error::other("the Maildir is closed")
}
