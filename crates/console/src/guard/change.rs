//! The rule of changes: they come from a program, or from a form of our own.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use percent_encoding::percent_decode_str;

use crate::guard::refusal::Refusal;
use crate::guard::secret::is_same;

const FORM_LIMIT: usize = 64 << 10;
const JSON_LIMIT: usize = 2 << 20;
/// The time in which the body of a change arrives.
const BODY_TIME: Duration = Duration::from_secs(10);

/// Checks that a page of another site cannot have sent this. A form of such a page sends no JSON and no method but POST, and
/// does not know the token. The body is read here, so that its size and time are bounded for all routes.
pub(crate) async fn check(request: Request, token: &str) -> Result<Request, Refusal> {
    let kind = request.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or("?"));
    let kind = kind.map(|kind| kind.split(';').next().unwrap_or(kind).trim().to_ascii_lowercase());
    let is_post = *request.method() == Method::POST;
    let is_form = match kind.as_deref() {
        Some("application/json") => false,
        Some("application/x-www-form-urlencoded") => true,
        None if !is_post => false,
        _ => return Err(Refusal::no_token()),
    };
    let (parts, body) = request.into_parts();
    let limit = if is_form { FORM_LIMIT } else { JSON_LIMIT };
    let body = tokio::time::timeout(BODY_TIME, to_bytes(body, limit)).await;
    let body = body.ok().and_then(Result::ok).ok_or_else(Refusal::too_large)?;
    if is_form && is_post {
        let sent = std::str::from_utf8(&body).ok().and_then(token_of);
        if !sent.is_some_and(|sent| is_same(&sent, token)) {
            return Err(Refusal::no_token());
        }
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}

fn token_of(form: &str) -> Option<String> {
    let value = form.split('&').find_map(|field| field.strip_prefix("token="))?;
    Some(percent_decode_str(value).decode_utf8().ok()?.into_owned())
}
