//! One connection: its bytes, and its slot among the others.

pub(crate) mod read_outcome;
pub(crate) mod shutdown_signal;
pub(crate) mod slots;
pub(crate) mod stream;
pub(crate) mod wire;
