//! Events as they happen, by server-sent events.
//!
//! # Why
//!
//! The identifier of an event is that of the newest message. So a client that reconnects gets the messages since then out
//! of the mailbox, and the server keeps nothing for clients that are gone. Marks and deletions in between are not told one
//! by one: `missed` tells the client to read the list again.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State as FromState;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::form;
use crate::mailbox::{Change, Id, Mailbox, MailboxError, Search};
use crate::problem::Problem;
use crate::state::State;

/// The messages that are repeated to a client that reconnects.
const REPEATED: usize = 100;

pub(super) async fn events(
    FromState(state): FromState<Arc<State>>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let mailbox = state.mailbox()?;
    // Subscribed before the list is read, so that nothing falls between.
    let changes = mailbox.changes();
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse::<Id>().ok());
    let waiting = match last {
        Some(last) => since(mailbox, last).await?,
        // Without an identifier, a client that reconnects would look like a new one.
        None => {
            let newest = mailbox.get(None).await?;
            let newest = newest.map_or(Id::LEAST, |message| message.id);
            VecDeque::from([named("ready", json!({}), Some(newest))])
        }
    };
    let stream = unfold((waiting, changes), |(mut waiting, mut changes)| async move {
        let event = match waiting.pop_front() {
            Some(event) => event,
            None => next(&mut changes).await?,
        };
        Some((Ok(event), (waiting, changes)))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}

/// Returns the messages after one, the oldest first, and then `missed`.
async fn since(mailbox: &Mailbox, last: Id) -> Result<VecDeque<Event>, MailboxError> {
    let newest = mailbox.list(&Search::all(), None, REPEATED).await?.messages;
    let newer = newest.iter().take_while(|message| message.id > last);
    let mut events: VecDeque<_> =
        newer.map(|message| named("message", form::summary(message), Some(message.id))).collect();
    events.make_contiguous().reverse();
    events.push_back(named("missed", json!({}), None));
    Ok(events)
}

/// Returns the next event, or `None` if the mailbox is closed.
async fn next(changes: &mut Receiver<Change>) -> Option<Event> {
    let ids = |ids: &[Id]| ids.iter().map(Id::to_string).collect::<Vec<_>>();
    Some(match changes.recv().await {
        Ok(Change::Added(message)) => named("message", form::summary(&message), Some(message.id)),
        Ok(Change::Removed(gone)) => named("removed", json!({"ids": ids(&gone)}), None),
        Ok(Change::Restored(back)) => named("restored", json!({"ids": ids(&back)}), None),
        Ok(Change::Marked { ids: marked, is_unread }) => {
            named("marked", json!({"ids": ids(&marked), "unread": is_unread}), None)
        }
        Ok(Change::Progress(progress)) => {
            named("progress", json!({"done": progress.done, "total": progress.total}), None)
        }
        Ok(Change::Many) | Err(RecvError::Lagged(_)) => named("missed", json!({}), None),
        Err(RecvError::Closed) => return None,
    })
}

fn named(name: &str, data: Value, id: Option<Id>) -> Event {
    let event = Event::default().event(name).data(data.to_string());
    match id {
        Some(id) => event.id(id.to_string()),
        None => event,
    }
}
