//! Where clients come from: endpoints, sockets that another process has opened, and streams of your own.

pub(crate) mod bound;
pub(crate) mod inherited;
pub(crate) mod listener;
pub(crate) mod names;
pub(crate) mod unix;

pub use inherited::ListeningSocket;

pub use crate::net::arrival::Arrival;
pub use crate::net::endpoint::{Endpoint, EndpointError};
pub use crate::net::io::Io;
pub use crate::net::queued::Queued;
