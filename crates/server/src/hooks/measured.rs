//! The time and the refusals of hooks, counted under a name.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::runtime::sharded::Sharded;

const NANOSECONDS: usize = 0;
const REFUSED: usize = 1;
const COUNTS: usize = 2;

/// The counters of the hooks and filters that have a name in common, or of the store.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) name: Arc<str>,
    counts: Sharded<COUNTS>,
}

impl Measured {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self { name, counts: Sharded::default() }
    }

    pub(super) fn add_time(&self, time: Duration) {
        self.counts.add(NANOSECONDS, u64::try_from(time.as_nanos()).unwrap_or_default());
    }

    pub(super) fn refuse(&self) {
        self.counts.add(REFUSED, 1);
    }

    pub(crate) fn time(&self) -> Duration {
        Duration::from_nanos(self.counts.sum(NANOSECONDS))
    }

    pub(crate) fn refused(&self) -> u64 {
        self.counts.sum(REFUSED)
    }
}

/// All counters that a server has had. They stay when its options are replaced.
#[derive(Debug, Default)]
pub(crate) struct AllMeasured {
    list: Mutex<Vec<Arc<Measured>>>,
    store: Arc<Measured>,
}

impl AllMeasured {
    fn list(&self) -> MutexGuard<'_, Vec<Arc<Measured>>> {
        // Only an insertion happens under this lock.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the counters of the same name, or else adds these.
    pub(crate) fn of(&self, measured: &Arc<Measured>) -> Arc<Measured> {
        let mut list = self.list();
        if let Some(known) = list.iter().find(|known| known.name == measured.name) {
            return Arc::clone(known);
        }
        list.push(Arc::clone(measured));
        Arc::clone(measured)
    }

    /// Returns the counters of the store.
    pub(crate) fn store(&self) -> &Arc<Measured> {
        &self.store
    }

    /// Returns the counters of hooks and filters, by their names.
    pub(crate) fn all(&self) -> Vec<Arc<Measured>> {
        let mut all = self.list().clone();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }
}
