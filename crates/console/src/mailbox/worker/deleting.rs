//! Deletes messages: hidden at once, and their files removed some seconds later.

use std::time::{Duration, Instant};

use super::super::scan::MailFile;
use super::super::walk::PlacePath;
use super::super::{Change, Deletion, Id, MailboxError, Search};
use super::Worker;

/// Files that are looked up at once.
const BATCH: u32 = 500;

/// How long files are removed before requests have their turn: a file can take milliseconds.
const TURN: Duration = Duration::from_millis(20);

/// A deletion that can be undone until it is due.
#[derive(Debug)]
pub(super) struct PendingDeletion {
    number: u64,
    pub(super) due: Instant,
    /// The last message whose file was removed. `None` before the removal has begun.
    removed: Option<Id>,
}

impl Worker {
    pub(in crate::mailbox) fn delete(&mut self, search: &Search) -> Result<Deletion, MailboxError> {
        let number = self.last_deletion + 1;
        let deletion = self.answer_whole(search, |index| index.hide(search, number))?;
        if deletion.messages > 0 {
            self.last_deletion = number;
            self.deletions.push_back(PendingDeletion {
                number,
                due: Instant::now() + self.undo,
                removed: None,
            });
            let ids = self.answer(|index| index.hidden(number))?;
            self.tell_of(ids, Change::Removed);
        }
        Ok(deletion)
    }

    pub(in crate::mailbox) fn undo(&mut self, number: u64) -> Result<u64, MailboxError> {
        let is_pending = |deletion: &PendingDeletion| deletion.number == number && deletion.removed.is_none();
        let Some(at) = self.deletions.iter().position(is_pending) else { return Ok(0) };
        self.deletions.remove(at);
        let ids = self.answer(|index| index.unhide(number))?;
        let restored = ids.len() as u64;
        self.tell_of(ids, Change::Restored);
        Ok(restored)
    }

    /// Returns whether files are being removed.
    pub(super) fn is_deleting(&self) -> bool {
        self.deletions.front().is_some_and(|deletion| deletion.removed.is_some())
    }

    pub(super) fn begin_due_deletion(&mut self, now: Instant) {
        if self.deletions.front().is_some_and(|deletion| deletion.due <= now && deletion.removed.is_none()) {
            // The names of the files must be the present ones.
            self.refresh_or_repair();
            if let Some(deletion) = self.deletions.front_mut() {
                deletion.removed = Some(Id::FIRST);
            }
        }
    }

    /// Removes some of the files of the first deletion.
    pub(super) fn delete_some(&mut self) {
        let Some(PendingDeletion { number, removed: Some(after), .. }) = self.deletions.front() else {
            return;
        };
        let (number, after) = (*number, *after);
        let hidden = self.index.as_ref().map(|index| index.hidden_files(number, after, BATCH));
        match hidden {
            Some(Ok(files)) if !files.is_empty() => {
                let end = Instant::now() + TURN;
                for (id, file) in files {
                    self.remove(&file);
                    if let Some(deletion) = self.deletions.front_mut() {
                        deletion.removed = Some(id);
                    }
                    if Instant::now() >= end {
                        break;
                    }
                }
            }
            Some(Err(error)) => self.make_index_again(&error),
            _ => self.end_deletion(number),
        }
    }

    /// Shows messages whose files could not be removed.
    fn end_deletion(&mut self, number: u64) {
        self.deletions.pop_front();
        self.refresh_or_repair();
        match self.index.as_mut().map(|index| index.unhide(number)) {
            Some(Ok(ids)) => self.tell_of(ids, Change::Restored),
            Some(Err(error)) => self.make_index_again(&error),
            None => {}
        }
    }

    /// Removes a file. A failure is in the log.
    pub(super) fn remove(&self, file: &MailFile) -> bool {
        let removed = self.directory(file).and_then(|directory| directory.remove(&file.name));
        if let Err(error) = &removed {
            let place = self.scanner.places.get(&file.place).map(PlacePath::mailbox_name);
            tracing::warn!(
                name: "message-removal-failed",
                maildir = place.unwrap_or_default(),
                file = %String::from_utf8_lossy(&file.name),
                error = %error,
                "the file of a message cannot be removed"
            );
        }
        removed.is_ok()
    }

    /// Removes the files of all deletions, before the thread ends.
    pub(super) fn finish_deletions(&mut self) {
        while let Some(deletion) = self.deletions.front_mut() {
            deletion.due = Instant::now();
            self.begin_due_deletion(Instant::now());
            self.delete_some();
        }
    }
}
