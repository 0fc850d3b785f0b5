//! Values that are usually their default.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A type with a static default.
pub(crate) trait Standard: Clone + Default + PartialEq + 'static {
    /// Returns the default.
    fn standard() -> &'static Self;
}

/// A value that takes memory only if it is not the default. A clone costs a reference count: envelopes are moved and
/// cloned often, and have few parameters.
#[derive(Clone)]
pub(crate) struct Sparse<T: Standard>(Option<Arc<T>>);

impl<T: Standard> Sparse<T> {
    /// Returns the value, if it takes memory.
    pub(crate) fn made(&self) -> Option<&T> {
        self.0.as_deref()
    }
}

impl<T: Standard> Default for Sparse<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Standard> From<T> for Sparse<T> {
    fn from(value: T) -> Self {
        Self((value != *T::standard()).then(|| Arc::new(value)))
    }
}

impl<T: Standard> Deref for Sparse<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::standard())
    }
}

impl<T: Standard> DerefMut for Sparse<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl<T: Standard> PartialEq for Sparse<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Standard + Eq> Eq for Sparse<T> {}

impl<T: Standard + fmt::Debug> fmt::Debug for Sparse<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
