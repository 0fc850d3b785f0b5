//! `/api/v1/chaos`: the rules of chaos.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::chaos::{Chaos, Document, Invalid};
use crate::state::State;

pub(super) fn routes() -> Router<Arc<State>> {
    Router::new().route("/api/v1/chaos", get(show).put(set).delete(clear))
}

async fn show(Shared(state): Shared<Arc<State>>) -> Response {
    with_chaos(&state, |chaos| Json(chaos.status()).into_response())
}

async fn set(Shared(state): Shared<Arc<State>>, Json(document): Json<Document>) -> Response {
    with_chaos(&state, |chaos| match chaos.set(&document) {
        Ok(status) => Json(status).into_response(),
        Err(invalid) => not_in_force(&invalid),
    })
}

async fn clear(Shared(state): Shared<Arc<State>>) -> Response {
    with_chaos(&state, |chaos| {
        chaos.clear();
        StatusCode::NO_CONTENT.into_response()
    })
}

fn with_chaos(state: &State, answer: impl FnOnce(&Chaos) -> Response) -> Response {
    match &state.chaos {
        Some(chaos) => answer(chaos),
        None => problem(StatusCode::NOT_FOUND, "This server was not built with chaos", None),
    }
}

fn not_in_force(invalid: &Invalid) -> Response {
    problem(StatusCode::UNPROCESSABLE_ENTITY, "The rules were not put in force", Some(invalid.to_string()))
}

fn problem(status: StatusCode, title: &str, detail: Option<String>) -> Response {
    let body = json!({ "title": title, "status": status.as_u16(), "detail": detail });
    (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
}
