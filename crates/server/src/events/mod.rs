//! Events: what happens in sessions, for subscribers that never hold a session up.
//!
//! [`Server::events`](crate::Server::events) subscribes. Each [`Event`] has a time, and its session if it
//! belongs to one.

mod backlog;
mod display;
pub(crate) mod event;
pub(crate) mod kind;
pub(crate) mod make;
mod recorder;
mod said;
#[cfg(feature = "serde")]
mod serialize;
pub(crate) mod stage;
pub(crate) mod subscribers;
pub(crate) mod subscription;
mod transcript;

pub use event::Event;
pub use kind::Kind;
pub use recorder::Recorder;
pub(crate) use said::{About, Said};
pub use stage::Stage;
pub use subscription::Events;
pub use transcript::Transcript;
