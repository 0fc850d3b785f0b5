//! The banners of all pages, and the events that keep them up to date.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::sync::Arc;

use axum::response::sse::Event;
use futures_util::stream::{Stream, StreamExt as _, once, select, unfold};
use maud::{Markup, html};

use crate::chaos::Chaos;
use crate::quantity::count;
use crate::state::State;

/// An event for an open page.
pub(crate) type Sent = Result<Event, Infallible>;

/// Returns the banners of a moment.
pub(crate) fn banners(state: &State) -> Markup {
    html! {
        @if let Some(banner) = state.chaos.as_ref().and_then(Chaos::banner) {
            div.banner {
                span {
                    "Chaos is active: this server fails on purpose ("
                    (count(banner.rules as u64, "rule", "rules"))
                    ", until " time datetime=(banner.ends) { (banner.ends.strftime("%H:%M UTC")) } ")."
                }
                a href="/chaos" { "Show the rules" }
            }
        }
    }
}

/// Adds the banners to the events of a page. The stream ends with the events of the page.
pub(crate) fn with_banners(events: impl Stream<Item = Sent>, state: Arc<State>) -> impl Stream<Item = Sent> {
    let events = events.map(Some).chain(once(ready(None)));
    select(events, changes(state).map(Some)).take_while(|event| ready(event.is_some())).filter_map(ready)
}

/// Sends the banners now, and after each change.
pub(crate) fn changes(state: Arc<State>) -> impl Stream<Item = Sent> {
    let changes = state.chaos.as_ref().map(Chaos::changes);
    unfold((state, changes, true), async |(state, mut changes, is_first)| {
        if !is_first {
            match &mut changes {
                Some(changes) => changes.changed().await.ok()?,
                None => pending().await,
            }
        }
        // As a text of JSON, since browsers drop an event without data.
        let html = serde_json::Value::from(banners(&state).into_string());
        let event = Event::default().event("banners").data(html.to_string());
        Some((Ok(event), (state, changes, false)))
    })
}
