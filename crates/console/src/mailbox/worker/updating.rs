//! Brings the index up to date with the files, and makes it again if it is damaged.

use std::io;
use std::time::{Duration, Instant};

use super::super::index::{FILE, Index, is_busy, is_trouble_outside};
use super::super::scan::{Found, Scanner};
use super::super::{Change, MailboxError};
use super::{ATTEMPTS, POLL, Worker};

/// How often a damaged index is made again on the disk. After that, it is in memory.
const REBUILDS: usize = 3;

/// How long an index stays in memory before its file is tried again.
const LEAVE_MEMORY: Duration = Duration::from_secs(60);

/// Messages that change in one transaction, since another process waits for its end.
const AT_ONCE: usize = 5_000;

/// Why the index could not be brought up to date.
#[derive(Debug)]
pub(super) enum Failure {
    Maildir(io::Error),
    Index(rusqlite::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Maildir(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Index(error)
    }
}

impl Worker {
    /// Opens the index. If it cannot be used, a new one is made.
    pub(super) fn open_index(&mut self) {
        match Index::open(&self.path, &self.tags) {
            Ok(index) => {
                self.index = Some(index);
                if let Err(error) = self.reload() {
                    self.make_index_again(&error);
                }
            }
            Err(error) => self.make_index_again(&error),
        }
    }

    /// Reads what the index has: at the start, or after a change that it has not taken.
    fn reload(&mut self) -> Result<(), rusqlite::Error> {
        if let Some(index) = &self.index {
            let (known, places) = index.load()?;
            let places = places.into_iter().map(|place| (place.number(), place)).collect();
            self.scanner = Scanner::of(known, places);
        }
        Ok(())
    }

    /// Tries again to have the index in its file, some time after that has failed.
    fn leave_memory(&mut self) {
        let is_due = self.leave_memory_at.is_some_and(|at| at <= Instant::now());
        // In memory, deleted messages are hidden. The file shows them.
        if !is_due || !self.deletions.is_empty() {
            return;
        }
        self.leave_memory_at = Some(Instant::now() + LEAVE_MEMORY);
        let Ok(index) = Index::open(&self.path, &self.tags) else { return };
        let in_memory = self.index.replace(index);
        if self.reload().is_ok() {
            self.leave_memory_at = None;
            let path = self.path.join(FILE);
            tracing::info!(name: "index-in-file", path = %path.display(), "the index of messages is in its file again");
        } else {
            self.index = in_memory;
        }
    }

    /// Makes a new index, on the disk or else in memory. The files are put there by the next update. An index that another
    /// process holds stays.
    pub(super) fn make_index_again(&mut self, error: &rusqlite::Error) {
        if is_busy(error) && self.reload().is_ok() {
            return;
        }
        let path = self.path.join(FILE);
        self.index = None;
        self.scanner = Scanner::default();
        self.is_wanted = true;
        // Messages that were hidden are there again.
        self.deletions.clear();
        if !is_trouble_outside(error) && self.rebuilds < REBUILDS {
            self.rebuilds += 1;
            tracing::warn!(
                name: "index-damaged",
                path = %path.display(),
                error = %error,
                "the index of messages cannot be used, and is made again from the Maildir"
            );
            let made = Index::delete(&self.path).map(|()| Index::open(&self.path, &self.tags));
            if let Ok(Ok(index)) = made {
                self.index = Some(index);
                return;
            }
        }
        tracing::warn!(
            name: "index-in-memory",
            path = %path.display(),
            error = %error,
            "the index of messages cannot be kept in this file, so it is in memory and made again at each start"
        );
        self.index = Index::in_memory(&self.tags).ok();
        self.leave_memory_at = Some(Instant::now() + LEAVE_MEMORY);
    }

    /// Looks for changes, and tells who watches.
    pub(in crate::mailbox) fn look(&mut self) {
        let begin = Instant::now();
        if let Err(error) = self.update() {
            tracing::warn!(
                name: "mailbox-unreadable",
                path = %self.path.display(),
                error = %error,
                "the Maildir cannot be looked at"
            );
        }
        // Many Maildirs must not keep a processor busy.
        let took = begin.elapsed();
        self.next_poll = Instant::now() + POLL.max(took * 20);
    }

    /// Brings the index up to date. With many files, the rest is done later.
    pub(super) fn update(&mut self) -> Result<(), MailboxError> {
        self.is_wanted = true;
        self.leave_memory();
        let mut failure = None;
        for _ in 0..ATTEMPTS {
            match self.try_update() {
                Ok(()) => return Ok(()),
                Err(Failure::Index(error)) => {
                    self.make_index_again(&error);
                    failure = Some(Failure::Index(error));
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        failure.map_or(Ok(()), |failure| Err(failure.into()))
    }

    fn try_update(&mut self) -> Result<(), Failure> {
        self.refresh()?;
        self.prune()?;
        let deadline = Instant::now() + self.patience;
        while !self.scanner.waiting.is_empty() && Instant::now() < deadline {
            self.index_batch()?;
        }
        Ok(())
    }

    /// Refreshes between requests. An index that does not take the changes is read or made again. With a Maildir that cannot
    /// be read, the next request says so.
    pub(super) fn refresh_or_repair(&mut self) {
        if let Err(Failure::Index(error)) = self.refresh() {
            self.make_index_again(&error);
        }
    }

    /// Compares the files with the index, and notes what has changed. New files wait.
    pub(super) fn refresh(&mut self) -> Result<(), Failure> {
        let known_places = self.scanner.places.len();
        let Found { moved, gone } = self.scanner.scan(&self.root)?;
        let Some(index) = &mut self.index else { return Ok(()) };
        let has_places = self.scanner.places.len() > known_places;
        if moved.is_empty() && gone.is_empty() && !has_places {
            return Ok(());
        }
        let places = &self.scanner.places;
        if has_places {
            index.transaction(|index| {
                places.iter().try_for_each(|(number, place)| index.add_place(*number, place))
            })?;
        }
        for some in moved.chunks(AT_ONCE) {
            index.transaction(|index| index.relocate(some))?;
        }
        for some in gone.chunks(AT_ONCE) {
            index.transaction(|index| index.remove(some))?;
        }
        self.tell_of(gone, Change::Removed);
        for is_unread in [false, true] {
            let of_kind = moved.iter().filter(|(_, file)| file.is_unread() == is_unread);
            let ids = of_kind.map(|(id, _)| *id).collect();
            self.tell_of(ids, |ids| Change::Marked { ids, is_unread });
        }
        Ok(())
    }
}
