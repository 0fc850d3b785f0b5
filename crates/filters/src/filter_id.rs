//! Tells the filters of one process apart, and keeps what each has found in a session or transaction.

use std::sync::atomic::{AtomicU64, Ordering};

use mailchute::session::TypedState;

/// A name that no other filter of this process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FilterId(u64);

impl FilterId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The values of this type that filters keep in a session or transaction. Few have more than one.
pub(crate) struct PerFilter<T>(Vec<(FilterId, T)>);

impl<T> Default for PerFilter<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Send + Sync + 'static> PerFilter<T> {
    /// Returns a clone of the value of a filter.
    pub(crate) fn get(state: &TypedState, id: FilterId) -> Option<T>
    where
        T: Clone,
    {
        let of_filter =
            |Self(all): &Self| all.iter().find(|(of, _)| *of == id).map(|(_, value)| value.clone());
        state.with(of_filter).flatten()
    }

    /// Removes the value of a filter, and returns it.
    pub(crate) fn take(state: &TypedState, id: FilterId) -> Option<T> {
        let of_filter = |Self(all): &mut Self| {
            let place = all.iter().position(|(of, _)| *of == id)?;
            Some(all.swap_remove(place).1)
        };
        state.with_mut(of_filter).flatten()
    }

    /// Sets the value of a filter.
    pub(crate) fn insert(state: &TypedState, id: FilterId, value: T) {
        state.update(|Self(all)| match all.iter_mut().find(|(of, _)| *of == id) {
            Some((_, kept)) => *kept = value,
            None => all.push((id, value)),
        });
    }

    /// Changes the value of a filter, or its default.
    pub(crate) fn update<R>(state: &TypedState, id: FilterId, change: impl FnOnce(&mut T) -> R) -> R
    where
        T: Default,
    {
        state.update(|Self(all)| {
            let place = all.iter().position(|(of, _)| *of == id).unwrap_or_else(|| {
                all.push((id, T::default()));
                all.len() - 1
            });
            change(&mut all[place].1)
        })
    }

    /// Passes the values of all filters to `look`.
    pub(crate) fn with_all<R: Default>(
        state: &TypedState,
        look: impl FnOnce(&mut dyn Iterator<Item = &T>) -> R,
    ) -> R {
        state.with(|Self(all)| look(&mut all.iter().map(|(_, value)| value))).unwrap_or_default()
    }
}
