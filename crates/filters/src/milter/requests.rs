//! The edits that a milter asks for, kept until its decision.
//!
//! # Why
//!
//! A milter that is lost before its decision leaves the message as it was. A header of many edits takes memory, so their
//! number and bytes are bounded. A new body goes to the spool of the message, as it may be as long as a message.

use bytes::Bytes;
use mailchute::Message;
use mailchute::message::BodyWriter;

use super::link::{LinkError, TakeEdits};
use super::protocol::edit::Edit as Request;
use crate::scanner_edits::{Edit, Edits};

/// The edits of a milter.
pub(super) struct Requests {
    edits: Edits,
    body: BodyWriter,
    has_body: bool,
    /// Why the message is quarantined.
    pub(super) quarantined: Option<String>,
    /// Parameters of the sender that are not changed.
    pub(super) left_out: Option<String>,
}

impl Requests {
    /// Begins to keep the edits of this message.
    pub(super) fn of(message: &Message) -> Self {
        let body = message.new_body();
        Self { edits: Edits::default(), body, has_body: false, quarantined: None, left_out: None }
    }

    /// Returns the edits in their order. The new body and the directory come last.
    pub(super) fn into_edits(self, quarantine: &str) -> Result<Edits, LinkError> {
        let Self { mut edits, body, has_body, quarantined, left_out: _ } = self;
        let body = has_body.then_some(Edit::ReplaceBody(body));
        let directory = quarantined.map(|_| Edit::FileInto(quarantine.to_owned()));
        for edit in body.into_iter().chain(directory) {
            push(&mut edits, edit)?;
        }
        Ok(edits)
    }
}

fn push(edits: &mut Edits, edit: Edit) -> Result<(), LinkError> {
    edits
        .push(edit)
        .map_err(|error| LinkError::Edits(format!("the edits of the milter are not kept: {error}")))
}

impl TakeEdits for Requests {
    async fn take(&mut self, request: Request) -> Result<(), LinkError> {
        let edit = match request {
            Request::AddField { name, value } => {
                Edit::InsertField { position: usize::MAX, name: text(&name), value }
            }
            Request::InsertField { index, name, value } => {
                let position = usize::try_from(index).unwrap_or(usize::MAX);
                Edit::InsertFieldAsDelivered { position, name: text(&name), value }
            }
            Request::ChangeField { index, name, value } => {
                // The first is 1, and 0 means it too, as in Sendmail and Postfix.
                let number = usize::try_from(index.saturating_sub(1)).unwrap_or(usize::MAX);
                match text(&name) {
                    name if value.is_empty() => Edit::RemoveField { name, number },
                    name => Edit::ReplaceField { name, number, value },
                }
            }
            Request::ReplaceBody(part) => {
                self.has_body = true;
                let kept = self.body.write(part).await;
                return kept.map_err(|error| LinkError::Edits(format!("the new body is not kept: {error}")));
            }
            Request::AddRecipient { address, parameters } if parameters.is_empty() => {
                Edit::AddRecipient(text(&address))
            }
            Request::AddRecipient { address, parameters } => {
                Edit::AddRecipientWith { address: text(&address), parameters: text(&parameters) }
            }
            Request::DeleteRecipient { address } => Edit::DropRecipient(text(&address)),
            Request::ChangeSender { address, parameters } => {
                self.left_out = Some(text(&parameters)).filter(|parameters| !parameters.is_empty());
                Edit::SetSender(text(&address))
            }
            Request::Quarantine { reason } => {
                self.quarantined = Some(text(&reason));
                return Ok(());
            }
        };
        push(&mut self.edits, edit)
    }
}

/// Returns the text of a name or an address. One that is not UTF-8 gets U+FFFD, which neither may have, so the edit fails
/// when it is made.
fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
