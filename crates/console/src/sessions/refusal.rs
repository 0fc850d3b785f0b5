//! Why something was refused, in plain words.

use std::fmt;
use std::time::Duration;

use mailchute::syntax::escaped;

use super::advice;
use super::explain::{self, Meaning};
use super::record::Refused;

/// A refusal, as people ask about it.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// The number of its record.
    pub(crate) record: u64,
    /// The command that was refused. `None` if it was the connection, or a command that is not kept.
    pub(crate) command: Option<String>,
    /// The message whose content was refused.
    pub(crate) message: Option<String>,
    /// The reply, with its lines.
    pub(crate) reply: String,
    pub(crate) refuser: Refuser,
    /// The cause, which the client does not see.
    pub(crate) cause: Option<String>,
    pub(crate) took: Option<Duration>,
    /// The meaning of the codes of the reply.
    pub(crate) meaning: Option<Meaning>,
    /// Advice to the reader.
    pub(crate) advice: &'static str,
    /// Whether the client may try again.
    pub(crate) is_temporary: bool,
}

/// The part that refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refuser {
    /// The server itself.
    Server,
    /// By its type or its method, as the events name it.
    Hook(String),
    Filter(String),
    Store(String),
    Authenticator(String),
    /// The last stage has filters and the store, and the name tells nothing.
    FilterOrStore(String),
}

impl Refuser {
    pub(super) fn of(refused: &Refused<'_>) -> Self {
        let name = refused.hook.to_owned();
        match refused.hook {
            "" => Self::Server,
            "on_store" => Self::Store(name),
            "on_message" => Self::Filter(name),
            "on_auth" => Self::Authenticator(name),
            hook if hook.starts_with("on_") => Self::Hook(name),
            hook if hook.starts_with("mailchute_stores::") => Self::Store(name),
            hook if hook.starts_with("mailchute_filters::") => Self::Filter(name),
            _ if refused.is_of_message() => Self::FilterOrStore(name),
            _ => Self::Hook(name),
        }
    }

    /// Returns the kind in one word, for programs.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Hook(_) => "hook",
            Self::Filter(_) => "filter",
            Self::Store(_) => "store",
            Self::Authenticator(_) => "authenticator",
            Self::FilterOrStore(_) => "filter-or-store",
        }
    }

    /// Returns the name as the events have it.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Server => None,
            Self::Hook(name)
            | Self::Filter(name)
            | Self::Store(name)
            | Self::Authenticator(name)
            | Self::FilterOrStore(name) => Some(name),
        }
    }
}

impl fmt::Display for Refuser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server => f.write_str("the server itself"),
            Self::Hook(name) => write!(f, "the hook {}", short(name)),
            Self::Filter(name) => write!(f, "the filter {}", short(name)),
            Self::Store(name) => write!(f, "the store {}", short(name)),
            Self::Authenticator(name) => write!(f, "the authenticator {}", short(name)),
            Self::FilterOrStore(name) => write!(f, "the filter or store {}", short(name)),
        }
    }
}

/// Returns the last name of the path of a type, without its parameters.
fn short(name: &str) -> &str {
    let path = name.split('<').next().unwrap_or(name);
    path.rsplit("::").next().unwrap_or(path)
}

impl Refusal {
    pub(super) fn of(record: u64, refused: &Refused<'_>, command: Option<&str>) -> Self {
        let command = command.filter(|_| refused.message.is_none() && refused.stage != "connect");
        let lines: Vec<_> = refused.reply.split("\r\n").map(|line| escaped(line.as_bytes())).collect();
        let meanings = explain::reply(refused.reply, command);
        Self {
            record,
            command: command.map(str::to_owned),
            message: refused.message.map(|(id, _)| id.to_owned()),
            reply: lines.join("\n"),
            refuser: Refuser::of(refused),
            cause: Some(refused.cause)
                .filter(|cause| !cause.is_empty())
                .map(|cause| escaped(cause.as_bytes())),
            took: refused.took.map(Duration::from_micros),
            meaning: meanings.into_iter().next().flatten(),
            advice: advice::of(refused),
            is_temporary: refused.reply.starts_with('4'),
        }
    }
}
