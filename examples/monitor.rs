//! A live monitor: a browser or curl that opens the page sees the events of all sessions, as JSON, as they happen.
//!
//! The page is at <http://127.0.0.1:8025/>, or at the address in `MAILCHUTE_HTTP`. To try it, in another terminal:
//! ```sh
//! exec 3< <(curl -sN http://127.0.0.1:8025/events); read -u 3; swaks --server 127.0.0.1:2525 --to bob@example.com >/dev/null; grep -m 1 '"event":"rcpt"' <&3 | grep -o '"to".*'  # "to":"bob@example.com"}
//! ```

use std::error::Error;

use axum::Router;
use axum::extract::State;
use axum::response::sse::{Event as Line, KeepAlive, Sse};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use futures_util::StreamExt as _;
use futures_util::stream::{once, unfold};
use mailchute::Server;
use mailchute::events::Event;
use mailchute_examples::{print_and_forget, serve};
use tokio::net::TcpListener;

const PAGE: &str = "<!doctype html><title>Mailchute</title><pre id=log></pre><script>
    new EventSource('events').onmessage = event => log.append(event.data + '\\n')
</script>";

/// Each browser has a subscription, which ends with its connection. No session waits for it.
async fn events(State(server): State<Server>) -> impl IntoResponse {
    let events = unfold(server.events(), |mut events| async move {
        loop {
            match events.next().await? {
                Event::DataChunk { .. } => {}
                // The feature `serde` of the library makes JSON of it.
                event => return Some((Line::default().json_data(event), events)),
            }
        }
    });
    let begin = once(async { Ok(Line::default().comment("watching")) });
    Sse::new(begin.chain(events)).keep_alive(KeepAlive::default())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder().on_store(print_and_forget).build()?;

    let address = std::env::var("MAILCHUTE_HTTP").unwrap_or_else(|_| "127.0.0.1:8025".to_owned());
    let pages = Router::new()
        .route("/", get(async || Html(PAGE)))
        .route("/events", get(events))
        .with_state(server.clone());
    let listener = TcpListener::bind(address).await?;
    println!("the monitor is at http://{}/", listener.local_addr()?);
    tokio::spawn(axum::serve(listener, pages).into_future());

    serve(server).await?;
    Ok(())
}
