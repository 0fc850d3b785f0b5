//! Events for open pages: that the mailbox has changed, after which a page asks for its list again, and the banners.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::mailbox::Change;
use crate::pages::banners::{self, Sent, with_banners};
use crate::pages::failure::Failure;
use crate::pages::layout::At;
use crate::state::State;

/// Many changes at once make one event.
const PAUSE: Duration = Duration::from_millis(150);

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/changes", get(stream)).route("/banners", get(banners_only))
}

async fn stream(at: At) -> Result<Sse<impl Stream<Item = Sent>>, Failure> {
    let changes = at.state.mailbox()?.changes();
    let events = unfold(changes, |mut changes| async move {
        let mut name = match changes.recv().await {
            Ok(Change::Added(_)) => "added",
            // After missed changes, the page reads its list as after any other.
            Ok(_) | Err(RecvError::Lagged(_)) => "changed",
            Err(RecvError::Closed) => return None,
        };
        tokio::time::sleep(PAUSE).await;
        loop {
            match changes.try_recv() {
                Ok(Change::Added(_)) => name = "added",
                Ok(_) | Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        Some((Ok(Event::default().event(name).data("mailbox")), changes))
    });
    Ok(Sse::new(with_banners(events, at.state)).keep_alive(KeepAlive::default()))
}

/// For pages that show nothing of the mailbox, so that it need not look for mail.
async fn banners_only(at: At) -> Sse<impl Stream<Item = Sent>> {
    Sse::new(banners::changes(at.state)).keep_alive(KeepAlive::default())
}
