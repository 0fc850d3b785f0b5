//! `/view/latest.html` and the like: what a browser shows of a message, without a page around it.

use std::sync::Arc;

use axum::extract::{Path, State as FromState};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::response::{IntoResponse as _, Response};

use super::found::Found;
use crate::mail::Images;
use crate::problem::Problem;
use crate::state::State;

pub(super) async fn view(
    FromState(state): FromState<Arc<State>>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let unknown = || Problem::not_found("Write the name of a message, or latest, with .html or .txt.");
    let (id, kind) = name.rsplit_once('.').ok_or_else(unknown)?;
    let found = Found::get(&state, id).await?;
    match kind {
        "html" => found.html(Images::Blocked).await,
        "txt" => {
            let text = found.read(|mail, _| mail.text()).await?;
            Ok(text.unwrap_or_default().into_response())
        }
        _ => Err(unknown()),
    }
}

impl Found {
    /// Returns the HTML for a frame, with its own policy.
    pub(crate) async fn html(self, images: Images) -> Result<Response, Problem> {
        let document = self.read(move |mail, _| mail.html_document(images)).await?;
        let document = document.ok_or_else(|| Problem::not_found("The message has no HTML."))?;
        let fields = [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CONTENT_SECURITY_POLICY, document.policy),
            (REFERRER_POLICY, "no-referrer"),
        ];
        Ok((fields, document.html).into_response())
    }
}
