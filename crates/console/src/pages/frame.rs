//! The HTML of a message, for the sandboxed frame.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use crate::found::Found;
use crate::mail::Images;
use crate::pages::failure::Failure;
use crate::pages::layout::At;
use crate::state::State;

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/m/{id}/html", get(show))
}

#[derive(Debug, Deserialize)]
struct Asked {
    images: Option<String>,
}

async fn show(at: At, Path(id): Path<String>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let images = if asked.images.is_some() { Images::Remote } else { Images::Blocked };
    Ok(Found::get(&at.state, &id).await?.html(images).await?)
}
