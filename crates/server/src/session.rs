//! Parts of a session: its identifier, its phase, its protocol, and the state that hooks keep in it.

mod beginning;
mod clock;
mod close;
pub(crate) mod disconnect;
mod ehlo;
mod entrance;
mod facts;
mod finding;
mod findings;
pub(crate) mod handle;
pub(crate) mod hang_up;
mod id;
pub(crate) mod interrupted;
mod logged;
mod phase;
mod phase_flag;
mod refused_recipients;
mod size_limit;
mod transaction;
mod transmission_type;

pub use mailchute_proto::{Protocol, TypedState};

pub use finding::Finding;
pub(crate) use handle::{HearFindings, Session, WeakSession};
pub use id::{NotASessionId, SessionId};
pub use phase::SessionPhase;
pub use transmission_type::TransmissionType;
