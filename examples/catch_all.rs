//! Catch all mail that a program under test sends, for any recipient, and let a test in any language wait for it.
//!
//! A test in Rust needs no program: see `mailchute::testing::catch_all`. The inbox is at
//! <http://127.0.0.1:8025/ADDRESS>, or at the address in `MAILCHUTE_HTTP`. To try it, in another terminal:
//! ```sh
//! (sleep 1; swaks --server 127.0.0.1:2525 --to bob@example.com --header 'Subject: Welcome') >/dev/null & curl -s http://127.0.0.1:8025/bob@example.com  # Subject: Welcome
//! curl -s 'http://127.0.0.1:8025/carol@example.com?seconds=0'  # expected a matching message within 0ns
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use mailchute::Server;
use mailchute::testing::Inbox;
use mailchute_examples::serve;
use tokio::net::TcpListener;

/// Answers with the first message for a recipient as soon as it arrives.
async fn wait_for(
    State(inbox): State<Inbox>,
    Path(address): Path<String>,
    Query(query): Query<HashMap<String, u64>>,
) -> Result<Vec<u8>, (StatusCode, String)> {
    let limit = Duration::from_secs(query.get("seconds").copied().unwrap_or(10));
    match inbox.wait_for(|mail| mail.is_to(&address), limit).await {
        Ok(mail) => Ok(mail.content().to_vec()),
        Err(nothing) => Err((StatusCode::NOT_FOUND, nothing.to_string())),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let inbox = Inbox::new();
    let server = Server::builder().store(inbox.clone()).build()?;

    let address = std::env::var("MAILCHUTE_HTTP").unwrap_or_else(|_| "127.0.0.1:8025".to_owned());
    let pages = Router::new().route("/{address}", get(wait_for)).with_state(inbox);
    let listener = TcpListener::bind(address).await?;
    println!("the inbox is at http://{}/", listener.local_addr()?);
    tokio::spawn(axum::serve(listener, pages).into_future());

    serve(server).await?;
    Ok(())
}
