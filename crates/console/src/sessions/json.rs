//! Sessions as JSON.
//!
//! # Why
//!
//! The keys are those of the log and of the library's events where they say the same. They are written here by hand: a
//! field that is renamed in the code must not change what programs read.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use mailchute::session::Protocol;
use mailchute::syntax::escaped;
use mailchute::tls::{ClientCertificate, TlsFacts};
use serde::ser::{Serialize, Serializer};
use serde_json::{Value, json};

use super::explain::Meaning;
use super::list::Listing;
use super::refusal::Refusal;
use super::row::{Row, Speaker};
use super::summary::Summary;
use super::transcript::Transcript;

/// A time in UTC, as RFC 3339 has it, with microseconds.
fn time(time: SystemTime) -> String {
    format!("{:.6}", Timestamp::try_from(time).unwrap_or_default())
}

/// Seconds, with microseconds.
#[allow(clippy::cast_precision_loss, reason = "a session does not last for centuries")]
fn seconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e6
}

impl Summary {
    fn json(&self) -> Value {
        json!({
            "id": self.id.to_string(),
            "time": time(self.began),
            "duration": seconds(self.duration),
            "protocol": if self.protocol == Protocol::Lmtp { "LMTP" } else { "SMTP" },
            "client": self.client,
            "proxy": self.proxy,
            "listener": self.listener,
            "tls": self.tls,
            "user": self.user,
            "helo": self.helo,
            "from": self.sender,
            "to": self.recipients,
            "more_recipients": self.more_recipients,
            "messages": self.messages,
            "refusals": self.refusals,
            "tls_failed": self.has_failed_handshake,
            "refused": self.refused,
            "open": self.is_open,
            "cause": self.end,
        })
    }
}

impl Serialize for Summary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(serializer)
    }
}

impl Serialize for Listing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let state = &self.state;
        let turned_away = state.turned_away.map(|turned_away| {
            json!({
                "count": turned_away.count,
                "last_client": turned_away.client.to_string(),
                "last_time": time(turned_away.time),
            })
        });
        json!({
            "sessions": self.sessions,
            "has_more": self.has_more,
            "kept": state.kept,
            "open": state.open,
            "evicted": state.evicted,
            "bytes": state.held_bytes,
            "missed_events": state.missed,
            "missed_at": state.missed_at.map(time),
            "turned_away": turned_away,
        })
        .serialize(serializer)
    }
}

/// The session with its rows. The keys of [`Summary`] are next to them.
impl Serialize for Transcript {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = self.summary.json();
        json["server"] = self.local.map(|local| local.to_string()).into();
        json["tls"] = self.tls.as_deref().map_or(Value::Null, tls);
        json["whole"] = (self.is_whole && self.dropped == 0).into();
        json["refused"] = self.refusals.iter().map(refusal).collect();
        json["rows"] = self.rows.iter().map(row).collect();
        json.serialize(serializer)
    }
}

fn tls(facts: &TlsFacts) -> Value {
    let client = facts.client.as_deref();
    json!({
        "version": facts.version.name(),
        "cipher": facts.cipher,
        "sni": facts.sni,
        "resumed": facts.is_resumed,
        "client_certificate": client.and_then(ClientCertificate::name).map(|name| escaped(name.as_bytes())),
        "client_verified": client.map(ClientCertificate::is_verified),
    })
}

fn row(row: &Row) -> Value {
    json!({
        "record": row.record,
        "at": seconds(row.at),
        "since_last": seconds(row.since_last),
        "speaker": match row.speaker {
            Speaker::Client => "client",
            Speaker::Content => "content",
            Speaker::Server => "server",
            Speaker::Note => "note",
        },
        "text": row.text,
        "bytes": row.bytes,
        "refusal": row.is_refusal,
        "explanations": row.meanings.iter().map(meaning).collect::<Vec<_>>(),
    })
}

fn meaning(meaning: &Meaning) -> Value {
    json!({
        "part": Some(&meaning.part).filter(|part| !part.is_empty()),
        "title": meaning.explanation.title,
        "text": meaning.explanation.text,
        "clause": meaning.explanation.clause,
        "link": meaning.explanation.link(),
    })
}

fn refusal(refusal: &Refusal) -> Value {
    json!({
        "command": refusal.command,
        "message": refusal.message,
        "reply": refusal.reply,
        "temporary": refusal.is_temporary,
        "by": refusal.refuser.kind(),
        "hook": refusal.refuser.name(),
        "took": refusal.took.map(seconds),
        "error": refusal.cause,
        "advice": refusal.advice,
        "explanation": refusal.meaning.as_ref().map(meaning),
    })
}
