//! The HTML of a message, for the sandboxed frame.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde::Deserialize;

use crate::mail::Images;
use crate::pages::failure::Failure;
use crate::pages::layout::At;
use crate::pages::opened::open;
use crate::state::State;

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/m/{id}/html", get(show))
}

#[derive(Debug, Deserialize)]
struct Asked {
    images: Option<String>,
}

async fn show(at: At, Path(id): Path<String>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let opened = open(&at, &id).await?;
    let images = if asked.images.is_some() { Images::Remote } else { Images::Blocked };
    let document = tokio::task::spawn_blocking(move || opened.mail.html_document(images)).await;
    let document = document.map_err(|_| Failure::Read)?.ok_or(Failure::NoPart)?;
    let fields = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, document.policy),
        (REFERRER_POLICY, "no-referrer"),
    ];
    Ok((fields, document.html).into_response())
}
