//! One message on its way to the stream: its content in memory, or elsewhere if it is too large.

use std::sync::Arc;

use async_nats::jetstream::Context;
use async_nats::jetstream::publish::PublishAck;
use async_nats::{HeaderMap, HeaderValue};
use bytes::{Bytes, BytesMut};
use futures_util::future::join_all;
use mailchute::{Message, Refusal, Session};
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::connect::ANSWER;
use super::envelope::StreamEnvelope;
use super::error::{NatsError, TOO_LARGE};
use super::subject::Group;
use super::uploads::{Stored, Uploads};
use super::{MEMORY, Shared};

/// Bytes of a message in memory, if the server takes more.
const MOST: usize = MEMORY / 4;

/// Bytes of a digest that name a message.
const NAME: usize = 16;

/// Returns the bytes of a message in the stream, with its headers.
pub(super) fn most(context: &Context) -> usize {
    context.client().max_payload().min(MOST)
}

/// A message with all its copies.
pub(super) struct Transfer<'s> {
    shared: &'s Shared,
    context: &'s Context,
    copies: Vec<Copy>,
    /// The hash of the content as the client sent it.
    hash: Sha256,
    content: Content,
    /// Bytes of content that fit into the stream besides the headers.
    most: usize,
    id: String,
}

/// A message in the stream.
struct Copy {
    group: Group,
    envelope: StreamEnvelope,
}

enum Content {
    Memory { bytes: BytesMut, permit: Option<OwnedSemaphorePermit> },
    Elsewhere(Uploads),
}

/// The answer for the recipients at these places.
pub(super) type Outcome = (Vec<usize>, Result<(), Refusal>);

impl<'s> Transfer<'s> {
    /// Prepares the copies.
    ///
    /// # Errors
    /// If the envelope cannot be written.
    pub(super) fn new(
        shared: &'s Shared,
        context: &'s Context,
        groups: Vec<Group>,
        message: &Message,
        session: &Session,
    ) -> Result<Self, Refusal> {
        let mut copies = Vec::with_capacity(groups.len());
        let mut of_headers = 0;
        for group in groups {
            let recipients = &message.envelope().recipients;
            let recipients =
                group.places.iter().filter_map(|place| recipients.get(*place)).cloned().collect();
            let envelope = StreamEnvelope::of(message, recipients, session);
            let headers = envelope.headers()?;
            let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
            // Besides the first line, the last one, the name, and what `deliver` adds to a dead letter.
            of_headers = of_headers.max(bytes + 1_024);
            copies.push(Copy { group, envelope });
        }
        let most = most(context).saturating_sub(of_headers);
        let content = Content::Memory { bytes: BytesMut::new(), permit: None };
        Ok(Self { shared, context, copies, hash: Sha256::new(), content, most, id: message.id().to_string() })
    }

    /// Adds the trace fields, which are others when the message is sent again.
    pub(super) async fn push_top(&mut self, bytes: &Bytes) -> Result<(), Refusal> {
        self.add(bytes).await
    }

    /// Adds content.
    pub(super) async fn push(&mut self, bytes: &Bytes) -> Result<(), Refusal> {
        self.hash.update(bytes);
        self.add(bytes).await
    }

    async fn add(&mut self, new: &Bytes) -> Result<(), Refusal> {
        if let Content::Memory { bytes, permit } = &mut self.content {
            if bytes.len() + new.len() <= self.most {
                let more = reserve(self.shared, new.len()).await.map_err(NatsError::refusal)?;
                match permit {
                    Some(permit) => permit.merge(more),
                    None => *permit = Some(more),
                }
                bytes.extend_from_slice(new);
                return Ok(());
            }
            let bodies = self.shared.bodies.as_ref().ok_or(TOO_LARGE)?;
            let begun = std::mem::take(bytes).freeze();
            let mut uploads = Uploads::begin(bodies, self.context, &self.id, self.copies.len())?;
            uploads.push(&begun).await?;
            self.content = Content::Elsewhere(uploads);
        }
        match &mut self.content {
            Content::Elsewhere(uploads) => uploads.push(new).await,
            Content::Memory { .. } => Ok(()),
        }
    }

    /// Publishes all copies, and waits for what the server says to each.
    ///
    /// # Errors
    /// If nothing could be published.
    pub(super) async fn publish(mut self) -> Result<Vec<Outcome>, Refusal> {
        let digest = std::mem::take(&mut self.hash).finalize();
        let empty = Content::Memory { bytes: BytesMut::new(), permit: None };
        let (payload, mut stored, _permit) = match std::mem::replace(&mut self.content, empty) {
            Content::Memory { bytes, permit } => (bytes.freeze(), Vec::new(), permit),
            Content::Elsewhere(uploads) => (Bytes::new(), uploads.finish().await?, None),
        };
        for (copy, stored) in self.copies.iter_mut().zip(&stored) {
            copy.envelope.body = Some(stored.place().to_owned());
        }
        let mut headers = Vec::with_capacity(self.copies.len());
        for copy in &self.copies {
            headers.push(headers_of(copy, &digest)?);
        }
        // From here on a message in the stream may name it, even if nobody waits for the answer any more.
        stored.iter_mut().for_each(Stored::keep);
        // One limit for the queue of the connection and the acknowledgement. A silent server fills that queue.
        let answers = self.copies.iter().zip(headers).map(|(copy, headers)| {
            let answer = self.send(copy, headers, payload.clone());
            async { timeout(ANSWER, answer).await.unwrap_or(Err(NatsError::Silent)) }
        });
        let answers = join_all(answers).await;
        let mut stored = stored.into_iter();
        let mut outcomes = Vec::with_capacity(answers.len());
        for (copy, answer) in self.copies.iter().zip(answers) {
            if let Some(stored) = stored.next()
                && !self.is_needed(&answer, &copy.envelope).await
            {
                stored.remove();
            }
            outcomes.push((copy.group.places.clone(), answer.map(drop).map_err(NatsError::refusal)));
        }
        Ok(outcomes)
    }

    /// Sends one copy, and waits for its acknowledgement.
    async fn send(&self, copy: &Copy, headers: HeaderMap, payload: Bytes) -> Result<PublishAck, NatsError> {
        Ok(self.context.publish_with_headers(copy.group.subject.clone(), headers, payload).await?.await?)
    }

    /// Returns whether a message in the stream names the content of this one, or may name it.
    async fn is_needed(&self, answer: &Result<PublishAck, NatsError>, envelope: &StreamEnvelope) -> bool {
        match answer {
            Ok(ack) if ack.duplicate => {
                // The message is there from an earlier attempt, and names the object of that.
                let stream = self.context.get_stream_no_info(&ack.stream).await.ok();
                let first = match &stream {
                    Some(stream) => stream.get_raw_message(ack.sequence).await.ok(),
                    None => None,
                };
                let named =
                    first.and_then(|first| first.headers.get("Mailchute-Body").map(ToString::to_string));
                named.is_none_or(|named| envelope.body.as_ref() == Some(&named))
            }
            Ok(_) => true,
            Err(error) => !error.is_certain(),
        }
    }
}

/// Waits for memory.
async fn reserve(shared: &Shared, bytes: usize) -> Result<OwnedSemaphorePermit, NatsError> {
    let bytes = u32::try_from(bytes).map_err(|_| NatsError::Busy)?;
    let permit = timeout(ANSWER, Arc::clone(&shared.memory).acquire_many_owned(bytes)).await;
    permit.ok().and_then(Result::ok).ok_or(NatsError::Busy)
}

/// Returns the headers of a copy.
fn headers_of(copy: &Copy, digest: &[u8]) -> Result<HeaderMap, Refusal> {
    let mut headers = HeaderMap::new();
    for (name, value) in copy.envelope.headers()? {
        headers.append(name, value.parse::<HeaderValue>()?);
    }
    headers.insert("Nats-Msg-Id", name_of(copy, digest));
    Ok(headers)
}

/// The name by which the server knows a message that is sent again.
fn name_of(copy: &Copy, digest: &[u8]) -> String {
    let envelope = &copy.envelope.envelope;
    let mut hash = Sha256::new();
    hash.update(envelope.sender.as_str());
    for recipient in &envelope.recipients {
        // No address has a NUL.
        hash.update([0]);
        hash.update(recipient.as_str());
    }
    hash.update([0, 0]);
    hash.update(digest);
    hash.finalize()[..NAME].iter().map(|byte| format!("{byte:02x}")).collect()
}
