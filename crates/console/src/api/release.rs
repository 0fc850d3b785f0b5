//! `/api/v1/messages/{id}/release`: sends a message on to real recipients.

use std::sync::Arc;

use axum::extract::{Path, State as FromState};
use axum::{Extension, Json};
use serde_json::{Value, json};

use crate::guard::Visitor;
use crate::mailpit::Recipients;
use crate::problem::{Document, Problem};
use crate::state::State;

pub(super) async fn release(
    FromState(state): FromState<Arc<State>>,
    Path(id): Path<String>,
    visitor: Option<Extension<Visitor>>,
    Document(recipients): Document<Recipients>,
) -> Result<Json<Value>, Problem> {
    let user = visitor.as_ref().and_then(|visitor| visitor.user.as_deref());
    let outcome = state.release(&id, &recipients.to, user).await?;
    if outcome.is_accepted() { Ok(Json(json!({"recipients": outcome.0}))) } else { Err(outcome.into()) }
}
