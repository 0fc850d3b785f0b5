//! Listeners and their sockets.

pub(crate) mod bound;
pub(crate) mod inherited;
pub(crate) mod listener;
pub(crate) mod names;
pub(crate) mod unix;
