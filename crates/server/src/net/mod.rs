//! Addresses, networks, and what a connection is made of.

pub(crate) mod arrival;
pub(crate) mod client_key;
pub(crate) mod endpoint;
pub(crate) mod io;
pub(crate) mod network;
pub(crate) mod peer;
pub(crate) mod queued;
