//! The edits that scanners ask for, applied to a message.
//!
//! # Why
//! A scanner says what to change while it answers. The edits wait here until its answer is whole. So a scanner that is
//! lost half-way leaves the message as it was.

#[cfg(test)]
mod tests;

use std::fmt;

use bytes::Bytes;
use mailchute::address::ReversePath;
use mailchute::message::BodyWriter;
use mailchute::params::{Parameters, RcptParameters};
use mailchute::{Message, Recipient, Refusal};
use mailchute_proto::ForwardPath;

/// The most edits of one message that a scanner may ask for.
const MOST: usize = 256;

/// The most bytes that all these edits hold, unless there is another bound.
const MOST_BYTES: usize = 1024 * 1024;

/// A change of a message. The texts are those of the scanner, and may be anything.
///
/// Numbers and positions count as those of [`Message::header`], from 0, and see the edits before.
#[derive(Debug)]
pub(crate) enum Edit {
    /// Adds a field at a position. `usize::MAX` is the end of the header.
    InsertField { position: usize, name: String, value: Bytes },
    /// Adds a field at a position as the message is delivered, with this server's `Received:`.
    InsertFieldAsDelivered { position: usize, name: String, value: Bytes },
    /// Gives a field another value. If there is none of this number, it is added.
    ReplaceField { name: String, number: usize, value: Bytes },
    /// Removes one field.
    RemoveField { name: String, number: usize },
    /// Removes all fields of a name that the client sent. Those that filters added stay.
    RemoveFields { name: String },
    /// Replaces everything below the header.
    ReplaceBody(BodyWriter),
    /// Replaces everything below the header by a text.
    ReplaceContents(String),
    /// Adds a recipient, unless it is there.
    AddRecipient(String),
    /// Adds a recipient with the parameters of RCPT, such as `NOTIFY=NEVER`, unless it is there.
    AddRecipientWith { address: String, parameters: String },
    /// Drops a recipient. The message is discarded with the last one.
    DropRecipient(String),
    /// Changes the sender.
    SetSender(String),
    /// Asks the store for a directory, such as `Junk`.
    FileInto(String),
    /// Accepts the message and keeps it nowhere.
    Discard,
    /// Something that the scanner asks for in a way that is not known. It is told in the log.
    Unknown(String),
}

/// The edits of one answer, in their order.
#[derive(Debug)]
pub(crate) struct Edits {
    edits: Vec<Edit>,
    held: usize,
    most_bytes: usize,
}

impl Default for Edits {
    fn default() -> Self {
        Self::up_to(MOST_BYTES)
    }
}

/// There are more edits than 256, or they hold too many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManyEdits;

impl fmt::Display for TooManyEdits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it asks for more than {MOST} edits of a message, or for too long ones")
    }
}

impl std::error::Error for TooManyEdits {}

impl Edits {
    /// Returns no edits. Those that come may hold so many bytes.
    pub(crate) fn up_to(most_bytes: usize) -> Self {
        Self { edits: Vec::new(), held: 0, most_bytes }
    }

    /// Adds all edits of another answer after these.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub(crate) fn append(&mut self, later: Self) -> Result<(), TooManyEdits> {
        later.edits.into_iter().try_for_each(|edit| self.push(edit))
    }

    /// Returns how many edits there are, and how many bytes they hold.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.edits.len(), self.held)
    }

    /// Checks that these edits and others of the same message keep to the bounds together. The others are told by their
    /// [`size`](Self::size).
    ///
    /// # Errors
    /// [`TooManyEdits`] beyond the bounds.
    pub(crate) fn fit_with(&self, others: impl Iterator<Item = (usize, usize)>) -> Result<(), TooManyEdits> {
        let (count, held) = others.fold(self.size(), |all, other| (all.0 + other.0, all.1 + other.1));
        if count > MOST || held > self.most_bytes { Err(TooManyEdits) } else { Ok(()) }
    }

    /// Adds an edit after the others.
    ///
    /// # Errors
    /// [`TooManyEdits`] beyond the bounds. The answer of the scanner then counts as a failure.
    pub(crate) fn push(&mut self, edit: Edit) -> Result<(), TooManyEdits> {
        self.held += edit.held();
        if self.edits.len() == MOST || self.held > self.most_bytes {
            return Err(TooManyEdits);
        }
        self.edits.push(edit);
        Ok(())
    }

    /// Returns whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// Makes the edits in their order. One that cannot be made is an error in the log, and the message goes on without it.
    ///
    /// # Errors
    /// A refusal if a new body cannot be kept: the old one may be what the scanner objects to.
    pub(crate) async fn apply(self, filter: &str, message: &mut Message) -> Result<(), Refusal> {
        for edit in self.edits {
            let kind = edit.kind();
            let edit = match edit {
                Edit::ReplaceBody(body) => {
                    message.replace_body(body).await?;
                    continue;
                }
                Edit::ReplaceContents(text) => {
                    let mut body = message.new_body();
                    body.write(text).await?;
                    message.replace_body(body).await?;
                    continue;
                }
                edit => edit,
            };
            if let Err(error) = make(edit, message) {
                report(filter, message, kind, &error);
            }
        }
        Ok(())
    }
}

/// Logs that an edit cannot be made.
pub(crate) fn report(filter: &str, message: &Message, edit: &str, error: &str) {
    let id = message.id();
    tracing::error!(name: "edit-failed", %id, filter, edit, error, "an edit that a filter asks for cannot be made");
}

impl Edit {
    fn kind(&self) -> &'static str {
        match self {
            Self::InsertField { .. } | Self::InsertFieldAsDelivered { .. } => "insert-field",
            Self::ReplaceField { .. } => "replace-field",
            Self::RemoveField { .. } | Self::RemoveFields { .. } => "remove-field",
            Self::ReplaceBody(_) | Self::ReplaceContents(_) => "replace-body",
            Self::AddRecipient(_) | Self::AddRecipientWith { .. } => "add-recipient",
            Self::DropRecipient(_) => "drop-recipient",
            Self::SetSender(_) => "set-sender",
            Self::FileInto(_) => "file-into",
            Self::Discard => "discard",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Returns the bytes of the scanner's texts. A body is bounded by its writer.
    fn held(&self) -> usize {
        match self {
            Self::InsertField { name, value, .. }
            | Self::InsertFieldAsDelivered { name, value, .. }
            | Self::ReplaceField { name, value, .. } => name.len() + value.len(),
            Self::AddRecipientWith { address, parameters } => address.len() + parameters.len(),
            Self::RemoveField { name: text, .. }
            | Self::RemoveFields { name: text }
            | Self::AddRecipient(text)
            | Self::DropRecipient(text)
            | Self::SetSender(text)
            | Self::FileInto(text)
            | Self::ReplaceContents(text)
            | Self::Unknown(text) => text.len(),
            Self::ReplaceBody(_) | Self::Discard => 0,
        }
    }
}

/// Makes an edit that needs no I/O. Returns the text of the log if that is not possible.
fn make(edit: Edit, message: &mut Message) -> Result<(), String> {
    match edit {
        Edit::InsertField { position, name, value } => {
            message.insert_field(position, &name, &folded(&value)?).map_err(text)?;
        }
        Edit::InsertFieldAsDelivered { position, name, value } => {
            message.insert_field_as_delivered(position, &name, &folded(&value)?).map_err(text)?;
        }
        Edit::ReplaceField { name, number, value } => {
            message.replace_field(&name, number, &folded(&value)?).map_err(text)?;
        }
        Edit::RemoveField { name, number } => message.remove_field(&name, number),
        Edit::RemoveFields { name } => message.remove_fields(move |found, _| found == *name),
        Edit::AddRecipient(address) => add_recipient(&address, RcptParameters::default(), message)?,
        Edit::AddRecipientWith { address, parameters } => {
            let parameters = Parameters::parse(format!(" {parameters}").as_bytes()).map_err(text)?;
            let has_notify = parameters.iter().any(|(keyword, _)| keyword == "NOTIFY");
            let parameters = RcptParameters::from_parameters(&parameters).map_err(text)?;
            if has_notify && parameters.notify.is_none() {
                return Err("NOTIFY is NEVER, or some of SUCCESS, FAILURE and DELAY".to_owned());
            }
            add_recipient(&address, parameters, message)?;
        }
        Edit::DropRecipient(address) => {
            let key = Recipient::new(forward_path(&address, message)?).lookup_key();
            let before = message.envelope().recipients.len();
            message.drop_recipients(|there| there.lookup_key() == key);
            if message.envelope().recipients.len() == before {
                return Err(format!("there is no recipient {address:?}"));
            }
        }
        Edit::SetSender(address) => message.set_sender(reverse_path(&address, message)?),
        Edit::FileInto(directory) => message.file_into(&directory).map_err(text)?,
        Edit::Discard => message.discard(),
        Edit::Unknown(text) => return Err(text),
        // These need I/O.
        Edit::ReplaceBody(_) | Edit::ReplaceContents(_) => {}
    }
    Ok(())
}

/// Adds a recipient, unless it is there.
fn add_recipient(address: &str, parameters: RcptParameters, message: &mut Message) -> Result<(), String> {
    let mut recipient = Recipient::new(forward_path(address, message)?);
    *recipient.parameters_mut() = parameters;
    let key = recipient.lookup_key();
    if message.envelope().recipients.iter().all(|there| there.lookup_key() != key) {
        message.add_recipient(recipient);
    }
    Ok(())
}

fn text(error: impl fmt::Display) -> String {
    error.to_string()
}

/// Returns a value whose lines are folded by CRLF. Scanners fold by LF too, and some end a value with it.
fn folded(value: &[u8]) -> Result<String, String> {
    let value = str::from_utf8(value).map_err(|_| format!("\"{}\" is not UTF-8", value.escape_ascii()))?;
    let value = value.trim_end_matches([' ', '\t', '\r', '\n']);
    Ok(value.replace("\r\n", "\n").replace('\n', "\r\n"))
}

/// Returns an address with its angle brackets, which scanners may leave out.
fn bracketed(address: &str, message: &Message) -> Result<String, String> {
    if !address.is_ascii() && !message.envelope().sender.parameters().smtputf8 {
        return Err(format!("{address:?} needs SMTPUTF8, which the client did not ask for"));
    }
    let bare = address.trim();
    let bare = bare.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(bare);
    Ok(format!("<{bare}>"))
}

fn forward_path(address: &str, message: &Message) -> Result<ForwardPath, String> {
    match ForwardPath::parse_argument(bracketed(address, message)?.as_bytes()) {
        Ok((path, [])) => Ok(path),
        _ => Err(format!("{address:?} is not an address")),
    }
}

fn reverse_path(address: &str, message: &Message) -> Result<ReversePath, String> {
    match ReversePath::parse_argument(bracketed(address, message)?.as_bytes()) {
        Ok((path, [])) => Ok(path),
        _ => Err(format!("{address:?} is not an address")),
    }
}
