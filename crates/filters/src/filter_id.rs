//! Tells the filters of one process apart.

use std::sync::atomic::{AtomicU64, Ordering};

/// A name that no other filter of this process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FilterId(u64);

impl FilterId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}
