//! `/api/v1/chaos`: the rules of chaos.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};

use crate::chaos::{Chaos, Document as Rules, Status};
use crate::problem::{Document, Problem};
use crate::state::State;

pub(super) fn routes() -> Router<Arc<State>> {
    Router::new().route("/api/v1/chaos", get(show).put(set).delete(clear))
}

async fn show(Shared(state): Shared<Arc<State>>) -> Result<Json<Status>, Problem> {
    Ok(Json(chaos(&state)?.status()))
}

async fn set(
    Shared(state): Shared<Arc<State>>,
    Document(rules): Document<Option<Rules>>,
) -> Result<Json<Status>, Problem> {
    let rules = rules.ok_or_else(|| Problem::bad("The rules are missing."))?;
    let status = chaos(&state)?.set(&rules);
    status.map(Json).map_err(|invalid| {
        let detail = format!("The rules were not applied: {invalid}");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    })
}

async fn clear(Shared(state): Shared<Arc<State>>) -> Result<StatusCode, Problem> {
    chaos(&state)?.clear();
    Ok(StatusCode::NO_CONTENT)
}

fn chaos(state: &State) -> Result<&Chaos, Problem> {
    state.chaos.as_ref().ok_or_else(|| Problem::not_found("This server was not built with chaos."))
}
