//! Downloads: a whole message, or one part. Only raster images are shown in the browser.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use crate::found::{Found, download, harmless};
use crate::pages::failure::Failure;
use crate::pages::layout::At;
use crate::state::State;

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/m/{id}/raw", get(raw)).route("/m/{id}/parts/{number}", get(part))
}

#[derive(Debug, Deserialize)]
struct Asked {
    show: Option<String>,
}

async fn raw(at: At, Path(id): Path<String>) -> Result<Response, Failure> {
    Ok(Found::get(&at.state, &id).await?.raw().await?)
}

async fn part(
    at: At,
    Path((id, number)): Path<(String, usize)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let (part, content) = Found::get(&at.state, &id).await?.part(number).await?;
    Ok(if asked.show.is_some() && part.is_raster_image() {
        harmless(&part.content_type, "inline", content)
    } else {
        download("application/octet-stream", part.file_name.as_deref().unwrap_or("part"), content)
    })
}
