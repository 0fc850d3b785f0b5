//! Slow a client down: three messages per minute, then `450`. A client that does not wait is disconnected.
//!
//! To try it, in another terminal:
//! ```sh
//! for n in 1 2 3; do swaks --server 127.0.0.1:2525 --to bob@example.com; done  # 250 2.6.0 Message accepted
//! swaks --server 127.0.0.1:2525 --to bob@example.com  # 450 4.7.1 Too many messages; come back in a minute
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mailchute::{Refusal, Server, Session};
use mailchute_examples::{print_and_forget, serve};
use tokio::sync::Mutex;

const MESSAGES_A_MINUTE: u32 = 3;

/// How many messages each client has begun in this minute, in all its sessions.
type Begun = Arc<Mutex<HashMap<IpAddr, u32>>>;

/// How often a session was told to come back later. The session itself stores it, by its type.
#[derive(Default)]
struct Warnings(u32);

async fn throttle(begun: Begun, session: Session) -> Result<(), Refusal> {
    let mut begun = begun.lock().await;
    let messages = begun.entry(session.client_ip()).or_default();
    if *messages < MESSAGES_A_MINUTE {
        *messages += 1;
        return Ok(());
    }
    let warnings = session.state().update(|Warnings(warnings)| {
        *warnings += 1;
        *warnings
    });
    if warnings > 2 {
        // A refusal of code 421 closes the connection.
        return Err(Refusal::new(421, (4, 7, 1), "You do not listen"));
    }
    Err(Refusal::new(450, (4, 7, 1), "Too many messages; come back in a minute"))
}

/// A new minute, a new count; so the map holds only the clients of one minute.
async fn forget_every_minute(begun: Begun) {
    loop {
        tokio::time::sleep(Duration::from_secs(60)).await;
        begun.lock().await.clear();
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let begun = Begun::default();
    tokio::spawn(forget_every_minute(Arc::clone(&begun)));

    let server = Server::builder()
        .on_mail_from(move |_from, session| throttle(Arc::clone(&begun), session))
        .on_store(print_and_forget)
        .build()?;

    serve(server).await?;
    Ok(())
}
