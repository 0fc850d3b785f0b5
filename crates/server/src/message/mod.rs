//! A message: its envelope, and its content as it comes.

pub(crate) mod body;
pub(crate) mod id;
pub(crate) mod prefix;
pub(crate) mod refusals;
pub(crate) mod spool;
pub(crate) mod trace_fields;

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use mailchute_proto::{Envelope, Protocol, Reply, Verdict};

use crate::message::body::{Body, BodyError};
use crate::message::id::MessageId;
use crate::message::prefix::Prefix;
use crate::session::Session;

/// A message that a client hands over.
///
/// The content is asked of the client (354) when it is first read. It comes chunk by chunk as fast as it is
/// read and no faster; a message of any size takes the memory of one chunk.
///
/// Each data hook, and the store after them, reads from the first octet on. As long as another reader is to
/// come, what is read is also kept for it: up to 1 MiB in memory, the rest in a temporary file that is gone with
/// the message. With a single reader nothing is kept.
///
/// # Examples
/// ```
/// # use mailchute::{BodyError, Message};
/// async fn count(message: &mut Message) -> Result<u64, BodyError> {
///     let mut octets = 0;
///     while let Some(chunk) = message.chunk().await? {
///         octets += chunk.len() as u64;
///     }
///     Ok(octets)
/// }
/// ```
pub struct Message {
    id: MessageId,
    envelope: Arc<Envelope>,
    body: Body,
    session: Session,
    /// Octets up to which [`bytes`](Self::bytes) reads.
    limit: u64,
    /// Where the recipients stand in the envelope as the client gave it, if some of it are refused.
    places: Option<Arc<[usize]>>,
    /// What this reader wants to have before the content, until it has it.
    top: Option<Box<Prefix>>,
}

impl Message {
    pub(crate) fn new(
        number: u32,
        envelope: Arc<Envelope>,
        body: Body,
        session: Session,
        limit: u64,
    ) -> Self {
        Self {
            id: MessageId::new(session.id(), number),
            envelope,
            body,
            session,
            limit,
            places: None,
            top: None,
        }
    }

    pub(crate) fn is_read(&self) -> bool {
        self.body.is_read()
    }

    /// The same message for another reader, who begins at its first octet.
    pub(crate) fn for_reader(&self, keeps: bool) -> Self {
        Self {
            id: self.id,
            envelope: Arc::clone(&self.envelope),
            body: self.body.for_reader(keeps),
            session: self.session.clone(),
            limit: self.limit,
            places: self.places.clone(),
            top: None,
        }
    }

    /// The same message for a closure, which takes it whole; it goes on where this one stands.
    pub(crate) fn hand_over(&self) -> Self {
        Self {
            id: self.id,
            envelope: Arc::clone(&self.envelope),
            body: self.body.clone(),
            session: self.session.clone(),
            limit: self.limit,
            places: self.places.clone(),
            top: None,
        }
    }

    /// The message's name, as unique as that of its [session](crate::SessionId).
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.id
    }

    /// Its sender and its recipients. Recipients that an earlier hook has [refused](Self::refuse) are left out.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Refuses the message for one recipient, named by its place in the [envelope](Self::envelope).
    ///
    /// | | called by a hook | called by the store |
    /// |---|---|---|
    /// | **LMTP** | the client hears `reply` for this recipient; hooks after it and the store are asked about the others, if any are left | the client hears `reply` for this recipient, and for the others what the store returns |
    /// | **SMTP** | the whole message is refused; hooks after it and the store are not asked, and nothing is kept | the whole message is refused; recipients for whom the store has kept it have it, and get it again if the client tries again |
    ///
    /// It can be called until the hook or store returns, before the content is read or after that. The first refusal of
    /// a recipient stays, and a place where there is nobody changes nothing. A `reply` that is no refusal is a mistake
    /// of the caller's, and becomes a logged `451 4.3.0`.
    ///
    /// In LMTP, when the whole message is refused, by `Err` or otherwise, that is the reply for all who were not refused
    /// by name: also for those who have the message by then, so that it may be delivered to them again. Before the
    /// content has come, DATA and a BDAT that is not the last have one reply for all, chosen as in SMTP.
    ///
    /// In SMTP, which has one reply for all, that is the first temporary refusal, else the first
    /// ([`Verdict::for_all`]). So nothing is lost, and no delivery is claimed that there was not. A store that keeps mail
    /// by recipient should have them refused at RCPT where it can.
    ///
    /// # Examples
    /// ```
    /// use mailchute::{Message, Recipient, Reply, Server, Session, Store, testing};
    ///
    /// /// A store with a place for each recipient.
    /// struct Mailboxes;
    ///
    /// impl Store for Mailboxes {
    ///     async fn store(&self, mut message: Message, _session: &Session) -> Result<Reply, Reply> {
    ///         let content = message.bytes().await?;
    ///         for (place, recipient) in message.envelope().recipients.iter().enumerate() {
    ///             if let Err(refusal) = keep(recipient, &content).await {
    ///                 message.refuse(place, refusal);
    ///             }
    ///         }
    ///         Ok(Reply::new(250, (2, 1, 5), "Delivered"))
    ///     }
    /// }
    ///
    /// async fn keep(recipient: &Recipient, content: &[u8]) -> Result<(), Reply> {
    ///     if recipient.as_str().eq_ignore_ascii_case("full@example.com") {
    ///         return Err(Reply::new(452, (4, 2, 2), "Mailbox full"));
    ///     }
    ///     println!("{} octets for {recipient}", content.len());
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mailchute::BuildError> {
    /// let server = Server::builder().store(Mailboxes).build()?;
    /// let mut client = testing::lmtp_client(&server);
    /// client.greeting().await.expect(220);
    /// client.send("LHLO client.example").await.expect(250);
    /// client.send("MAIL FROM:<alice@client.example>").await.expect(250);
    /// client.send("RCPT TO:<bob@example.com>").await.expect(250);
    /// client.send("RCPT TO:<full@example.com>").await.expect(250);
    /// client.send("DATA").await.expect(354);
    /// client.send("Subject: hello\r\n\r\nHello you two\r\n.").await.expect(250); // for Bob
    /// client.read_reply().await.expect(452); // for the other
    /// # Ok(())
    /// # }
    /// ```
    pub fn refuse(&self, place: usize, reply: Reply) {
        let place = match &self.places {
            Some(places) => places.get(place).copied(),
            None => (place < self.envelope.recipients.len()).then_some(place),
        };
        let reply = if reply.is_refusal() {
            reply
        } else {
            Reply::internal("a recipient was refused with a reply that is no refusal")
        };
        if let Some(place) = place {
            self.body.refusals().refuse(place, reply);
        }
    }

    /// What the refusal of single recipients means for those who are still to be asked: the verdict, if it is decided.
    pub(crate) fn settle_refusals(&mut self) -> Option<Verdict> {
        let refusals = self.body.refusals();
        if refusals.are_none() {
            return None;
        }
        let places = match &self.places {
            Some(places) => places.to_vec(),
            None => (0..self.envelope.recipients.len()).collect(),
        };
        let (places, recipients): (Vec<_>, Vec<_>) = places
            .into_iter()
            .zip(&self.envelope.recipients)
            .filter(|(place, _)| refusals.of(*place).is_none())
            .map(|(place, recipient)| (place, recipient.clone()))
            .unzip();
        if recipients.is_empty() || self.session.protocol() == Protocol::Smtp {
            return Some(refusals.verdict());
        }
        let mut envelope = Envelope::new(self.envelope.sender.clone());
        envelope.recipients = recipients;
        self.envelope = envelope.into();
        self.places = Some(places.into());
        None
    }

    /// The next octets of the content, never none; `None` at its end. Lines end with CRLF, and dots that the
    /// client stuffed are taken out.
    ///
    /// # Errors
    /// [`BodyError`]: most often that the client has gone before the end. Content that was read up to then is not a
    /// message and must not be kept.
    ///
    /// # Cancel safety
    /// When the future is dropped while a chunk is being kept for the next reader, that chunk is lost, and every
    /// later read says [`BodyError::Gone`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        while let Some(top) = &mut self.top {
            if let Some(octets) = top.pop() {
                return Ok(Some(octets));
            }
            if top.is_done() {
                self.top = None;
            } else {
                top.push(self.body.chunk().await?);
            }
        }
        self.body.chunk().await
    }

    /// All of the content that was not read yet, in one piece, up to the server's
    /// [maximum message size](crate::Builder::max_message_size), or 64 MiB where there is none.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk), and [`BodyError::TooLong`], which `?` turns into `552 5.3.4`.
    ///
    /// # Cancel safety
    /// What was read is lost when the future is dropped.
    pub async fn bytes(&mut self) -> Result<Bytes, BodyError> {
        self.bytes_up_to(self.limit).await
    }

    /// As [`bytes`](Self::bytes), up to `limit` octets.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    ///
    /// # Cancel safety
    /// As [`bytes`](Self::bytes).
    pub async fn bytes_up_to(&mut self, limit: u64) -> Result<Bytes, BodyError> {
        let Some(top) = &self.top else { return self.body.bytes(limit).await };
        let before = top.added();
        let mut content = BytesMut::new();
        let mut added = 0;
        while let Some(chunk) = self.chunk().await? {
            added = self.top.as_ref().map_or(added, |top| top.added() - before);
            content.extend_from_slice(&chunk);
            if content.len() as u64 - added > limit {
                return Err(BodyError::TooLong { limit });
            }
        }
        Ok(content.freeze())
    }

    /// Puts the [trace fields](Self::trace_fields) in front of what this reader reads.
    ///
    /// An empty line follows them if the content does not begin with a field of its own. Otherwise a content that begins
    /// with white space would continue the last of the trace fields (RFC 5322 §2.2.3), and the client could write what the
    /// server seems to say.
    ///
    /// Lines that begin with `From ` or `>From ` before the content's header come from mbox files. They become fields:
    /// `X-Mailbox-Line: ` is put in front of each, as Postfix does.
    ///
    /// Call it before the first read, where the message is kept. Other readers are not affected.
    pub fn prepend_trace_fields(&mut self) {
        self.top = Some(Prefix::new(self.trace_fields()).into());
    }

    /// The header fields to be put on top of a message that is kept, lines ended by CRLF: `Return-Path:`, one `Delivered-To:`
    /// for each distinct recipient, and `Received:` (RFC 5321 §4.4). [`prepend_trace_fields`](Self::prepend_trace_fields) puts them
    /// there safely.
    #[must_use]
    pub fn trace_fields(&self) -> String {
        trace_fields::fields(self.id, &self.envelope, &self.session)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &format_args!("{}", self.id))
            .field("envelope", &self.envelope)
            .finish_non_exhaustive()
    }
}
