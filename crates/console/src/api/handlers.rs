//! The handlers of the API.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State as FromState};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::form;
use crate::found::Found;
use crate::mail::Images;

use crate::problem::{Document, Params, Problem};
use crate::state::State;

/// How long a request waits if it does not say.
const USUAL_WAIT: u64 = 30;
/// How long a request may wait.
const LONGEST_WAIT: u64 = 300;

#[derive(Debug, Deserialize)]
pub(super) struct WaitParams {
    q: Option<String>,
    /// In seconds.
    timeout: Option<u64>,
}

/// Waits for a message, and returns it whole. A test needs no loop.
pub(super) async fn wait(
    FromState(state): FromState<Arc<State>>,
    Params(params): Params<WaitParams>,
) -> Result<Response, Problem> {
    if params.q.as_deref().is_some_and(|query| query.trim().is_empty()) {
        return Err(Problem::bad("The search is empty. Leave q out to wait for any message."));
    }
    let search = State::search(params.q.as_deref())?;
    let seconds = params.timeout.unwrap_or(USUAL_WAIT).min(LONGEST_WAIT);
    let found = state.mailbox()?.wait(&search, Duration::from_secs(seconds)).await?;
    let late = || {
        let detail = format!("No message matched in {seconds} seconds.");
        // After 408, many clients would send the request again by themselves.
        Problem::not_found(detail)
    };
    whole(state, &found.ok_or_else(late)?.id.to_string()).await
}

pub(super) async fn message(
    FromState(state): FromState<Arc<State>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    whole(state, &id).await
}

async fn whole(state: Arc<State>, id: &str) -> Result<Response, Problem> {
    let found = Found::get(&state, id).await?;
    Ok(found.document(move |mail, summary| form::message(mail, summary, &state)).await?)
}

#[derive(Debug, Deserialize)]
pub(super) struct HtmlParams {
    /// Whether images may come from elsewhere.
    images: Option<bool>,
}

pub(super) async fn html(
    FromState(state): FromState<Arc<State>>,
    Path(id): Path<String>,
    Params(params): Params<HtmlParams>,
) -> Result<Response, Problem> {
    let images = if params.images == Some(true) { Images::Remote } else { Images::Blocked };
    Ok(Found::get(&state, &id).await?.html(images).await?)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Undo {
    deletion: Option<u64>,
}

/// Restores what a deletion has removed some seconds ago.
pub(super) async fn undo(
    FromState(state): FromState<Arc<State>>,
    Document(undo): Document<Undo>,
) -> Result<Json<Value>, Problem> {
    let deletion = undo.deletion.ok_or_else(|| Problem::bad("The number of the deletion is missing."))?;
    let messages = state.mailbox()?.undo(deletion).await?;
    if messages == 0 {
        return Err(Problem::not_found("It is too late: there is no such deletion any more."));
    }
    Ok(Json(json!({"messages": messages})))
}
