//! The process: its rights, its signals, its sockets, and its handover.

pub(crate) mod deadline;
pub(crate) mod detach;
pub(crate) mod handover;
pub(crate) mod inherited;
pub(crate) mod listener;
pub(crate) mod network;
pub(crate) mod privileges;
pub(crate) mod reachable;
pub(crate) mod sandbox;
pub(crate) mod signals;
pub(crate) mod sockets;
pub(crate) mod systemd;
