//! A message that is complete, while other stores are asked for it too.

use std::io;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::drafts::Drafts;
use super::interest::Interest;
use super::kept::Published;

/// Copies of a message that are durable, and that nobody sees yet. When this is dropped, their files are removed.
#[must_use = "the message is removed when this is dropped"]
pub(crate) struct Unpublished {
    drafts: Option<Drafts>,
    interest: Arc<Interest>,
}

impl Unpublished {
    pub(super) fn new(drafts: Drafts, interest: Arc<Interest>) -> Self {
        Self { drafts: Some(drafts), interest }
    }

    /// Takes the copies that failed so far, by their numbers.
    pub(crate) fn take_failed(&mut self) -> Vec<(usize, io::Error)> {
        self.drafts.as_mut().map_or_else(Vec::new, Drafts::take_failed)
    }

    /// Puts the copies with these numbers where readers find them.
    ///
    /// # Cancel safety
    /// As [`Delivery::finish`](super::delivery::Delivery::finish).
    pub(crate) async fn publish(
        mut self,
        is_wanted: impl Fn(usize) -> bool + Send + 'static,
    ) -> io::Result<Published> {
        let interest = Arc::downgrade(&self.interest);
        let Some(mut drafts) = self.drafts.take() else { return Err(io::ErrorKind::NotFound.into()) };
        let publish = move || {
            drafts.retain(is_wanted);
            drafts.publish(&interest)
        };
        spawn_blocking(publish).await.map_err(io::Error::other)?
    }
}

impl Drop for Unpublished {
    fn drop(&mut self) {
        let Some(drafts) = self.drafts.take() else { return };
        remove_elsewhere(drafts);
    }
}

/// Drops what removes files, on a thread that may block: removing a large file takes a while. If the runtime has ended, it
/// is dropped here, with the same effect.
pub(super) fn remove_elsewhere(files: impl Send + 'static) {
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn_blocking(move || drop(files));
    }
}
