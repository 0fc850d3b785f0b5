//! Trace fields on top of a message, and of several copies of it.

use bytes::Bytes;
use mailchute_proto::{Recipient, Refusal};

use super::Message;
use super::body_error::BodyError;
use super::content::Content;
use super::recipients::NamedPlaces;
use super::trace_fields::TraceFields;

/// Trace fields (RFC 5321 §4.4).
///
/// An empty line follows them if the content does not begin with a field. Otherwise content that begins with
/// white space would continue the last trace field (RFC 5322 §2.2.3), and the client could forge the server's
/// words.
///
/// Lines that begin with `From ` or `>From ` before the content's header come from mbox files. They become
/// fields, with `X-Mailbox-Line: ` in front of each, as in Postfix.
///
/// Call these before the first read, in the reader that keeps the message. Other readers are not affected.
impl Message {
    /// Puts the fields of a final delivery in front of what this reader reads: `Return-Path:`, one
    /// `Delivered-To:` for each distinct recipient, and `Received:`. Their lines end with CRLF.
    ///
    /// `Delivered-To:` names every recipient, including blind copies. A store that keeps a copy for each
    /// recipient uses [`prepend_trace_fields_for`](Self::prepend_trace_fields_for) or
    /// [`for_places`](Self::for_places).
    pub fn prepend_trace_fields(&mut self) {
        let recipients: Vec<_> = self.envelope.recipients.iter().collect();
        self.content.set_trace(self.trace_fields(&recipients));
    }

    /// Does the same as [`prepend_trace_fields`](Self::prepend_trace_fields), for a copy to the recipients at
    /// these places of the [envelope](Self::envelope). Other recipients are not named. Places without a
    /// recipient are ignored.
    pub fn prepend_trace_fields_for(&mut self, places: &[usize]) {
        self.content.set_trace(self.trace_fields(&self.at(places)));
    }

    /// Puts only `Received:` in front of what this reader reads, for a message that is relayed.
    pub fn prepend_received(&mut self) {
        self.content.set_trace(self.relay_fields());
    }

    /// Reads the content once for several copies. Each group of places of the [envelope](Self::envelope) has a copy, whose
    /// [trace fields](Self::prepend_trace_fields_for) name the recipients of this group only.
    ///
    /// ```
    /// use std::io::Write as _;
    ///
    /// use mailchute::{Message, Refusal};
    ///
    /// /// Writes a copy for each recipient.
    /// async fn keep(message: Message) -> Result<(), Refusal> {
    ///     let places: Vec<_> = (0..message.envelope().recipients.len()).map(|place| vec![place]).collect();
    ///     let mut copies = message.for_places(&places).await?;
    ///     let mut mailboxes: Vec<Vec<u8>> = copies.tops().iter().map(|top| top.to_vec()).collect();
    ///     while let Some(chunk) = copies.chunk().await? {
    ///         for (place, mailbox) in mailboxes.iter_mut().enumerate() {
    ///             if mailbox.write_all(&chunk).is_err() {
    ///                 copies.refuse(place, Refusal::new(452, (4, 2, 2), "Mailbox full"));
    ///             }
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// The errors of [`header`](Self::header): if filters have replaced fields, the header is read first.
    pub async fn for_places(mut self, places: &[impl AsRef<[usize]>]) -> Result<Copies, BodyError> {
        self.end_reading().await?;
        let (above_trace, below_trace) = self.content.added_fields().await?;
        let top = |places: &_| self.trace_fields(&self.at(places)).with(&above_trace, &below_trace);
        let tops = places.iter().map(|places| top(places.as_ref())).collect();
        self.content.begin_without_added();
        Ok(Copies { tops, places: self.named_places(), content: self.content })
    }

    /// Reads the content once for a relay. The one top has `Received:` alone, as
    /// [`prepend_received`](Self::prepend_received) writes it, next to the fields that filters add. So the bytes below it
    /// are the same when a client sends the message again, and a relay can tell by their hash whether it had the message
    /// before.
    ///
    /// The message itself is not to be read after that; it is still there to [refuse](Self::refuse) recipients.
    ///
    /// # Errors
    /// The errors of [`for_places`](Self::for_places).
    pub async fn for_relay(&mut self) -> Result<Copies, BodyError> {
        self.end_reading().await?;
        let (above_trace, below_trace) = self.content.added_fields().await?;
        let tops = vec![self.relay_fields().with(&above_trace, &below_trace)];
        self.content.begin_without_added();
        Ok(Copies { tops, places: self.named_places(), content: self.content.take() })
    }

    fn relay_fields(&self) -> TraceFields {
        let recipients: Vec<_> = self.envelope.recipients.iter().collect();
        TraceFields::of_relay(self.id, &self.envelope.sender, &recipients, &self.session)
    }

    fn at(&self, places: &[usize]) -> Vec<&Recipient> {
        places.iter().filter_map(|place| self.envelope.recipients.get(*place)).collect()
    }

    fn trace_fields(&self, recipients: &[&Recipient]) -> TraceFields {
        TraceFields::of_delivery(self.id, &self.envelope.sender, recipients, &self.session)
    }
}

/// A message that is read once for several copies. Made by [`Message::for_places`] and [`Message::for_relay`].
///
/// The bytes of [`chunk`](Self::chunk) can stand below each of the [tops](Self::tops), and only there. No
/// content continues their last field.
#[derive(Debug)]
pub struct Copies {
    tops: Vec<Bytes>,
    places: NamedPlaces,
    content: Content,
}

impl Copies {
    /// Returns the header fields on top of each copy, in the order of the groups.
    #[must_use]
    pub fn tops(&self) -> &[Bytes] {
        &self.tops
    }

    /// Refuses the message for one recipient, as [`Message::refuse`] does: for a copy that cannot be kept.
    ///
    /// `place` is that of the recipient in the envelope of the message, not the number of a group. To refuse a whole copy,
    /// refuse each place of its group. In LMTP the client gets `refusal` for this recipient, and for the others what the
    /// store returns. SMTP has one reply, so the whole message is refused there.
    pub fn refuse(&self, place: usize, refusal: Refusal) {
        self.places.refuse(self.content.body.refusals(), place, refusal);
    }

    /// Returns the refusal of one recipient, as [`Message::refusal`] does.
    #[must_use]
    pub fn refusal(&self, place: usize) -> Option<Refusal> {
        self.places.refusal(self.content.body.refusals(), place)
    }

    /// Returns the next bytes of each copy, or `None` at their end.
    ///
    /// # Errors
    /// As [`Message::chunk`].
    ///
    /// # Cancel safety
    /// As [`Message::chunk`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        self.content.chunk().await
    }
}
