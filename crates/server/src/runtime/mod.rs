//! Time, turns and buffers.

pub(crate) mod fairness;
pub(crate) mod read_buffer;
pub(crate) mod timeouts;
pub(crate) mod timer;
