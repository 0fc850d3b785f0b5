//! What happens in sessions, told to subscribers that never hold a session up.
//!
//! [`Server::events`](crate::Server::events) subscribes. Each [`Event`] has a time and, if it belongs to one, its session.

mod backlog;
mod display;
pub(crate) mod event;
pub(crate) mod kind;
pub(crate) mod make;
pub(crate) mod stage;
pub(crate) mod subscribers;
pub(crate) mod subscription;

pub use event::Event;
pub use kind::Kind;
pub use stage::Stage;
pub use subscription::Events;
