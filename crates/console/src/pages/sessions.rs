//! The pages of sessions: the live list, one session, and what they become while somebody looks.

use std::mem::take;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::routing::get;
use futures_util::stream::{self, Stream};
use mailchute::session::SessionId;
use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::banners::{Sent, with_banners};
use super::failure::Failure;
use super::layout::{At, Section};
use crate::quantity::count;
use crate::sessions::{self, Filter};
use crate::state::State;

/// Sessions of one page.
const PAGE: usize = 50;

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/sessions", get(list))
        .route("/sessions/events", get(list_events))
        .route("/sessions/{id}", get(session))
        .route("/sessions/{id}/events", get(session_events))
        .route("/sessions/{id}/transcript.txt", get(text))
}

/// The part of the list that a reader wants to see.
#[derive(Debug, Default, Deserialize)]
struct Wanted {
    #[serde(default)]
    q: String,
    /// Only sessions in which something was refused.
    #[serde(default)]
    refused: Option<String>,
    /// Only sessions that began before this one.
    #[serde(default)]
    before: Option<String>,
}

impl Wanted {
    fn filter(&self) -> Filter {
        let filter = Filter::parse(&self.q);
        if self.refused.is_some() { filter.only_refused() } else { filter }
    }

    fn is_everything(&self) -> bool {
        self.q.trim().is_empty() && self.refused.is_none()
    }

    /// Returns the address of this list, or of its older sessions.
    fn link(&self, path: &str, before: Option<SessionId>) -> String {
        let mut link = format!("{path}?q={}", utf8_percent_encode(&self.q, NON_ALPHANUMERIC));
        if self.refused.is_some() {
            link += "&refused=on";
        }
        if let Some(before) = before {
            link += &format!("&before={before}");
        }
        link
    }
}

async fn list(at: At, Query(wanted): Query<Wanted>) -> Markup {
    let before = wanted.before.as_ref().and_then(|id| id.parse().ok());
    let listing = at.state.sessions.find(wanted.filter(), before, PAGE).await;
    let content = html! {
        div.toolbar {
            h1 { "Sessions" }
            form.search role="search" action="/sessions" {
                label.visually-hidden for="q" { "Search sessions" }
                input #q type="search" name="q" value=(wanted.q) placeholder="client, address, message id, text";
                label.check {
                    input type="checkbox" name="refused" value="on" checked[wanted.refused.is_some()];
                    " refused only"
                }
                button { "Search" }
            }
        }
        div #found data-live=[before.is_none().then(|| wanted.link("/sessions/events", None))] {
            (found(&at, &wanted, &listing))
        }
    };
    at.page(Section::Sessions, "Sessions", &content)
}

/// The part of the page that changes while somebody looks. Its ids let a script replace only what has changed.
fn found(at: &At, wanted: &Wanted, listing: &sessions::Listing) -> Markup {
    let is_empty = listing.sessions.is_empty();
    let older = listing.sessions.last().filter(|_| listing.has_more).map(|last| last.id);
    html! {
        (notes(&listing.state))
        @if is_empty { (empty(at, wanted)) }
        div.card.scroll #list hidden[is_empty] {
            table.sessions {
                caption.visually-hidden { "Sessions, the newest first" }
                thead {
                    tr {
                        th scope="col" { "Outcome" }
                        th scope="col" { "Client" }
                        th scope="col" { "Sender → recipients" }
                        th.how scope="col" { "How" }
                        th scope="col" { "When" }
                    }
                }
                tbody #sessions { (sessions::list_rows(&listing.sessions)) }
            }
        }
        @if let Some(last) = older {
            p.older #older { a.button rel="next" href=(wanted.link("/sessions", Some(last))) { "Older sessions" } }
        }
    }
}

/// Notes on what is missing in the list.
fn notes(state: &sessions::ListState) -> Markup {
    html! {
        div #notes {
            @if state.missed > 0 {
                p.banner {
                    (state.missed) " events were missed, because mail came faster than they were recorded. \
                    Sessions of that time may lack lines."
                }
            }
            @if let Some(turned_away) = &state.turned_away {
                p.muted {
                    (count(turned_away.count, "connection was", "connections were")) " turned away before a session began: \
                    no slot was free, or the PROXY header was missing. The last came from " (turned_away.client) "."
                }
            }
            @if state.evicted > 0 {
                p.muted { (state.evicted) " older sessions had to make room." }
            }
        }
    }
}

fn empty(at: &At, wanted: &Wanted) -> Markup {
    let endpoint = at.state.endpoint_for_mail();
    html! {
        div.empty #empty {
            @if wanted.is_everything() {
                h2 { "No session yet" }
                p { "Each connection to the server appears here at once, also those that are refused. Send a message:" }
                pre tabindex="0" { "swaks --server " (endpoint) " --to bob@example.com" }
            } @else {
                h2 { "No session matches" }
                p { "Search for a part of an address, a message id, a reply, or a name. " a href="/sessions" { "Show all" } }
            }
        }
    }
}

async fn session(at: At, Path(id): Path<String>) -> Result<Markup, Failure> {
    let session = at.state.session(&id)?;
    let content = html! {
        p.crumbs { a href="/sessions" { "← Sessions" } }
        h1 { "Session " code { (session.summary.id) } }
        (sessions::session_fragment(&session))
    };
    Ok(at.page(Section::Sessions, &format!("Session {}", session.summary.id), &content))
}

async fn text(at: At, Path(id): Path<String>) -> Result<String, Failure> {
    Ok(at.state.session(&id)?.text())
}

/// Sends the list when it changes: what a reader who loads the page at that moment sees.
async fn list_events(at: At, Query(wanted): Query<Wanted>) -> Sse<impl Stream<Item = Sent>> {
    let (state, changes) = (Arc::clone(&at.state), at.state.sessions.changes());
    let first = (at, wanted, changes, None);
    let events = stream::unfold(first, async |(at, wanted, mut changes, shown)| {
        loop {
            if shown.is_some() {
                changes.next().await;
            }
            let listing = at.state.sessions.find(wanted.filter(), None, PAGE).await;
            let html = found(&at, &wanted, &listing).into_string();
            if shown.as_ref() != Some(&html) {
                let event = SseEvent::default().event("list").data(&html);
                return Some((Ok(event), (at, wanted, changes, Some(html))));
            }
        }
    });
    Sse::new(with_banners(events, state)).keep_alive(KeepAlive::default())
}

/// The place in a session up to which a reader has seen it.
#[derive(Debug, Default, Deserialize)]
struct Seen {
    /// The number of the last record that the reader has.
    #[serde(default)]
    after: Option<u64>,
}

/// Sends the lines of a session that come after those that a reader has, until it is over.
async fn session_events(
    at: At,
    Path(id): Path<String>,
    Query(seen): Query<Seen>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Sent>> {
    let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let (changes, after) = (at.state.sessions.changes(), resumed.or(seen.after));
    let (state, first) = (Arc::clone(&at.state), (at, id, changes, after, true));
    let events = stream::unfold(first, async |(at, id, mut changes, after, mut is_first)| {
        if id.is_empty() {
            return None;
        }
        loop {
            if !take(&mut is_first) {
                changes.next().await;
            }
            // A session that made room for others is over for its readers. Browsers drop an event without data.
            let Ok(session) = at.state.session(&id) else {
                return Some((
                    Ok(SseEvent::default().event("over").data("null")),
                    (at, String::new(), changes, None, false),
                ));
            };
            let is_new = |row: &sessions::Row| after.is_none_or(|after| row.record > after);
            let start = session.rows.iter().position(is_new).unwrap_or(session.rows.len());
            let rows = &session.rows[start..];
            let last = rows.last().map(|row| row.record).or(after);
            let is_over = !session.summary.is_open;
            if rows.is_empty() && !is_over {
                continue;
            }
            let (rows, head) =
                (sessions::transcript_rows(rows).into_string(), sessions::head(&session).into_string());
            let data = serde_json::json!({ "rows": rows, "head": head }).to_string();
            let event = SseEvent::default().event(if is_over { "over" } else { "rows" }).data(data);
            let event = match last {
                Some(last) => event.id(last.to_string()),
                None => event,
            };
            let id = if is_over { String::new() } else { id };
            return Some((Ok(event), (at, id, changes, last, false)));
        }
    });
    Sse::new(with_banners(events, state)).keep_alive(KeepAlive::default())
}
