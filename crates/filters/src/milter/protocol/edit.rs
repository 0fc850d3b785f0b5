//! The edits that a milter asks for at the end of a message.

use std::fmt;

use bytes::{Buf as _, Bytes};

use super::negotiation::action;

/// An edit of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Adds a field at the end of the header.
    AddField { name: Bytes, value: Bytes },
    /// Inserts a field. 0 is the top of the message as it is delivered.
    InsertField { index: u32, name: Bytes, value: Bytes },
    /// Replaces a field of this name, or removes it if the value is empty. The first is 1, among those that the milter
    /// has seen.
    ChangeField { index: u32, name: Bytes, value: Bytes },
    /// Replaces the body. Several parts make one body.
    ReplaceBody(Bytes),
    /// Adds a recipient, with the parameters of RCPT.
    AddRecipient { address: Bytes, parameters: Bytes },
    /// Removes a recipient.
    DeleteRecipient { address: Bytes },
    /// Changes the sender, with the parameters of MAIL.
    ChangeSender { address: Bytes, parameters: Bytes },
    /// Puts the message aside, for this reason.
    Quarantine { reason: Bytes },
}

impl Edit {
    /// Reads an edit. Returns `None` if the command is not that of an edit.
    pub(super) fn parse(command: u8, mut data: Bytes) -> Option<Result<Self, EditError>> {
        let wrong = || EditError(command);
        let edit = match command {
            b'h' => texts(data).map(|[name, value]| Self::AddField { name, value }),
            b'i' | b'm' => data.try_get_u32().ok().and_then(|index| {
                let [name, value] = texts(data)?;
                Some(match command {
                    b'i' => Self::InsertField { index, name, value },
                    _ => Self::ChangeField { index, name, value },
                })
            }),
            b'b' => Some(Self::ReplaceBody(data)),
            b'+' => texts(data).map(|[address]| Self::AddRecipient { address, parameters: Bytes::new() }),
            b'2' => one_or_two(data).map(|(address, parameters)| Self::AddRecipient { address, parameters }),
            b'-' => texts(data).map(|[address]| Self::DeleteRecipient { address }),
            b'e' => one_or_two(data).map(|(address, parameters)| Self::ChangeSender { address, parameters }),
            b'q' => texts(data).map(|[reason]| Self::Quarantine { reason }),
            _ => return None,
        };
        Some(edit.ok_or_else(wrong))
    }

    /// The actions of which the milter must have announced one.
    pub(crate) fn action(&self) -> u32 {
        match self {
            Self::AddField { .. } | Self::InsertField { .. } => action::ADD_FIELDS | action::CHANGE_FIELDS,
            Self::ChangeField { .. } => action::CHANGE_FIELDS,
            Self::ReplaceBody(_) => action::CHANGE_BODY,
            Self::AddRecipient { .. } => action::ADD_RECIPIENTS | action::ADD_RECIPIENTS_WITH_PARAMETERS,
            Self::DeleteRecipient { .. } => action::DELETE_RECIPIENTS,
            Self::ChangeSender { .. } => action::CHANGE_SENDER,
            Self::Quarantine { .. } => action::QUARANTINE,
        }
    }

    /// The name in messages about errors.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::AddField { .. } => "ADDHEADER",
            Self::InsertField { .. } => "INSHEADER",
            Self::ChangeField { .. } => "CHGHEADER",
            Self::ReplaceBody(_) => "REPLBODY",
            Self::AddRecipient { .. } => "ADDRCPT",
            Self::DeleteRecipient { .. } => "DELRCPT",
            Self::ChangeSender { .. } => "CHGFROM",
            Self::Quarantine { .. } => "QUARANTINE",
        }
    }
}

/// Reads this many texts, each ended by NUL, and nothing else.
fn texts<const N: usize>(mut data: Bytes) -> Option<[Bytes; N]> {
    let mut texts = [const { Bytes::new() }; N];
    for text in &mut texts {
        *text = data.split_to(data.iter().position(|byte| *byte == 0)?);
        data.advance(1);
    }
    data.is_empty().then_some(texts)
}

/// Reads a text and perhaps another, since libmilter leaves parameters out if there are none.
fn one_or_two(data: Bytes) -> Option<(Bytes, Bytes)> {
    match texts(data.clone()) {
        Some([first, second]) => Some((first, second)),
        None => texts(data).map(|[first]| (first, Bytes::new())),
    }
}

/// An edit whose data are wrong. It holds the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EditError(u8);

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the data of the reply {:?} are wrong", char::from(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(command: u8, data: &'static [u8]) -> Result<Edit, EditError> {
        Edit::parse(command, Bytes::from_static(data)).expect("the command of an edit")
    }

    #[test]
    fn reads_each_edit() {
        let bytes = |text: &'static str| Bytes::from_static(text.as_bytes());
        let (name, value) = (bytes("X-Spam"), bytes("yes"));
        for (command, data, edit) in [
            (b'h', &b"X-Spam\0yes\0"[..], Edit::AddField { name: name.clone(), value: value.clone() }),
            (
                b'i',
                b"\0\0\0\x01X-Spam\0yes\0",
                Edit::InsertField { index: 1, name: name.clone(), value: value.clone() },
            ),
            (b'm', b"\0\0\0\x02X-Spam\0\0", Edit::ChangeField { index: 2, name, value: bytes("") }),
            (b'b', b"new\r\n\0", Edit::ReplaceBody(bytes("new\r\n\0"))),
            (b'+', b"<a@b>\0", Edit::AddRecipient { address: bytes("<a@b>"), parameters: bytes("") }),
            (b'2', b"<a@b>\0", Edit::AddRecipient { address: bytes("<a@b>"), parameters: bytes("") }),
            (
                b'2',
                b"<a@b>\0NOTIFY=NEVER\0",
                Edit::AddRecipient { address: bytes("<a@b>"), parameters: bytes("NOTIFY=NEVER") },
            ),
            (b'-', b"<a@b>\0", Edit::DeleteRecipient { address: bytes("<a@b>") }),
            (b'e', b"<>\0", Edit::ChangeSender { address: bytes("<>"), parameters: bytes("") }),
            (b'q', b"virus\0", Edit::Quarantine { reason: bytes("virus") }),
        ] {
            assert_eq!(parse(command, data), Ok(edit));
        }
    }

    #[test]
    fn refuses_texts_that_are_cut_off_and_more_than_there_should_be() {
        for (command, data) in [
            (b'h', &b"X-Spam\0yes"[..]),
            (b'h', b"X-Spam\0yes\0more\0"),
            (b'h', b""),
            (b'i', b"\0\0\0"),
            (b'm', b"\0\0\0\x01X-Spam\0"),
            (b'+', b"<a@b>"),
            (b'2', b"<a@b>\0x\0y\0"),
            (b'q', b""),
        ] {
            assert_eq!(parse(command, data), Err(EditError(command)), "{}", data.escape_ascii());
        }
    }
}
