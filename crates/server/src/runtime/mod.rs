//! Time, turns and buffers.

pub(crate) mod counters;
pub(crate) mod listener_counts;
pub(crate) mod read_buffer;
pub(crate) mod sharded;
pub(crate) mod timeouts;
pub(crate) mod timer;
pub(crate) mod yield_queue;
