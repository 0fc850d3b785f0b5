//! The server of the playground: the real one, with a store in memory and a few users and mailboxes.

use std::error::Error;
use std::time::Duration;

use mailchute::auth::Mechanism;
use mailchute::{Check, Message, Receipt, Refusal, Server, Session, Store, Verdict};

use super::tls::{HOSTNAME, Tls};

/// The user of the playground, and the password.
pub(crate) const USER: (&str, &str) = ("alice", "wonderland");

/// The largest message, so that SIZE can be tried.
const LARGEST: u64 = 64 * 1024;

/// How long the server waits for a visitor.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

const UNKNOWN: Refusal = Refusal::from_static(550, (5, 1, 1), "No such user here");
const FULL: Refusal = Refusal::from_static(452, (4, 2, 2), "Mailbox full, try again later");
const NO_RELAY: Refusal = Refusal::from_static(550, (5, 7, 1), "Relaying denied: log in first");

/// Reads messages. The conversation keeps those that were accepted.
struct Memory;

impl Store for Memory {
    async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        while message.chunk().await?.is_some() {}
        for (place, recipient) in message.envelope().recipients.iter().enumerate() {
            if recipient.as_str().starts_with("quota@") {
                message.refuse(place, FULL);
            }
        }
        Ok(Receipt::new(format!("Kept in memory as {}", message.id())))
    }
}

/// Builds the server of the playground.
pub(super) fn build(tls: &Tls) -> Result<Server, Box<dyn Error + Send + Sync>> {
    let server = Server::builder()
        .hostname(HOSTNAME)
        .tls(tls.server.clone())
        .mechanisms([Mechanism::Plain, Mechanism::Login])
        .max_message_size(LARGEST)
        .max_connections_per_client(usize::MAX)
        .command_timeout(PATIENCE)
        .data_timeout(PATIENCE)
        .on_auth(|credentials, _session| async move { Check::right_if(credentials.is(USER.0, USER.1)) })
        .on_rcpt_to(|to, session| async move {
            let user = to.as_str().split('@').next().unwrap_or_default().to_ascii_lowercase();
            if !to.is_local_to([HOSTNAME]) && !to.is_postmaster() && session.identity().is_none() {
                return Err(NO_RELAY);
            }
            match &*user {
                "nobody" => Err(UNKNOWN),
                "full" => Err(FULL),
                _ => Ok(Verdict::Accept),
            }
        })
        .store(Memory)
        .build()?;
    Ok(server)
}
