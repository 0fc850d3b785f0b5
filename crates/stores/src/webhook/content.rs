//! The content of a message, which is read several times.

use bytes::Bytes;
use mailchute::message::{BodyError, Copies};
use mailchute::{Message, Refusal};
use sha2::{Digest as _, Sha256};

/// The hash and the size of a message.
#[derive(Debug)]
pub(super) struct Digest {
    /// It is that of the bytes below the trace fields and the fields that filters add, which differ when the message is
    /// sent again.
    pub(super) hash: [u8; 32],
    /// How long the content is about.
    pub(super) size: u64,
}

impl Digest {
    /// Reads the message to its end.
    pub(super) async fn of(mut message: Message) -> Result<Self, BodyError> {
        let mut copies = message.for_relay().await?;
        let (mut hash, mut size) = (Sha256::new(), 0);
        while let Some(chunk) = copies.chunk().await? {
            hash.update(&chunk);
            size += chunk.len() as u64;
        }
        Ok(Self { hash: hash.finalize().into(), size })
    }
}

/// The bytes that the application gets as the message.
#[derive(Debug)]
pub(super) struct Content {
    /// The trace fields that are still to be read.
    top: Option<Bytes>,
    below: Below,
}

#[derive(Debug)]
enum Below {
    Message(Box<Message>),
    Copies(Box<Copies>),
}

impl Content {
    /// Opens the message of a request. Its trace fields are `top`, or new ones: they have the time in them.
    pub(super) async fn open(message: Message, has_trace: bool, top: Option<Bytes>) -> Result<Self, Refusal> {
        if !has_trace {
            return Ok(Self { top: None, below: Below::Message(message.into()) });
        }
        let all: Vec<_> = (0..message.envelope().recipients.len()).collect();
        let copies = message.for_places(&[all]).await?;
        let top = top.or_else(|| copies.tops().first().cloned());
        Ok(Self { top, below: Below::Copies(copies.into()) })
    }

    /// Returns the trace fields, before they are read.
    pub(super) fn top(&self) -> Option<Bytes> {
        self.top.clone()
    }

    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        if let Some(top) = self.top.take().filter(|top| !top.is_empty()) {
            return Ok(Some(top));
        }
        match &mut self.below {
            Below::Message(message) => message.chunk().await,
            Below::Copies(copies) => copies.chunk().await,
        }
    }
}
