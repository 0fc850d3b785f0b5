//! The listeners that a server has had.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::net::arrival::Entrance;

/// The listeners, for policies that are set by name, and for their counters.
#[derive(Debug, Default)]
pub(crate) struct ListenerNames(Mutex<Vec<Arc<Entrance>>>);

impl ListenerNames {
    fn listeners(&self) -> MutexGuard<'_, Vec<Arc<Entrance>>> {
        // Only an insertion happens under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, entrance: Arc<Entrance>) {
        self.listeners().push(entrance);
    }

    /// Returns all listeners.
    pub(crate) fn entrances(&self) -> Vec<Arc<Entrance>> {
        self.listeners().clone()
    }

    /// Returns the names in one text, unless this name is among them.
    pub(crate) fn without(&self, name: &str) -> Option<String> {
        let listeners = self.listeners();
        let mut names: Vec<&str> = listeners.iter().map(|listener| &*listener.name).collect();
        names.sort_unstable();
        names.dedup();
        (!names.contains(&name))
            .then(|| names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", "))
    }

    pub(crate) fn are_none(&self) -> bool {
        self.listeners().is_empty()
    }
}
