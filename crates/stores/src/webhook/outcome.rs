//! The client's reply to a response, or to none.

use std::error::Error;
use std::fmt::Write as _;

use mailchute::Refusal;
use reqwest::StatusCode;

/// Returns the refusal for a status, or `None` if the application has the message.
pub(super) fn refusal(status: StatusCode) -> Option<Refusal> {
    Some(match status.as_u16() {
        200..=299 => return None,
        413 => Refusal::from_static(552, (5, 3, 4), "The message is too big for the application"),
        408 | 425 | 429 => PUT_OFF,
        400..=499 => Refusal::from_static(554, (5, 6, 0), "The application refuses the message"),
        507 => Refusal::from_static(452, (4, 3, 1), "The application has no room for the message"),
        _ => PUT_OFF,
    })
}

const PUT_OFF: Refusal = Refusal::from_static(451, (4, 3, 0), "The application cannot take the message now");

pub(super) const BUSY: Refusal =
    Refusal::from_static(451, (4, 4, 5), "Too many messages are on their way to the application");

/// The response came before the whole body was sent, so the application cannot have the message.
pub(super) const EARLY: Refusal =
    Refusal::from_static(451, (4, 4, 2), "The application answered before it had the message");

/// Returns the refusal for a request without a response, and what went wrong, for the log.
pub(super) fn failed(error: reqwest::Error) -> (Refusal, String) {
    let refusal = if error.is_timeout() {
        Refusal::from_static(451, (4, 4, 2), "The application did not answer in time")
    } else if error.is_connect() {
        Refusal::from_static(451, (4, 4, 1), "The application cannot be reached")
    } else {
        Refusal::from_static(451, (4, 4, 2), "The connection to the application was lost")
    };
    // The path of the URL may name users.
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    (refusal, text)
}
