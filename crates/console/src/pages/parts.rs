//! Downloads: a whole message, or one part. Only raster images are shown in the browser.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::mailbox::Id;
use crate::pages::failure::Failure;
use crate::pages::layout::At;
use crate::pages::opened::open;
use crate::state::State;

/// Should a browser open a download, nothing in it runs or loads.
const POLICY: &str = "sandbox; default-src 'none'";

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/m/{id}/raw", get(raw)).route("/m/{id}/parts/{number}", get(part))
}

#[derive(Debug, Deserialize)]
struct Asked {
    show: Option<String>,
}

async fn raw(at: At, Path(id): Path<String>) -> Result<Response, Failure> {
    let mailbox = at.state.mailbox.as_ref().ok_or(Failure::NoMailbox)?;
    let id: Id = id.parse().map_err(|_| Failure::NoMessage)?;
    let content = mailbox.content(id).await?.ok_or(Failure::NoMessage)?;
    let fields = [
        (CONTENT_TYPE, HeaderValue::from_static("message/rfc822")),
        (CONTENT_DISPOSITION, attachment(Some(&format!("{id}.eml")))),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    Ok((fields, content).into_response())
}

async fn part(
    at: At,
    Path((id, number)): Path<(String, usize)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let opened = open(&at, &id).await?;
    let part = opened.mail.part(number).ok_or(Failure::NoPart)?;
    let is_shown = asked.show.is_some() && part.is_raster_image();
    let kind = if is_shown { HeaderValue::from_str(&part.content_type).ok() } else { None };
    let disposition =
        if is_shown { HeaderValue::from_static("inline") } else { attachment(part.file_name.as_deref()) };
    let fields = [
        (CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/octet-stream"))),
        (CONTENT_DISPOSITION, disposition),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    Ok((fields, opened.mail.content(part)).into_response())
}

/// A name is written as RFC 8187 has it, so that no byte of it ends the field.
fn attachment(name: Option<&str>) -> HeaderValue {
    let name = utf8_percent_encode(name.unwrap_or("part"), NON_ALPHANUMERIC);
    let field = HeaderValue::from_str(&format!("attachment; filename*=UTF-8''{name}"));
    field.unwrap_or(HeaderValue::from_static("attachment"))
}
