//! Mail in a stream of NATS JetStream.

mod envelope;
mod header_error;

pub use envelope::StreamEnvelope;
pub use header_error::HeaderError;
