//! The responses to refused requests.

use axum::http::header::{LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, html};

use crate::problem::Problem;

/// A request that a rule refuses.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    title: &'static str,
    detail: String,
    field: Option<(HeaderName, HeaderValue)>,
    /// Whether the same page can be asked for by a click on this one, which makes the request one of our own.
    may_click: bool,
}

impl Refusal {
    fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into(), field: None, may_click: false }
    }

    pub(crate) fn unknown_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found", "There is no such page.")
    }

    pub(crate) fn wrong_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Wrong method",
            "This address does not answer to this method.",
        )
    }

    pub(crate) fn no_host() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "No host", "A request names exactly one host.")
    }

    pub(crate) fn foreign_host(host: &str) -> Self {
        let detail = format!(
            "{host:?} is not a name of this console. Open it by its address or localhost, or start it with \
             --console-name {host}"
        );
        Self::new(StatusCode::FORBIDDEN, "Unknown host", detail)
    }

    pub(crate) fn foreign_site() -> Self {
        let refusal = Self::new(
            StatusCode::FORBIDDEN,
            "A request from another site",
            "A page of another site asked for this. The console answers only to its own pages and to programs.",
        );
        Self { may_click: true, ..refusal }
    }

    pub(crate) fn no_token() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "A change without its token",
            "A change needs Content-Type: application/json, or the token of the page. Load the page again if it is old.",
        )
    }

    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "Too large", "The request is too large, or came too slowly.")
    }

    /// `asks` makes a browser show its own dialog, which programs do not mind and scripts of our pages do.
    pub(crate) fn login_required(asks: bool) -> Self {
        let refusal =
            Self::new(StatusCode::UNAUTHORIZED, "Login required", "Log in, or send Basic credentials.");
        let challenge = HeaderValue::from_static("Basic realm=\"Mailchute\", charset=\"UTF-8\"");
        Self { field: asks.then_some((WWW_AUTHENTICATE, challenge)), ..refusal }
    }

    pub(crate) fn to_login_page(location: &str) -> Self {
        let refusal = Self::new(StatusCode::SEE_OTHER, "Login required", "Log in first.");
        Self { field: HeaderValue::from_str(location).ok().map(|location| (LOCATION, location)), ..refusal }
    }

    pub(crate) fn too_many_attempts() -> Self {
        let refusal = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many attempts",
            "Wait a minute before the next login.",
        );
        Self { field: Some((RETRY_AFTER, HeaderValue::from_static("60"))), ..refusal }
    }

    pub(crate) fn cannot_judge() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Login not possible now",
            "Logins cannot be checked now. Try again.",
        )
    }

    /// A page for people, JSON for programs.
    pub(crate) fn to(self, is_page: bool) -> Response {
        if !is_page {
            return self.into_response();
        }
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width";
                    title { (self.title) " – Mailchute" }
                    link rel="stylesheet" href="/style.css";
                }
                body.alone {
                    main {
                        h1 { (self.title) }
                        p { (self.detail) }
                        // An empty reference is this very address.
                        @if self.may_click { p { a.button href="" { "Open the page" } } }
                    }
                }
            }
        };
        (self.status, self.field.map(|field| [field]), page).into_response()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.field.map(|field| [field]), Problem::new(self.status, self.detail)).into_response()
    }
}
