//! `/view/latest.html` and the like: what a browser shows of a message, without a page around it.

use std::sync::Arc;

use axum::extract::{Path, State as FromState};
use axum::response::{IntoResponse as _, Response};

use crate::found::Found;
use crate::mail::Images;
use crate::problem::Problem;
use crate::state::State;

pub(super) async fn view(
    FromState(state): FromState<Arc<State>>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let unknown = || Problem::not_found("Write the id of a message, or latest, with .html or .txt.");
    let (id, kind) = name.rsplit_once('.').ok_or_else(unknown)?;
    let found = Found::get(&state, id).await?;
    match kind {
        "html" => Ok(found.html(Images::Blocked).await?),
        "txt" => {
            let text = found.read(|mail, _| mail.text()).await?;
            Ok(text.unwrap_or_default().into_response())
        }
        _ => Err(unknown()),
    }
}
