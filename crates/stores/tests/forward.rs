//! Forwarding to a next hop that follows a script.

mod answers;
mod connections;
mod mixed;
mod passed_on;
pub(crate) mod scripted;
mod several;
mod users;
