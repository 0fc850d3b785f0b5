//! The names of the listeners that a server has had.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The names, for policies that are set by name.
#[derive(Debug, Default)]
pub(crate) struct ListenerNames(Mutex<BTreeSet<Arc<str>>>);

impl ListenerNames {
    fn names(&self) -> MutexGuard<'_, BTreeSet<Arc<str>>> {
        // Only an insertion happens under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, name: Arc<str>) {
        self.names().insert(name);
    }

    /// Returns the names in one text, unless this name is among them.
    pub(crate) fn without(&self, name: &str) -> Option<String> {
        let names = self.names();
        (!names.contains(name))
            .then(|| names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", "))
    }

    pub(crate) fn are_none(&self) -> bool {
        self.names().is_empty()
    }
}
