//! Why a message, a part of it or a session cannot be had.

use axum::http::StatusCode;

use crate::mailbox::MailboxError;
use crate::problem::Problem;

/// The thing that is missing.
#[derive(Debug)]
pub(crate) enum Missing {
    /// The server keeps no mail that the console can read.
    Mailbox,
    Message,
    Part,
    Html,
    /// The session is not kept, or not any more.
    Session,
    /// Reading the message failed.
    Content,
    /// The answer of the mailbox.
    Answer(MailboxError),
}

impl From<MailboxError> for Missing {
    fn from(error: MailboxError) -> Self {
        Self::Answer(error)
    }
}

impl From<MailboxError> for Problem {
    fn from(error: MailboxError) -> Self {
        let sentence = format!("{error}.");
        match error {
            MailboxError::TooLong => Self::new(StatusCode::PAYLOAD_TOO_LARGE, sentence),
            _ => Self::unavailable(sentence),
        }
    }
}

impl From<Missing> for Problem {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Mailbox => Self::not_found("The server keeps no mail in a Maildir."),
            Missing::Message => Self::not_found("There is no such message."),
            Missing::Part => Self::not_found("The message has no such part."),
            Missing::Html => Self::not_found("The message has no HTML."),
            Missing::Session => Self::not_found(
                "The session is not kept. Sessions stay in memory while there is room, and until the server restarts.",
            ),
            Missing::Content => Self::unavailable("The message cannot be read now."),
            Missing::Answer(error) => error.into(),
        }
    }
}
