//! Greylisting: ask a new sender to come back a little later, which spammers seldom do.
//!
//! To try it, in another terminal:
//! ```sh
//! swaks --server 127.0.0.1:2525 --from new@home.example --to bob@example.com  # 451 4.7.1 Greylisted; come back in a moment
//! sleep 2; swaks --server 127.0.0.1:2525 --from new@home.example --to bob@example.com  # 250 2.6.0 Message accepted
//! swaks --server 127.0.0.1:2525 --from new@home.example --to carol@example.com  # 250 2.6.0 Message accepted
//! swaks --server 127.0.0.1:2525 --from new@home.example --to bob@elsewhere.example  # 550 5.1.1 Recipient address rejected
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mailchute::{Answer, Hooks, Recipient, Refusal, Server, Session, Verdict};
use mailchute_examples::{print_and_forget, serve};
use tokio::time::Instant;

/// A real server waits some minutes.
const DELAY: Duration = Duration::from_secs(1);
const MEMORY: Duration = Duration::from_secs(36 * 60 * 60);
const MOST: usize = 100_000;

/// When and from which network a sender first came.
#[derive(Default)]
struct Greylist(Mutex<HashMap<(IpAddr, String), Instant>>);

impl Hooks for Greylist {
    async fn rcpt_to(&self, _to: &Recipient, session: &Session) -> Answer {
        let sender = session.envelope().map(|envelope| envelope.sender.lookup_key());
        let now = Instant::now();
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if first.len() >= MOST {
            first.retain(|_, came| now - *came < MEMORY);
        }
        // If the memory is full, mail is accepted.
        if first.len() >= MOST {
            return Ok(Verdict::Accept);
        }
        let came = *first.entry((session.client_ip(), sender.unwrap_or_default())).or_insert(now);
        if now - came >= DELAY {
            return Ok(Verdict::Accept);
        }
        Err(Refusal::new(451, (4, 7, 1), "Greylisted; come back in a moment"))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder()
        // This hook comes first, so that an attempt to relay is not remembered.
        .on_rcpt_to(|to, _session| async move { Verdict::accept_if(to.is_local_to(["example.com"])) })
        .hooks(Greylist::default())
        .on_store(print_and_forget)
        .build()?;

    serve(server).await?;
    Ok(())
}
