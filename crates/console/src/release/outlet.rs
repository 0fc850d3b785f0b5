//! The way out of the machine.

use std::fmt;
use std::pin::Pin;

use mailchute::{Envelope, Receipt, Refusal};

/// The answers of a next hop, for each recipient in the order of the envelope.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Vec<Result<Receipt, Refusal>>> + Send + 'a>>;

/// Sends messages to a next hop, for a [`Release`](super::Release).
pub trait Outlet: fmt::Debug + Send + Sync + 'static {
    /// Sends a message, and returns an answer for each recipient, in the order of the envelope. Each line of the
    /// content ends with CRLF.
    fn send<'a>(&'a self, envelope: &'a Envelope, content: &'a [u8]) -> Sending<'a>;
}
