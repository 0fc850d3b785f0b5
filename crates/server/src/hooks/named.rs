//! A hook with its name in log and events.

use std::any::type_name;

/// A value of the application, with its name in log and events.
pub(crate) struct Named<T> {
    pub(super) name: &'static str,
    pub(super) value: T,
}

impl<T> Named<T> {
    /// Names a value by its type. An `Arc` has the name of the type inside.
    pub(crate) fn by_type(value: T) -> Self {
        let name = type_name::<T>();
        let held = name.strip_prefix("alloc::sync::Arc<").and_then(|name| name.strip_suffix('>'));
        Self { name: held.unwrap_or(name), value }
    }

    /// Names a closure by the method of the builder that took it.
    pub(crate) const fn by_method(name: &'static str, value: T) -> Self {
        Self { name, value }
    }
}
