//! Limit how many recipients a sender may address per period, across connections and messages.
//!
//! A sender's allowance refills evenly. If users authenticate, use `session.identity()` as the sender.
//!
//! To try it, in another terminal:
//! ```sh
//! swaks --server 127.0.0.1:2525 --from alice@example.com --to a@home.example,b@home.example,c@home.example  # 250 2.6.0 Message accepted
//! swaks --server 127.0.0.1:2525 --from Alice@Example.com --to d@home.example  # 450 4.7.1 Too many recipients for now; 3 an hour are yours
//! swaks --server 127.0.0.1:2525 --from bob@example.com --to d@home.example  # 250 2.6.0 Message accepted
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mailchute::{Answer, Hooks, Recipient, Refusal, Server, Session, Verdict};
use mailchute_examples::{print_and_forget, serve};
use tokio::time::Instant;

const RECIPIENTS: u32 = 3;
const WHILE: Duration = Duration::from_secs(60 * 60);

/// When each sender has its full allowance again. A sender that is not here has it now.
#[derive(Default)]
struct Allowances(Mutex<HashMap<String, Instant>>);

impl Hooks for Allowances {
    async fn rcpt_to(&self, _to: &Recipient, session: &Session) -> Answer {
        let Some(envelope) = session.envelope() else { return Ok(Verdict::Accept) };
        let now = Instant::now();
        let mut full = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if full.len() >= 100_000 {
            full.retain(|_, full| *full > now);
        }
        let full = full.entry(envelope.sender.lookup_key()).or_insert(now);
        let later = (*full).max(now) + WHILE / RECIPIENTS;
        if later - now > WHILE {
            let text = format!("Too many recipients for now; {RECIPIENTS} an hour are yours");
            return Err(Refusal::new(450, (4, 7, 1), text));
        }
        *full = later;
        Ok(Verdict::Accept)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder().hooks(Allowances::default()).on_store(print_and_forget).build()?;

    serve(server).await?;
    Ok(())
}
