//! Values of the application, kept by type: user code needs no globals and no locks.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Values of the application, at most one of each type.
///
/// Every session of a server has two: one lasts while the client stays the same, the other is cleared at the end of
/// each transaction. Every [`Recipient`](crate::Recipient::state) has one. Use a type of your own (`struct
/// Score(f32)`), so that independent hooks do not overwrite each other's values.
///
/// # Examples
/// ```
/// use mailchute_proto::TypedState;
///
/// #[derive(Clone, Copy, Default, PartialEq, Debug)]
/// struct Refusals(u32);
///
/// let state = TypedState::default();
/// assert_eq!(state.get::<Refusals>(), None);
/// state.update(|refusals: &mut Refusals| refusals.0 += 1);
/// assert_eq!(state.get(), Some(Refusals(1)));
/// ```
#[derive(Default)]
pub struct TypedState(Mutex<Option<Box<Values>>>);

type Values = HashMap<TypeId, Box<dyn Any + Send + Sync>>;

impl TypedState {
    fn values(&self) -> MutexGuard<'_, Option<Box<Values>>> {
        // A panic in `update` or `with_mut` leaves a half-changed value at worst. The map stays intact.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores `value`, and returns the previous value of this type.
    pub fn insert<T: Any + Send + Sync>(&self, value: T) -> Option<T> {
        let before = self.values().get_or_insert_default().insert(TypeId::of::<T>(), Box::new(value));
        before.and_then(|value| value.downcast().ok()).map(|value| *value)
    }

    /// Returns a clone of the value of this type. For types that are large or not `Clone` there is [`with`](Self::with).
    #[must_use]
    pub fn get<T: Any + Clone>(&self) -> Option<T> {
        self.values().as_ref()?.get(&TypeId::of::<T>())?.downcast_ref().cloned()
    }

    /// Passes the value of this type to `look`, and returns its result. Returns `None` if there is no such value.
    ///
    /// `look` runs under a lock and must not touch the state itself.
    ///
    /// # Examples
    /// ```
    /// use mailchute_proto::TypedState;
    ///
    /// struct Seen(Vec<String>); // neither Clone nor Default
    ///
    /// let state = TypedState::default();
    /// assert_eq!(state.with(|Seen(names)| names.len()), None);
    /// state.insert(Seen(vec!["alice".into()]));
    /// state.with_mut(|Seen(names)| names.push("bob".into()));
    /// assert_eq!(state.with(|Seen(names)| names.len()), Some(2));
    /// ```
    pub fn with<T: Any, R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        self.values().as_ref()?.get(&TypeId::of::<T>())?.downcast_ref().map(look)
    }

    /// Passes the value of this type to `change`, and returns its result. Returns `None` if there is no such value;
    /// [`update`](Self::update) starts with a default instead.
    ///
    /// `change` runs under a lock and must not touch the state itself.
    pub fn with_mut<T: Any, R>(&self, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.values().as_mut()?.get_mut(&TypeId::of::<T>())?.downcast_mut().map(change)
    }

    /// Passes the value of this type, or its default, to `change`, and returns its result.
    ///
    /// `change` runs under a lock and must not touch the state itself.
    #[expect(clippy::missing_panics_doc, reason = "the value stands under its own type")]
    pub fn update<T: Any + Send + Sync + Default, R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let mut values = self.values();
        let value = values
            .get_or_insert_default()
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Box::new(T::default()))
            .downcast_mut()
            .expect("the value stands under its own type");
        change(value)
    }

    /// Removes the value of this type, and returns it.
    pub fn remove<T: Any>(&self) -> Option<T> {
        let value = self.values().as_mut()?.remove(&TypeId::of::<T>())?;
        value.downcast().ok().map(|value| *value)
    }

    /// Drops all values.
    pub fn clear(&self) {
        let values = self.values().take();
        // Outside the lock, as the `Drop` of a value may use the state.
        drop(values);
    }
}

impl fmt::Debug for TypedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.values().as_ref().map_or(0, |values| values.len());
        f.debug_struct("TypedState").field("values", &count).finish_non_exhaustive()
    }
}
