//! Pages that cannot be shown.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;

use crate::found::Missing;
use crate::mailbox::MailboxError;
use crate::pages::layout::alone;

/// Why a page cannot be shown.
#[derive(Debug)]
pub(crate) enum Failure {
    Missing(Missing),
    Mistake(String),
}

impl<E: Into<Missing>> From<E> for Failure {
    fn from(missing: E) -> Self {
        Self::Missing(missing.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let is_session = matches!(self, Self::Missing(Missing::Session));
        let (status, title, text) = match self {
            Self::Missing(Missing::Mailbox) => (
                StatusCode::NOT_FOUND,
                "No mailbox",
                "This server keeps no mail that the console can read.".to_owned(),
            ),
            Self::Missing(Missing::Message) => (
                StatusCode::NOT_FOUND,
                "No such message",
                "The message is not here. It may have been deleted.".to_owned(),
            ),
            Self::Missing(Missing::Part | Missing::Html) => {
                (StatusCode::NOT_FOUND, "No such part", "The message has no such part.".to_owned())
            }
            Self::Missing(Missing::Session) => (
                StatusCode::NOT_FOUND,
                "This session is not kept",
                "Sessions are kept in memory while there is room, and until the server restarts.".to_owned(),
            ),
            Self::Missing(Missing::Answer(MailboxError::TooLong)) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "The message is too long",
                "It is too long to be shown. Its address with /raw at the end downloads it.".to_owned(),
            ),
            Self::Missing(Missing::Answer(error)) => {
                (StatusCode::SERVICE_UNAVAILABLE, "The mailbox cannot answer", error.to_string())
            }
            Self::Mistake(text) => (StatusCode::UNPROCESSABLE_ENTITY, "This cannot be read", text),
            Self::Missing(Missing::Content) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "The message cannot be read",
                "Reading it failed.".to_owned(),
            ),
        };
        let (address, name) =
            if is_session { ("/sessions", "To the sessions") } else { ("/", "To the inbox") };
        let content = html! { h1 { (title) } p { (text) } p { a.button href=(address) { (name) } } };
        (status, alone(title, &content)).into_response()
    }
}
