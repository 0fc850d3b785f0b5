//! `/api/v1/sessions`: who connected, and what was said.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as FromState};
use mailchute::session::SessionId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::found::Found;
use crate::problem::{Params, Problem};
use crate::sessions::Filter;
use crate::state::State;

/// The sessions of a page, if the request does not say.
const USUAL: usize = 50;
/// The most sessions of a page.
const MOST: usize = 1_000;

#[derive(Debug, Deserialize)]
pub(super) struct PageParams {
    q: Option<String>,
    limit: Option<usize>,
    /// The session after which the page begins.
    before: Option<String>,
}

pub(super) async fn list(
    FromState(state): FromState<Arc<State>>,
    Params(params): Params<PageParams>,
) -> Result<Json<Value>, Problem> {
    let filter = Filter::parse(params.q.as_deref().unwrap_or_default());
    let before = params.before.map(|before| before.to_ascii_uppercase().parse::<SessionId>()).transpose();
    let before = before.map_err(|error| Problem::bad(format!("before: {error}.")))?;
    let limit = params.limit.unwrap_or(USUAL).min(MOST);
    Ok(Json(json!(state.sessions.find(filter, before, limit).await)))
}

/// Returns a session with its rows.
pub(super) async fn session(
    FromState(state): FromState<Arc<State>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(json!(state.session(&id)?)))
}

/// Returns the session that brought a message.
pub(super) async fn of_message(
    FromState(state): FromState<Arc<State>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let summary = Found::summary(&state, &id).await?;
    Ok(Json(json!(state.session_of(&summary)?)))
}
