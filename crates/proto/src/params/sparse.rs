//! What is seldom anything but its default.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

pub(crate) mod sealed {
    /// A type whose default is there without being made.
    pub trait Standard: Clone + Default + PartialEq + 'static {
        /// The default.
        fn standard() -> &'static Self;
    }
}

use sealed::Standard;

/// A value that is read and changed as if it stood here. It takes memory only if it is not the default, and a clone
/// costs a reference count: envelopes are moved and cloned often, and have few parameters.
///
/// # Examples
/// ```
/// use mailchute_proto::{ReversePath, Sender};
///
/// let mut sender = Sender::new(ReversePath::Null);
/// assert_eq!(sender.parameters.size, None);
/// sender.parameters.size = Some(1_000);
/// assert_eq!(sender.parameters.size, Some(1_000));
/// ```
#[derive(Clone)]
pub struct Sparse<T: Standard>(Option<Arc<T>>);

impl<T: Standard> Sparse<T> {
    /// The value, if it takes memory.
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
