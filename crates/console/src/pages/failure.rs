//! Pages that cannot be shown.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;

use crate::mailbox::MailboxError;
use crate::pages::layout::alone;

/// Why a page cannot be shown.
#[derive(Debug)]
pub(crate) enum Failure {
    NoMailbox,
    NoMessage,
    NoPart,
    Mailbox(MailboxError),
    Mistake(String),
    Read,
}

impl From<MailboxError> for Failure {
    fn from(error: MailboxError) -> Self {
        Self::Mailbox(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, title, text) = match self {
            Self::NoMailbox => (
                StatusCode::NOT_FOUND,
                "No mailbox",
                "This server keeps no mail that the console can read.".to_owned(),
            ),
            Self::NoMessage => (
                StatusCode::NOT_FOUND,
                "No such message",
                "The message is not here. It may have been deleted.".to_owned(),
            ),
            Self::NoPart => {
                (StatusCode::NOT_FOUND, "No such part", "The message has no such part.".to_owned())
            }
            Self::Mailbox(error) => {
                (StatusCode::SERVICE_UNAVAILABLE, "The mailbox cannot answer", error.to_string())
            }
            Self::Mistake(text) => (StatusCode::UNPROCESSABLE_ENTITY, "This cannot be read", text),
            Self::Read => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "The message cannot be read",
                "Reading it failed.".to_owned(),
            ),
        };
        let content = html! { h1 { (title) } p { (text) } p { a.button href="/" { "To the inbox" } } };
        (status, alone(title, &content)).into_response()
    }
}
