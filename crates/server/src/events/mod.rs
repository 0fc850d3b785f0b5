//! What happens in sessions, told to whoever subscribed.

pub(crate) mod event;
pub(crate) mod subscribers;
