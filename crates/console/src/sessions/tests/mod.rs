//! Real sessions, through the library, as they are kept and shown.

mod bounds;
mod hostile;
mod refusals;
mod rows;

use mailchute::{Server, Verdict, testing};

use super::row::{Row, Speaker};
use super::{Filter, Sessions, Transcript};

/// A server that takes mail for example.com.
fn server() -> Server {
    Server::builder()
        .hostname("mx.example.com")
        .on_rcpt_to(|to, _| async move { Verdict::accept_if(to.is_local_to(["example.com"])) })
        .store(testing::Inbox::new())
        .build()
        .unwrap()
}

/// The session that began last.
fn newest(sessions: &Sessions) -> Transcript {
    let listing = sessions.list(&Filter::default(), None, 1);
    sessions.get(listing.sessions.first().expect("a session has begun").id).expect("it is kept")
}

/// The session that began last, after its end.
async fn ended(sessions: &Sessions) -> Transcript {
    let mut transcript = newest(sessions);
    while transcript.summary.is_open {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        transcript = newest(sessions);
    }
    transcript
}

/// A row in short: who, text, bytes.
fn short(row: &Row) -> String {
    let who = match row.speaker {
        Speaker::Client => "C",
        Speaker::Content => "C (content)",
        Speaker::Server => "S",
        Speaker::Note => "*",
    };
    let bytes = row.bytes.map(|bytes| format!(" [{bytes}]")).unwrap_or_default();
    format!("{who} {}{bytes}", row.text)
}

/// The rows without those of a reply to EHLO, and with `ID` for the session.
fn rows(transcript: &Transcript) -> Vec<String> {
    let id = transcript.summary.id.to_string();
    let rows = transcript.rows.iter().filter(|row| !row.text.starts_with("250-"));
    rows.map(|row| short(row).replace(&id, "ID")).collect()
}
