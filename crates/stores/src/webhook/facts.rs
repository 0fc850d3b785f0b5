//! The facts of a message that the application learns besides its content.

use std::time::{SystemTime, UNIX_EPOCH};

use mailchute::{Message, Session};

/// Names and values, in their order. A header has the name as it is; JSON has `_` instead of `-`.
#[derive(Debug, Clone)]
pub(super) struct Facts(Vec<(&'static str, Fact)>);

#[derive(Debug, Clone)]
pub(super) enum Fact {
    Text(String),
    Number(u64),
}

impl Facts {
    /// Reads the facts of a message that came at `time`.
    pub(super) fn of(message: &Message, session: &Session, time: SystemTime) -> Self {
        let text = |name, value: Option<String>| value.map(|value| (name, Fact::Text(value)));
        let client = (!session.is_over_unix_socket()).then(|| session.client_ip().to_string());
        let tls = session.tls();
        let facts = [
            text("message", Some(message.id().to_string())),
            Some(("time", Fact::Number(seconds(time)))),
            text("client", client),
            text("client-name", session.client_name().map(|name| name.to_string())),
            text("helo", session.helo_name().map(|name| name.as_str().to_owned())),
            text("protocol", Some(session.transmission_type().to_string())),
            text("tls", tls.as_ref().map(|tls| tls.version.to_string())),
            text("tls-cipher", tls.as_ref().map(|tls| tls.cipher.to_owned())),
            text("user", session.identity().map(|user| user.to_string())),
            text("listener", session.listener().map(str::to_owned)),
            text("directory", message.directory().map(|directory| directory.to_string())),
        ];
        Self(facts.into_iter().flatten().collect())
    }

    /// The id of the message in the log.
    pub(super) fn message(&self) -> &str {
        match self.0.first() {
            Some((_, Fact::Text(message))) => message,
            _ => "",
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Fact)> {
        self.0.iter().map(|(name, fact)| (*name, fact))
    }
}

/// Returns the seconds since 1970.
pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
