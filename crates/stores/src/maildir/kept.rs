//! Files in `new/` whose client has no answer yet.

use std::io;
use std::sync::Arc;

use super::Shared;
use super::quota::Reserved;
use super::shown::{Ticket, closed, remove};

/// A file in `new/`. It is removed when this is dropped, unless it was [kept](Published::keep).
#[must_use = "the message is removed when this is dropped"]
pub(super) struct Kept {
    maildir: Arc<Shared>,
    ticket: Ticket,
    /// The room for it in a Maildir with a quota.
    reserved: Option<Reserved>,
}

impl Kept {
    pub(super) fn new(maildir: &Arc<Shared>, ticket: Ticket, reserved: Option<Reserved>) -> Self {
        Self { maildir: Arc::clone(maildir), ticket, reserved }
    }

    /// Makes the name durable.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.maildir.flush_new()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let Some(path) = self.maildir.shown.take(self.ticket) else { return };
        remove(&path);
        if let Err(error) = self.flush() {
            let path = path.display();
            tracing::error!(name: "withdrawal-failed", %error, %path, "a removed message may be back after a crash");
        }
    }
}

/// The copies of a message that are in `new/`. They are removed when this is dropped before [`keep`](Self::keep) was called.
#[must_use = "the message is removed when this is dropped"]
pub(crate) struct Published {
    pub(super) kept: Vec<(usize, Kept)>,
    /// The copies that failed at the end, by their numbers.
    pub(crate) failed: Vec<(usize, io::Error)>,
}

impl Published {
    /// Takes back the copies that are not wanted any more, by their numbers.
    pub(crate) fn retain(&mut self, is_wanted: impl Fn(usize) -> bool) {
        self.kept.retain(|(number, _)| is_wanted(*number));
    }

    /// Leaves the files where they are.
    ///
    /// # Errors
    /// An error if they were already taken back, since the Maildir is closed.
    pub(crate) fn keep(mut self) -> io::Result<()> {
        let Some((_, first)) = self.kept.first() else { return Ok(()) };
        // Maildirs to which one message goes share what is shown.
        let tickets: Vec<_> = self.kept.iter().map(|(_, kept)| kept.ticket).collect();
        let paths = first.maildir.shown.take_all(&tickets).ok_or_else(closed)?;
        self.kept.iter_mut().filter_map(|(_, kept)| kept.reserved.take()).for_each(Reserved::use_up);
        for path in paths {
            tracing::debug!(name: "kept", path = %path.display(), "kept");
        }
        Ok(())
    }
}
