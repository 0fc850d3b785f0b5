//! Addresses, networks, and what a connection is made of.

pub(crate) mod endpoint;
pub(crate) mod network;
pub(crate) mod origin;
