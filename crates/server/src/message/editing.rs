//! Edits of a message's content.
//!
//! ```text
//!   client's header ──► edits, in their order ──► header of each later reader
//!   client's body ─────────────────────────────► body, unless it is replaced
//! ```

use std::sync::Arc;

use super::Message;
use super::body_error::BodyError;
use super::edits::{Edits, FieldEdit};
use super::field::{EditError, Field, FieldName};
use super::header::Header;
use super::new_body::BodyWriter;

/// Edits of the content.
///
/// An edit shows in everything that is read from the first byte after it:
///
/// - by the same filter, if it has not begun to read,
/// - by each filter after it,
/// - by the store.
///
/// A filter commonly reads the whole message and then adds a field. Its edits count until it returns. A task
/// that has kept the message cannot change it later.
///
/// Fields are edited while the message streams: the header is held in memory, the body is not. A header ends
/// at its first empty line, or at a line that is not a field. If a filter has changed the body or one of the
/// client's fields, an empty line always ends the header, and its lines end with CRLF.
impl Message {
    /// Returns the header with all edits so far. The call asks the client for the message (354) and waits
    /// until the header has come. The message can still be read from its first byte.
    ///
    /// Where the [maximum header size](crate::Builder::max_header_size) is disabled, a header has at most 16 MiB. To call it
    /// again costs next to nothing until an edit changes the header.
    ///
    /// ```
    /// use mailchute::{Message, Refusal};
    ///
    /// async fn tag(message: &mut Message) -> Result<(), Refusal> {
    ///     let subject = message.header().await?.get("Subject").unwrap_or_default().into_owned();
    ///     message.replace_field("Subject", 0, &format!("[list] {subject}"))?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// The errors of [`chunk`](Self::chunk). Also [`BodyError::TooLong`] if the header is longer than the limit, and
    /// [`BodyError::Gone`] if the last reader has already read the content. The message keeps a short header that was
    /// read before, and then there is no such error.
    ///
    /// # Cancel safety
    /// As [`chunk`](Self::chunk).
    pub async fn header(&mut self) -> Result<Header, BodyError> {
        self.end_reading().await?;
        self.content.header().await
    }

    /// Adds a field above this server's `Received:`, on top of those added before. Examples are
    /// `Authentication-Results:`, a signature, or a finding about the message. Only `Return-Path:` and `Delivered-To:`
    /// stand above it.
    ///
    /// The value is the text after `: `. It may be folded (`\r\n` and a space or tab); lines of more than 998 bytes are folded automatically. It should be ASCII unless the
    /// message is sent by SMTPUTF8.
    ///
    /// # Errors
    /// [`EditError`] if the name or the value cannot stand in a header. `?` turns it into `451 4.3.0`.
    pub fn add_above_trace(&mut self, name: &str, value: &str) -> Result<(), EditError> {
        let field = Field::new(name, value)?;
        self.edit(|edits| edits.push(FieldEdit::AddAboveTrace(field)));
        Ok(())
    }

    /// Adds a field below this server's `Received:` and above the client's fields, below those added before. Examples
    /// are `Date:` and `Message-ID:` that the client left out.
    ///
    /// The value is as for [`add_above_trace`](Self::add_above_trace).
    ///
    /// # Errors
    /// The errors of [`add_above_trace`](Self::add_above_trace).
    pub fn add_below_trace(&mut self, name: &str, value: &str) -> Result<(), EditError> {
        let field = Field::new(name, value)?;
        self.edit(|edits| edits.push(FieldEdit::AddBelowTrace(field)));
        Ok(())
    }

    /// Adds a field at a position among the fields of the [header](Self::header); 0 is the top. A position past the last field
    /// is the end of the header.
    ///
    /// This server's `Received:` does not count. It stands below the fields that were added
    /// [above it](Self::add_above_trace), and a field between the two kinds stands above it too. A later field moves those
    /// below it, so positions count what earlier edits have left.
    ///
    /// The value is as for [`add_above_trace`](Self::add_above_trace).
    ///
    /// ```
    /// use mailchute::{Message, Refusal};
    ///
    /// fn mark(message: &mut Message) -> Result<(), Refusal> {
    ///     message.insert_field(usize::MAX, "X-Last", "below all fields of the client")?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// The errors of [`add_above_trace`](Self::add_above_trace).
    pub fn insert_field(&mut self, position: usize, name: &str, value: &str) -> Result<(), EditError> {
        let field = Field::new(name, value)?;
        self.edit(|edits| {
            edits.push(match position {
                0 => FieldEdit::AddAboveTrace(field),
                _ => FieldEdit::Insert { position, field },
            });
        });
        Ok(())
    }

    /// Adds a field at a position among the fields as they are delivered, where this server's `Received:` counts as one. 0 is
    /// the top. A position past the last field is the end of the header. Milters name positions in this way.
    ///
    /// The value is as for [`add_above_trace`](Self::add_above_trace).
    ///
    /// ```
    /// use mailchute::{Message, Refusal};
    ///
    /// fn mark(message: &mut Message) -> Result<(), Refusal> {
    ///     message.insert_field_as_delivered(1, "X-First", "directly below Received, if nothing is above it")?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// The errors of [`add_above_trace`](Self::add_above_trace).
    pub fn insert_field_as_delivered(
        &mut self,
        position: usize,
        name: &str,
        value: &str,
    ) -> Result<(), EditError> {
        let field = Field::new(name, value)?;
        self.edit(|edits| edits.push(FieldEdit::InsertAsDelivered { position, field }));
        Ok(())
    }

    /// Removes one field of the [header](Self::header), whether the client sent it or a filter added it. The first field of
    /// this name is number 0. Without such a field nothing changes.
    ///
    /// The next field of the name then has this number.
    pub fn remove_field(&mut self, name: &str, number: usize) {
        self.edit(|edits| edits.push(FieldEdit::RemoveOne { name: name.into(), number }));
    }

    /// Removes the client's fields for which `is_unwanted` returns true. Fields that filters have added or replaced
    /// stay.
    ///
    /// `is_unwanted` gets the [name](Field::name), which compares without regard to case, and the
    /// [value](Field::value). It is called for each reader of the message, and must always return the same.
    ///
    /// ```
    /// use mailchute::Message;
    ///
    /// fn protect(message: &mut Message) {
    ///     message.remove_fields(|name, value| {
    ///         name == "Bcc" || name == "Authentication-Results" && value.starts_with("mx.example.com")
    ///     });
    /// }
    /// ```
    pub fn remove_fields(
        &mut self,
        is_unwanted: impl Fn(FieldName<'_>, &str) -> bool + Send + Sync + 'static,
    ) {
        self.edit(|edits| edits.push(FieldEdit::Remove(Arc::new(is_unwanted))));
    }

    /// Replaces a field of the [header](Self::header) by one of the same name; the first of this name is number 0. If
    /// there is no such field, the new one is [added below the trace fields](Self::add_below_trace).
    ///
    /// The value is as for [`add_above_trace`](Self::add_above_trace).
    ///
    /// # Errors
    /// The errors of [`add_above_trace`](Self::add_above_trace).
    pub fn replace_field(&mut self, name: &str, number: usize, value: &str) -> Result<(), EditError> {
        let field = Field::new(name, value)?;
        self.edit(|edits| edits.push(FieldEdit::Replace { number, field }));
        Ok(())
    }

    /// Returns an empty body for [`replace_body`](Self::replace_body), bounded by the server's [maximum message
    /// size](crate::Builder::max_message_size).
    #[must_use]
    pub fn new_body(&self) -> BodyWriter {
        let is_binary = self.envelope.sender.parameters().body == Some(mailchute_proto::BodyKind::BinaryMime);
        BodyWriter::new(is_binary, self.limit)
    }

    /// Replaces everything below the header. Fields that describe the body, such as `Content-Type`, stay as they are.
    ///
    /// ```
    /// use mailchute::{Message, Refusal};
    ///
    /// async fn rewrite(message: &mut Message) -> Result<(), Refusal> {
    ///     let mut body = message.new_body();
    ///     body.write("This message had an attachment that nobody should open.\r\n").await?;
    ///     message.replace_body(body).await?;
    ///     message.remove_fields(|name, _| name.has_prefix("Content-"));
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`BodyError`] if the end of the body cannot be kept. It is [`BodyError::Gone`] if a write to the body was dropped or
    /// failed.
    pub async fn replace_body(&mut self, body: BodyWriter) -> Result<(), BodyError> {
        let body = body.finish().await?;
        self.edit(|edits| edits.body = Some(body));
        Ok(())
    }

    fn edit(&self, edit: impl FnOnce(&mut Edits)) {
        self.content.body.edits().edit(self.reader, edit);
    }
}
