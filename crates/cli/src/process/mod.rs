//! The process: its rights, its signals, its sockets, and its handover.

pub(crate) mod deadline;
pub(crate) mod detach;
pub(crate) mod handover;
mod identity;
pub(crate) mod inherited;
pub(crate) mod listener;
pub(crate) mod network;
pub(crate) mod outgoing;
pub(crate) mod privileges;
pub(crate) mod reachable;
#[cfg(all(target_os = "linux", not(mailchute_portable)))]
pub(crate) mod sandbox;
#[cfg(any(not(target_os = "linux"), mailchute_portable))]
#[path = "no_sandbox.rs"]
pub(crate) mod sandbox;
pub(crate) mod signals;
pub(crate) mod sockets;
pub(crate) mod systemd;
