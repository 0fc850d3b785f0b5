//! Events as JSON and the like, by serde. `docs/guide/events.md` lists the keys.
//!
//! # Why
//!
//! The keys are those of the log where it says the same, so one reader understands both. They are written here by hand:
//! a field that is renamed or added in the code must not change what monitors read.

use std::fmt::Display;
use std::time::SystemTime;

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::event::Event;

/// A value that is serialized as the text that it prints.
struct Text<T>(T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A time in UTC, as RFC 3339 has it, with microseconds. One that no calendar has is the beginning of 1970.
fn rfc_3339(time: SystemTime) -> String {
    format!("{:.6}", Timestamp::try_from(time).unwrap_or_default())
}

/// One flat map; the guide lists its keys, which stay. With the feature `serde` only.
///
/// ```
/// use mailchute::{Server, testing};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::builder().store(testing::Inbox::new()).build()?;
/// let mut events = server.events();
/// let mut client = testing::connect(&server).open();
/// client.greeting().await.expect(220);
/// let event = events.next().await.expect("a session has begun");
/// let json = serde_json::to_string(&event)?;
/// assert!(json.contains(r#""event":"connect""#), "{json}");
/// # Ok(())
/// # }
/// ```
impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("time", &rfc_3339(self.time()))?;
        map.serialize_entry("event", self.kind().name())?;
        if let Some(session) = self.session() {
            map.serialize_entry("session", &Text(session.id()))?;
            map.serialize_entry("client", &Text(session.origin()))?;
        }
        match self {
            Self::Connect { session, .. } => {
                let peer = session.peer_addr();
                if peer != session.client_addr() {
                    map.serialize_entry("proxy", &Text(peer))?;
                }
            }
            Self::TurnedAway { client, .. } => map.serialize_entry("client", &Text(client))?,
            Self::Disconnect { session, cause, .. } => {
                map.serialize_entry("cause", &Text(cause))?;
                map.serialize_entry("messages", &session.messages())?;
            }
            Self::Secure { tls, .. } => {
                map.serialize_entry("version", tls.version.name())?;
                map.serialize_entry("cipher", tls.cipher)?;
                if let Some(name) = &tls.sni {
                    map.serialize_entry("sni", name)?;
                }
                map.serialize_entry("resumed", &tls.is_resumed)?;
                if let Some(client) = &tls.client {
                    if let Some(name) = client.name() {
                        map.serialize_entry("client_certificate", name)?;
                    }
                    map.serialize_entry("client_verified", &client.is_verified())?;
                }
            }
            Self::HandshakeFailed { cause, .. } => map.serialize_entry("error", cause)?,
            Self::Command { line, .. } => map.serialize_entry("command", line)?,
            Self::Ehlo { name, .. } => map.serialize_entry("helo", name.as_str())?,
            Self::Auth { mechanism, identity, succeeded, .. } => {
                map.serialize_entry("mechanism", &Text(mechanism))?;
                if let Some(identity) = identity {
                    map.serialize_entry("user", identity)?;
                }
                map.serialize_entry("succeeded", succeeded)?;
            }
            Self::Mail { sender, .. } => map.serialize_entry("from", sender.as_str())?,
            Self::Rcpt { recipient, .. } => map.serialize_entry("to", recipient.as_str())?,
            Self::DataChunk { chunk, .. } => map.serialize_entry("size", &chunk.len())?,
            Self::Finding { finding, .. } => {
                map.serialize_entry("check", finding.check())?;
                map.serialize_entry("result", finding.result())?;
            }
            Self::Message { id, envelope, size, .. } => {
                map.serialize_entry("message", &Text(id))?;
                map.serialize_entry("from", envelope.sender.as_str())?;
                let to: Vec<_> = envelope.recipients.iter().map(mailchute_proto::Recipient::as_str).collect();
                map.serialize_entry("to", &to)?;
                map.serialize_entry("size", size)?;
            }
            Self::Refused { stage, hook, reply, cause, took, message, .. } => {
                map.serialize_entry("stage", stage.name())?;
                map.serialize_entry("reply", &Text(reply))?;
                if let Some(hook) = hook {
                    map.serialize_entry("hook", hook)?;
                }
                if let Some(took) = took {
                    map.serialize_entry("took", &took.as_secs_f64())?;
                }
                if let Some(cause) = cause {
                    map.serialize_entry("error", cause)?;
                }
                if let Some((id, size)) = message {
                    map.serialize_entry("message", &Text(id))?;
                    map.serialize_entry("size", size)?;
                }
            }
            Self::Reply { reply, .. } => map.serialize_entry("reply", &Text(reply))?,
            Self::Missed { count, ended, more_ended, .. } => {
                map.serialize_entry("count", count)?;
                let ended: Vec<_> = ended.iter().map(Text).collect();
                map.serialize_entry("ended", &ended)?;
                map.serialize_entry("more_ended", more_ended)?;
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests;
