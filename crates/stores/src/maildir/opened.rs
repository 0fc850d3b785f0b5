//! The Maildirs that are open, of which there may be many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Shared;

/// The most Maildirs that are remembered while no message is on its way to them. Their names may come from
/// clients.
pub(super) const MOST_UNUSED: usize = 1_000;

/// The Maildirs that mail has gone to, by their paths below a common directory.
#[derive(Default)]
pub(crate) struct Opened(Mutex<HashMap<Arc<str>, Arc<Shared>>>);

impl Opened {
    pub(super) fn all(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Shared>>> {
        // Only insertions and removals happen under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, path: &str) -> Option<Arc<Shared>> {
        self.all().get(path).map(Arc::clone)
    }

    /// Remembers a Maildir, and returns the one that has been remembered first.
    pub(crate) fn insert(&self, path: Arc<str>, made: Shared) -> Arc<Shared> {
        let mut opened = self.all();
        if opened.len() >= MOST_UNUSED {
            opened.retain(|_, shared| Arc::strong_count(shared) > 1);
        }
        Arc::clone(opened.entry(path).or_insert_with(|| Arc::new(made)))
    }
}
