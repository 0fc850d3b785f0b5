//! The protocol of milters, version 6, without I/O: packets, commands of the server and replies of the milter.
//!
//! A packet is a length of four bytes, a command of one byte and its data. The length counts the command and the data.
//!
//! ```text
//!   server: MACRO, CONNECT ──► milter
//!   server ◄── PROGRESS, PROGRESS, CONTINUE
//! ```

pub(crate) mod command;
pub(crate) mod edit;
pub(crate) mod negotiation;
pub(crate) mod packet;
pub(crate) mod reply;
pub(crate) mod reply_code;
