//! The edits that scanners ask for, applied to a message.
//!
//! # Why
//! A scanner says what to change while it answers. The edits wait here until its answer is whole. So a scanner that is
//! lost half-way leaves the message as it was.

use std::fmt;

use bytes::Bytes;
use mailchute::address::ReversePath;
use mailchute::message::BodyWriter;
use mailchute::params::{Parameters, RcptParameters};
use mailchute::{Message, Recipient, Refusal};
use mailchute_proto::ForwardPath;

/// The most edits of one message that a scanner may ask for.
const MOST: usize = 256;

/// The most bytes of names, values and addresses that all these edits hold.
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
#[derive(Debug, Default)]
pub(crate) struct Edits {
    edits: Vec<Edit>,
    held: usize,
}

/// There are more edits than 256, or they hold more than 1 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManyEdits;

impl fmt::Display for TooManyEdits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it asks for more than {MOST} edits, or for more than {MOST_BYTES} bytes of them")
    }
}

impl std::error::Error for TooManyEdits {}

impl Edits {
    /// Adds an edit after the others.
    ///
    /// # Errors
    /// [`TooManyEdits`] beyond the bounds. The answer of the scanner then counts as a failure.
    pub(crate) fn push(&mut self, edit: Edit) -> Result<(), TooManyEdits> {
        self.held += edit.held();
        if self.edits.len() == MOST || self.held > MOST_BYTES {
            return Err(TooManyEdits);
        }
        self.edits.push(edit);
        Ok(())
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
            Self::ReplaceBody(_) => "replace-body",
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
            let parameters = RcptParameters::from_parameters(&parameters).map_err(text)?;
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
        Edit::ReplaceBody(_) => {}
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

#[cfg(test)]
mod tests {
    use mailchute::testing::{self, NotPassedOn};
    use mailchute::{Filter, Session};

    use super::*;

    fn session() -> Session {
        testing::session()
            .sender("alice@client.example")
            .recipient("bob@example.com")
            .recipient("eve@example.com")
            .build()
    }

    /// Makes the edits. Returns what the next reader gets.
    async fn edited(edits: impl IntoIterator<Item = Edit>) -> Result<Message, NotPassedOn> {
        let session = session();
        let mut message = testing::message(&session, "A: 1\r\nB: 1\r\nA: 2\r\n\r\nbody\r\n");
        message.add_above_trace("A", "ours").expect("a field");
        let mut all = Edits::default();
        edits.into_iter().for_each(|edit| all.push(edit).expect("there is room"));
        all.apply("rspamd", &mut message).await.expect("it is made");
        testing::next_reader(&message)
    }

    async fn text(edits: impl IntoIterator<Item = Edit>) -> String {
        let mut message = edited(edits).await.expect("it goes on");
        String::from_utf8_lossy(&message.bytes().await.expect("it is whole")).into_owned()
    }

    async fn envelope(edits: impl IntoIterator<Item = Edit>) -> String {
        let message = edited(edits).await.expect("it goes on");
        let to: Vec<_> = message.envelope().recipients.iter().map(Recipient::as_str).collect();
        format!("{}|{}", message.envelope().sender, to.join(","))
    }

    fn insert(position: usize, name: &str, value: &'static str) -> Edit {
        Edit::InsertField { position, name: name.into(), value: Bytes::from_static(value.as_bytes()) }
    }

    #[tokio::test]
    async fn fields_are_edited_in_order() {
        let value = Bytes::from_static(b"new");
        let edits = [
            insert(0, "X", "top"),
            insert(usize::MAX, "Y", "end\n\tfolded\r\n again\n"),
            Edit::ReplaceField { name: "a".into(), number: 2, value },
            Edit::RemoveField { name: "A".into(), number: 1 },
        ];
        let expected = "X: top\r\nA: ours\r\nB: 1\r\na: new\r\nY: end\r\n\tfolded\r\n again\r\n\r\nbody\r\n";
        assert_eq!(text(edits).await, expected);
        let all = Edit::RemoveFields { name: "a".into() };
        assert_eq!(text([all]).await, "A: ours\r\nB: 1\r\n\r\nbody\r\n");
    }

    #[tokio::test]
    async fn no_edit_can_end_a_field_or_the_header() {
        let latin = Bytes::from_static(b"caf\xe9");
        let edits = [
            insert(0, "X", "a\nB: c"),
            insert(0, "X", "a\r\n\r\nb"),
            insert(0, "X", "a\rB: c"),
            insert(0, "X\r\nB", "c"),
            insert(0, "X:", "c"),
            insert(0, "", "c"),
            Edit::ReplaceField { name: "A".into(), number: 0, value: latin },
        ];
        assert_eq!(text(edits).await, "A: ours\r\nA: 1\r\nB: 1\r\nA: 2\r\n\r\nbody\r\n");
    }

    #[tokio::test]
    async fn the_envelope_is_edited_and_bad_addresses_are_not() {
        let add = |address: &str| Edit::AddRecipient(address.into());
        let with = |address: &str, parameters: &str| Edit::AddRecipientWith {
            address: address.into(),
            parameters: parameters.into(),
        };
        let drop = |address: &str| Edit::DropRecipient(address.into());
        let from = |address: &str| Edit::SetSender(address.into());
        assert_eq!(
            envelope([add("<carol@example.com>"), add("dave@example.com"), drop("BOB@Example.com")]).await,
            "alice@client.example|eve@example.com,carol@example.com,dave@example.com"
        );
        assert_eq!(
            envelope([from("bounce@x.example")]).await,
            "bounce@x.example|bob@example.com,eve@example.com"
        );
        assert_eq!(envelope([from("<>")]).await, "|bob@example.com,eve@example.com");
        let bad = [add("x"), add("a b@c.example"), add("a@b> SIZE=1"), add("grün@example.com"), add("<>")];
        let bad =
            bad.into_iter().chain([with("dan@example.com", "NOTIFY=x"), with("dan@example.com", "a\r\nb")]);
        let never = edited([with("dan@example.com", "NOTIFY=NEVER")]).await.expect("it goes on");
        let notify = never.envelope().recipients[2].parameters().get("notify").expect("a parameter");
        assert_eq!(notify.as_deref(), Some("NEVER"));
        let bad = bad.chain([add("bob@EXAMPLE.com"), drop("nobody@example.com"), from("a@b\r\nc")]);
        assert_eq!(envelope(bad).await, "alice@client.example|bob@example.com,eve@example.com");
        assert!(matches!(edited([Edit::Discard]).await, Err(NotPassedOn::Discarded)));
        let all = [drop("bob@example.com"), drop("eve@example.com")];
        assert!(matches!(edited(all).await, Err(NotPassedOn::Discarded)));
        let junk =
            edited([Edit::FileInto("Junk".into()), Edit::FileInto("../x".into())]).await.expect("it goes on");
        assert_eq!(junk.directory().as_deref(), Some("Junk"));
    }

    #[test]
    fn edits_are_bounded_in_number_and_bytes() {
        let mut edits = Edits::default();
        for _ in 0..MOST {
            assert_eq!(edits.push(Edit::Discard), Ok(()));
        }
        assert_eq!(edits.push(Edit::Discard), Err(TooManyEdits));
        let long = Edit::SetSender("x".repeat(MOST_BYTES + 1));
        assert_eq!(Edits::default().push(long), Err(TooManyEdits));
    }

    struct NewBody(&'static str);

    impl Filter for NewBody {
        async fn filter(&self, message: &mut Message, _session: &Session) -> Result<(), Refusal> {
            let mut body = message.new_body();
            body.write(self.0).await?;
            let mut edits = Edits::default();
            edits.push(Edit::ReplaceBody(body)).map_err(Refusal::internal)?;
            edits.apply("scanner", message).await
        }
    }

    #[tokio::test]
    async fn a_new_body_replaces_the_old_one() {
        let session = session();
        let mut message = testing::message(&session, "A: 1\r\n\r\nbody\r\n");
        NewBody("new\n").filter(&mut message, &session).await.expect("it is made");
        let mut next = testing::next_reader(&message).expect("it goes on");
        assert_eq!(next.bytes().await.expect("it is whole"), "A: 1\r\n\r\nnew\r\n");
    }
}
