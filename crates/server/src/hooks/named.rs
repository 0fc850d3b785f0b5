//! A hook with the name by which log and events call it.

use std::any::type_name;

/// What the application gave, and what log and events call it.
pub(crate) struct Named<T> {
    pub(super) name: &'static str,
    pub(super) value: T,
}

impl<T> Named<T> {
    /// Calls it by its type. An `Arc` goes by what it holds.
    pub(crate) fn by_type(value: T) -> Self {
        let name = type_name::<T>();
        let held = name.strip_prefix("alloc::sync::Arc<").and_then(|name| name.strip_suffix('>'));
        Self { name: held.unwrap_or(name), value }
    }

    /// Calls a closure by the method of the builder that took it.
    pub(crate) const fn by_method(name: &'static str, value: T) -> Self {
        Self { name, value }
    }
}
