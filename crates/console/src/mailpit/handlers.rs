//! The handlers of Mailpit's paths.

use std::collections::BTreeMap;
use std::str::FromStr as _;
use std::sync::Arc;

use axum::extract::{Path, State as FromState};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::form;
use super::ids::Ids;
use crate::found::{Found, Missing, download};
use crate::guard::Visitor;
use crate::mail::Part;
use crate::mailbox::{Deletion, Id, Search};
use crate::metrics::resident_memory;
use crate::problem::{Document, Params, Problem};
use crate::state::State;

/// The messages of a page, if the request does not say.
const USUAL: usize = 50;
/// How far `start` may go. A search, or `before`, goes further.
const FARTHEST: usize = 10_000;

#[derive(Debug, Default, Deserialize)]
pub(super) struct PageParams {
    start: Option<usize>,
    limit: Option<usize>,
    /// A search: ours is called `q`, Mailpit's `query`.
    #[serde(alias = "query")]
    q: Option<String>,
    /// The message after which the page begins.
    before: Option<String>,
}

pub(super) async fn list(
    FromState(state): FromState<Arc<State>>,
    Params(params): Params<PageParams>,
) -> Result<Json<Value>, Problem> {
    let search = State::search(params.q.as_deref())?;
    let (start, limit) = (params.start.unwrap_or(0), params.limit.unwrap_or(USUAL).min(1_000));
    if start > FARTHEST {
        return Err(Problem::bad(format!("start goes up to {FARTHEST}. Use before, or a search.")));
    }
    let before = params.before.as_deref().map(Id::from_str).transpose();
    let before = before.map_err(|error| Problem::bad(format!("before: {error}.")))?;
    let (listing, groups) = state.mailbox()?.overview(&search, before, start + limit).await?;
    Ok(Json(form::page(&groups, &listing, start)))
}

pub(super) async fn search(
    state: FromState<Arc<State>>,
    Params(params): Params<PageParams>,
) -> Result<Json<Value>, Problem> {
    State::wanted(params.q.as_deref())?;
    list(state, Params(params)).await
}

impl State {
    /// Reads a search as people write it.
    pub(crate) fn search(text: Option<&str>) -> Result<Search, Problem> {
        Search::parse(text.unwrap_or_default()).map_err(|mistake| Problem::bad(format!("{mistake}.")))
    }

    /// Reads a search that must look for something: an empty variable of a script is not meant to find all.
    pub(super) fn wanted(text: Option<&str>) -> Result<Search, Problem> {
        let text = text.filter(|text| !text.trim().is_empty()).ok_or_else(|| {
            Problem::bad("The search is missing or empty. Write what to look for, such as is:read.")
        })?;
        Self::search(Some(text))
    }
}

/// The parameters of a deletion. One that is not known may have named some messages, and must not mean all.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeletionParams {
    #[serde(alias = "query")]
    q: Option<String>,
}

/// Marks messages as read or unread.
pub(super) async fn mark(FromState(state): FromState<Arc<State>>, ids: Ids) -> Result<&'static str, Problem> {
    state.mailbox()?.mark(&ids.search()?, !ids.is_read).await?;
    Ok("ok")
}

/// Deletes messages: those of the body, as Mailpit does, or those of `?q=`, as our API does.
pub(super) async fn delete(
    FromState(state): FromState<Arc<State>>,
    Params(params): Params<DeletionParams>,
    ids: Ids,
) -> Result<Response, Problem> {
    if params.q.is_none() {
        state.mailbox()?.delete(&ids.search()?).await?;
        return Ok("ok".into_response());
    }
    let deletion = state.mailbox()?.delete(&State::wanted(params.q.as_deref())?).await?;
    Ok(Json(deleted(deletion)).into_response())
}

pub(super) async fn delete_found(
    FromState(state): FromState<Arc<State>>,
    Params(params): Params<PageParams>,
) -> Result<&'static str, Problem> {
    state.mailbox()?.delete(&State::wanted(params.q.as_deref())?).await?;
    Ok("ok")
}

fn deleted(deletion: Deletion) -> Value {
    json!({"deletion": deletion.number, "messages": deletion.messages})
}

/// Returns a message, which is read then.
pub(super) async fn message(
    FromState(state): FromState<Arc<State>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let found = Found::get(&state, &id).await?;
    found.mark_read(state.mailbox()?).await;
    Ok(found.document(form::message).await?)
}

/// Returns the fields by their names.
pub(super) async fn headers(
    FromState(state): FromState<Arc<State>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let fields = Found::get(&state, &id).await?.read(|mail, _| {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for field in mail.fields().iter().filter(|field| !field.name.is_empty()) {
            fields.entry(canonical(&field.name)).or_default().push(field.value.clone());
        }
        json!(fields)
    });
    Ok(Json(fields.await?))
}

/// Returns a name as Go writes it: `Message-Id`.
fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| match word.char_indices().nth(1) {
        Some((second, _)) => word[..second].to_ascii_uppercase() + &word[second..].to_ascii_lowercase(),
        None => word.to_ascii_uppercase(),
    });
    words.collect::<Vec<_>>().join("-")
}

/// Returns a message as its file has it.
pub(crate) async fn raw(
    FromState(state): FromState<Arc<State>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(Found::get(&state, &id).await?.raw().await?)
}

/// Returns a part as a download.
pub(crate) async fn part(
    FromState(state): FromState<Arc<State>>,
    Path((id, number)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let number = number.parse().map_err(|_| Missing::Part)?;
    let (part, content) = Found::get(&state, &id).await?.part(number).await?;
    let name = part.file_name.clone().unwrap_or_else(|| format!("part-{number}"));
    Ok(download(harmless_type(&part), &name, content))
}

/// Returns the type of a part for a download. A part that a browser could run is sent without one.
fn harmless_type(part: &Part) -> &str {
    const ACTIVE: [&str; 6] = ["html", "xml", "svg", "script", "css", "multipart/"];
    let name = &*part.content_type;
    let is_type = name.split_once('/').is_some_and(|(kind, subtype)| {
        let is_token = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
        };
        is_token(kind) && is_token(subtype)
    });
    if is_type && !ACTIVE.iter().any(|active| name.contains(active)) {
        name
    } else {
        "application/octet-stream"
    }
}

/// The recipients of a release.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Recipients {
    #[serde(alias = "To")]
    pub(crate) to: Vec<String>,
}

/// Sends a message on.
pub(super) async fn release(
    FromState(state): FromState<Arc<State>>,
    Path(id): Path<String>,
    visitor: Option<Extension<Visitor>>,
    Document(recipients): Document<Recipients>,
) -> Result<&'static str, Problem> {
    let user = visitor.as_ref().and_then(|visitor| visitor.user.as_deref());
    let outcome = state.release(&id, &recipients.to, user).await?;
    if outcome.is_accepted() { Ok("ok") } else { Err(outcome.into()) }
}

/// Returns the names of all tags.
pub(super) async fn tags(FromState(state): FromState<Arc<State>>) -> Result<Json<Value>, Problem> {
    let (_, groups) = state.mailbox()?.overview(&Search::all(), None, 0).await?;
    Ok(Json(form::tags(&groups)))
}

pub(super) async fn info(FromState(state): FromState<Arc<State>>) -> Result<Json<Value>, Problem> {
    let mailbox = state.mailbox()?;
    let (_, groups) = mailbox.overview(&Search::all(), None, 0).await?;
    let tags: BTreeMap<_, _> = groups.tags.iter().map(|tag| (&*tag.name, tag.total)).collect();
    let stats = state.server.stats();
    let version = concat!("mailchute ", env!("CARGO_PKG_VERSION"));
    Ok(Json(json!({
        "Version": version,
        "LatestVersion": version,
        "Database": mailbox.path().display().to_string(),
        "DatabaseSize": mailbox.index_bytes().await?,
        "Messages": groups.total,
        "Unread": groups.unread,
        "Tags": tags,
        "RuntimeStats": {
            "Uptime": state.vitals.began().elapsed().unwrap_or_default().as_secs(),
            "Memory": resident_memory().unwrap_or_default(),
            "SMTPAccepted": stats.messages_accepted,
            "SMTPAcceptedSize": stats.message_bytes,
            "SMTPRejected": stats.messages_refused,
        },
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_fields_are_as_go_writes_them() {
        assert_eq!(canonical("MESSAGE-ID"), "Message-Id");
        assert_eq!(canonical("x-ä-"), "X-ä-");
    }
}
