//! The API: JSON, and events as they happen.

mod chaos;
mod events;
mod form;
mod handlers;
mod release;
mod sessions;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, post};

use crate::mailpit::{part, raw};
use crate::state::State;
use handlers::{html, message, undo, wait};

/// The description of the API. A test holds it and the routes together.
const OPENAPI: &str = include_str!("openapi.json");

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/api/v1/openapi.json", get(|| async { ([(CONTENT_TYPE, "application/json")], OPENAPI) }))
        .route("/api/v1/messages/wait", get(wait))
        .route("/api/v1/messages/undo", post(undo))
        .route("/api/v1/messages/{id}", get(message))
        .route("/api/v1/messages/{id}/raw", get(raw))
        .route("/api/v1/messages/{id}/html", get(html))
        .route("/api/v1/messages/{id}/parts/{part}", get(part))
        .route("/api/v1/messages/{id}/session", get(sessions::of_message))
        .route("/api/v1/messages/{id}/release", post(release::release))
        .route("/api/v1/sessions", get(sessions::list))
        .route("/api/v1/sessions/{id}", get(sessions::session))
        .route("/api/v1/events", get(events::events))
        .merge(chaos::routes())
}
