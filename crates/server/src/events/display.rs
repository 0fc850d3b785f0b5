//! Events as a line for people.

use std::fmt;

use mailchute_proto::escaped;

use super::event::Event;

/// Writes the session's id and what happened on one line. The time is left out, and the client's control
/// characters are escaped.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(session) = self.session() {
            write!(f, "{} ", session.id())?;
        }
        match self {
            Self::Connect { session, .. } => write!(f, "connect from {}", session.origin()),
            Self::TurnedAway { client, .. } => write!(f, "turned away {client}"),
            Self::Disconnect { cause, .. } => write!(f, "disconnect: {cause}"),
            Self::Secure { tls, .. } => write!(f, "secure: {} {}", tls.version, tls.cipher),
            Self::HandshakeFailed { cause, .. } => {
                write!(f, "handshake failed: {}", escaped(cause.as_bytes()))
            }
            Self::Command { line, .. } => write!(f, "command: {line}"),
            Self::Ehlo { name, .. } => write!(f, "hello from {}", escaped(name.as_str().as_bytes())),
            Self::Auth { mechanism, identity, succeeded, .. } => {
                let outcome = if *succeeded { "succeeded" } else { "failed" };
                match identity {
                    Some(identity) => {
                        write!(f, "auth {mechanism} as {} {outcome}", escaped(identity.as_bytes()))
                    }
                    None => write!(f, "auth {mechanism} {outcome}"),
                }
            }
            Self::Mail { sender, .. } => write!(f, "mail from <{}>", escaped(sender.as_str().as_bytes())),
            Self::Rcpt { recipient, .. } => {
                write!(f, "rcpt to <{}>", escaped(recipient.as_str().as_bytes()))
            }
            Self::DataChunk { chunk, .. } => write!(f, "data: {} bytes", chunk.len()),
            Self::Finding { finding, .. } => write!(f, "found {finding}"),
            Self::Message { id, size, .. } => write!(f, "message {id}: {size} bytes"),
            Self::Refused { stage, hook, reply, cause, took, .. } => {
                write!(f, "refused {stage}")?;
                if let Some(hook) = hook {
                    write!(f, " by {hook}")?;
                }
                if let Some(took) = took {
                    write!(f, " after {:.3} s", took.as_secs_f64())?;
                }
                write!(f, ": {}", reply.to_string().trim_end())?;
                match cause {
                    Some(cause) => write!(f, " ({})", escaped(cause.as_bytes())),
                    None => Ok(()),
                }
            }
            Self::Reply { reply, .. } => write!(f, "reply: {}", reply.to_string().trim_end()),
            Self::Missed { count, ended, more_ended, .. } => {
                write!(f, "missed {count} events")?;
                match ended.len() as u64 + more_ended {
                    0 => Ok(()),
                    sessions => write!(f, ", with the end of {sessions} sessions"),
                }
            }
        }
    }
}
