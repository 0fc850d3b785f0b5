//! A help desk: mail to `help@` opens a ticket in a database, and an answer to `help+7@` is added to ticket 7.
//!
//! To try it, in another terminal:
//! ```sh
//! swaks --server 127.0.0.1:2525 --from alice@home.example --to help@example.com --body 'It is broken'  # 250 2.6.0 Ticket 1: write to help+1@example.com
//! swaks --server 127.0.0.1:2525 --from alice@home.example --to help+1@example.com --body 'Now it burns'  # 250 2.6.0 Ticket 1: write to help+1@example.com
//! swaks --server 127.0.0.1:2525 --from eve@home.example --to help+1@example.com  # 550 5.1.1 You have no such ticket
//! python3 -c 'import sqlite3; print(*sqlite3.connect("desk.db").execute("SELECT ticket, sender FROM letters"))'  # (1, 'alice@home.example') (1, 'alice@home.example')
//! ```

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use mailchute::{Answer, Hooks, Message, Receipt, Recipient, Refusal, Server, Session, Store, Verdict};
use mailchute_examples::serve;
use rusqlite::Connection;
use tokio::task::spawn_blocking;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS letters (ticket INTEGER, sender TEXT, content BLOB)";
const IS_THEIRS: &str = "SELECT EXISTS (SELECT 1 FROM letters WHERE ticket = ?1 AND sender = ?2)";
/// A new ticket has the next number.
const KEEP: &str = "INSERT INTO letters VALUES
    (coalesce(?1, (SELECT coalesce(max(ticket), 0) + 1 FROM letters)), ?2, ?3) RETURNING ticket";
const NO_SUCH_TICKET: Refusal = Refusal::from_static(550, (5, 1, 1), "You have no such ticket");

struct Desk(Arc<Mutex<Connection>>);

impl Desk {
    /// Runs a query on a thread that may wait for the disk.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let desk = Arc::clone(&self.0);
        let ask = move || question(&desk.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(spawn_blocking(ask).await??)
    }
}

/// The number in `help+7`; `None` for `help`.
fn ticket(to: &Recipient) -> Result<Option<i64>, Refusal> {
    let number = to.subaddress('+').filter(|(user, _)| user == "help").map(|(_, number)| number.parse());
    match number {
        Some(number) if to.domain_is("example.com") => number.map(Some).map_err(|_| NO_SUCH_TICKET),
        None if to.as_str().eq_ignore_ascii_case("help@example.com") => Ok(None),
        _ => Err(Refusal::new(550, (5, 1, 1), "No such user here")),
    }
}

impl Hooks for Desk {
    async fn rcpt_to(&self, to: &Recipient, session: &Session) -> Answer {
        let Some(ticket) = ticket(to)? else { return Ok(Verdict::Accept) };
        let sender = session.envelope().map(|envelope| envelope.sender.as_str().to_owned());
        let row = (ticket, sender);
        let is_theirs = self.ask(move |desk| desk.query_row(IS_THEIRS, row, |row| row.get(0))).await?;
        if is_theirs { Ok(Verdict::Accept) } else { Err(NO_SUCH_TICKET) }
    }
}

impl Store for Desk {
    async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        let content = message.bytes().await?;
        let sender = message.envelope().sender.as_str().to_owned();
        let row = (ticket(&message.envelope().recipients[0])?, sender, content.to_vec());
        let ticket: i64 = self.ask(move |desk| desk.query_row(KEEP, row, |row| row.get(0))).await?;
        Ok(Receipt::new(format!("Ticket {ticket}: write to help+{ticket}@example.com")))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let database = Connection::open("desk.db")?;
    database.execute(TABLE, ())?;
    let desk = Arc::new(Desk(Arc::new(Mutex::new(database))));
    let server = Server::builder().max_recipients(1).hooks(Arc::clone(&desk)).store(desk).build()?;
    serve(server).await?;
    Ok(())
}
