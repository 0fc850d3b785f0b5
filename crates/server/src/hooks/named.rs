//! A hook with its name in log and events.

use std::any::type_name;
use std::sync::Arc;

use super::measured::{AllMeasured, Measured};

/// A value of the application, with its name in log and events.
pub(crate) struct Named<T> {
    pub(super) name: &'static str,
    pub(super) value: T,
    /// The counters of its time and refusals. Usually there are none.
    pub(super) measured: Option<Arc<Measured>>,
}

/// A hook whose time and refusals can be counted.
pub(crate) trait Measurable {
    /// Counts here, unless it is counted elsewhere.
    fn measure(&mut self, measured: &Arc<Measured>);

    /// Counts a refusal that is not its answer.
    fn count_refusal(&self);

    /// Goes on with the counters that the server has had under the same name.
    fn go_on_counting(&mut self, all: &AllMeasured);
}

impl<T> Measurable for Named<T> {
    fn measure(&mut self, measured: &Arc<Measured>) {
        self.measured.get_or_insert_with(|| Arc::clone(measured));
    }

    fn count_refusal(&self) {
        if let Some(measured) = &self.measured {
            measured.refuse();
        }
    }

    fn go_on_counting(&mut self, all: &AllMeasured) {
        self.measured = self.measured.as_ref().map(|measured| all.of(measured));
    }
}

impl<T> Named<T> {
    /// Names a value by its type. An `Arc` has the name of the type inside.
    pub(crate) fn by_type(value: T) -> Self {
        let name = type_name::<T>();
        let held = name.strip_prefix("alloc::sync::Arc<").and_then(|name| name.strip_suffix('>'));
        Self { name: held.unwrap_or(name), value, measured: None }
    }

    /// Names a closure by the method of the builder that took it.
    pub(crate) const fn by_method(name: &'static str, value: T) -> Self {
        Self { name, value, measured: None }
    }
}
