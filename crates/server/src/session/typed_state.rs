//! State of the application's own, kept by type: no globals and no locks in user code.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Values of the application's own, at most one of each type.
///
/// Every session has two: [`Session::state`](crate::Session::state) for as long as its client is the same and
/// [`Session::transaction_state`](crate::Session::transaction_state), emptied whenever a transaction ends. A
/// type of your own (`struct Score(f32)`) keeps hooks that know nothing of each other apart.
///
/// # Examples
/// ```
/// use mailchute::TypedState;
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
        // A panic in `update` or `with_mut` leaves at worst a half-changed value of the user's, no broken map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps `value`; gives back the value of this type that was there.
    pub fn insert<T: Any + Send + Sync>(&self, value: T) -> Option<T> {
        let before = self.values().get_or_insert_default().insert(TypeId::of::<T>(), Box::new(value));
        before.and_then(|value| value.downcast().ok()).map(|value| *value)
    }

    /// A clone of the value of this type. For types that cannot be cloned, or are large, there is [`with`](Self::with).
    #[must_use]
    pub fn get<T: Any + Clone>(&self) -> Option<T> {
        self.values().as_ref()?.get(&TypeId::of::<T>())?.downcast_ref().cloned()
    }

    /// Looks at the value of this type where it lies, and returns what `look` returns; `None` if there is no such value.
    ///
    /// `look` runs under a lock and must not touch the state itself.
    ///
    /// # Examples
    /// ```
    /// use mailchute::TypedState;
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

    /// Changes the value of this type where it lies, and returns what `change` returns; `None` if there is no such value.
    /// [`update`](Self::update) begins with a default instead.
    ///
    /// `change` runs under a lock and must not touch the state itself.
    pub fn with_mut<T: Any, R>(&self, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.values().as_mut()?.get_mut(&TypeId::of::<T>())?.downcast_mut().map(change)
    }

    /// Changes the value of this type in place, beginning with its default, and returns what `change` returns.
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

    /// Takes the value of this type out.
    pub fn remove<T: Any>(&self) -> Option<T> {
        let value = self.values().as_mut()?.remove(&TypeId::of::<T>())?;
        value.downcast().ok().map(|value| *value)
    }

    pub(crate) fn clear(&self) {
        let values = self.values().take();
        // Outside the lock: the values' own Drop may come back here.
        drop(values);
    }
}

impl fmt::Debug for TypedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.values().as_ref().map_or(0, |values| values.len());
        f.debug_struct("TypedState").field("values", &count).finish_non_exhaustive()
    }
}
