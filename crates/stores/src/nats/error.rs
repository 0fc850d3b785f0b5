//! Why NATS does not take a message.

use std::error::Error;
use std::fmt;
use std::io;

use async_nats::ConnectError;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use mailchute::Refusal;

/// Why NATS does not take a message now.
#[derive(Debug)]
pub(crate) enum NatsError {
    /// There is no connection.
    NotConnected,
    /// It could not even be begun.
    Connect(ConnectError),
    /// The address of a server is invalid.
    Address(io::Error),
    /// A message was not acknowledged.
    Publish(PublishError),
    /// The server is silent, although there is a connection.
    Silent,
    /// Too much is on its way.
    Busy,
}

/// The message is larger than the server, the stream or the memory for it allows.
pub(super) const TOO_LARGE: Refusal = Refusal::from_static(552, (5, 3, 4), "Message too large");

/// The text for a client whose message may be in the stream or not.
const SILENT: &str = "The stream does not answer";

impl NatsError {
    /// Returns the refusal that our client gets.
    pub(crate) fn refusal(self) -> Refusal {
        let refusal = match (&self, self.code()) {
            (_, Some(ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM)) => TOO_LARGE,
            (_, Some(code)) if is_full(code) => Refusal::new(452, (4, 3, 1), "The stream is full"),
            (Self::Silent, _) => Refusal::new(451, (4, 4, 2), SILENT),
            (Self::Publish(error), _) => match error.kind() {
                PublishErrorKind::MaxPayloadExceeded => TOO_LARGE,
                PublishErrorKind::TimedOut => Refusal::new(451, (4, 4, 2), SILENT),
                _ => Refusal::new(451, (4, 3, 0), "The stream does not take the message"),
            },
            (Self::Busy, _) => {
                Refusal::new(451, (4, 4, 5), "Too many messages are on their way to the stream")
            }
            _ => Refusal::new(451, (4, 4, 1), "The stream cannot be reached"),
        };
        refusal.with_cause(self)
    }

    /// Returns whether the message is certainly not in the stream.
    pub(super) fn is_certain(&self) -> bool {
        match self {
            Self::Publish(error) => {
                let is_local = matches!(
                    error.kind(),
                    PublishErrorKind::StreamNotFound | PublishErrorKind::MaxPayloadExceeded
                );
                is_local || self.code().is_some()
            }
            Self::Silent => false,
            _ => true,
        }
    }

    /// Returns the error code of JetStream, if the server has answered with one.
    fn code(&self) -> Option<ErrorCode> {
        let Self::Publish(error) = self else { return None };
        let answer = error.source()?.downcast_ref::<async_nats::jetstream::Error>()?;
        Some(answer.error_code())
    }
}

/// Returns whether there may be room later.
fn is_full(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::STORAGE_RESOURCES_EXCEEDED
            | ErrorCode::MEMORY_RESOURCES_EXCEEDED
            | ErrorCode::INSUFFICIENT_RESOURCES
            // The bounds of the stream, and also an error of its disk.
            | ErrorCode::STREAM_STORE_FAILED
    )
}

impl fmt::Display for NatsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected => f.write_str("there is no connection to NATS"),
            Self::Connect(error) => error.fmt(f),
            Self::Address(error) => error.fmt(f),
            Self::Publish(error) => error.fmt(f),
            Self::Silent => f.write_str("NATS does not answer in time"),
            Self::Busy => f.write_str("the memory for messages on their way to NATS is in use"),
        }
    }
}

impl Error for NatsError {}

impl From<io::Error> for NatsError {
    fn from(error: io::Error) -> Self {
        Self::Address(error)
    }
}

impl From<PublishError> for NatsError {
    fn from(error: PublishError) -> Self {
        Self::Publish(error)
    }
}
