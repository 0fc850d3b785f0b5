//! A part of the API of Mailpit, so that test suites that were written for it run.
//!
//! # Why
//!
//! Many suites have a client of Mailpit already. The list of messages is at the same path in both APIs, so it has Mailpit's
//! form, and takes our parameters too.

mod form;
mod handlers;
mod ids;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use handlers::{Recipients, part, raw};

use crate::health;
use crate::state::State;
use handlers::{delete, delete_found, headers, info, list, mark, message, release, search, tags};

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/api/v1/info", get(info))
        .route("/api/v1/messages", get(list).put(mark).delete(delete))
        .route("/api/v1/search", get(search).delete(delete_found))
        .route("/api/v1/tags", get(tags))
        .route("/api/v1/message/{id}", get(message))
        .route("/api/v1/message/{id}/headers", get(headers))
        .route("/api/v1/message/{id}/raw", get(raw))
        .route("/api/v1/message/{id}/part/{part}", get(part))
        .route("/api/v1/message/{id}/release", post(release))
        .route("/view/{name}", get(view::view))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(health::ready))
}
