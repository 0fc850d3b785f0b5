//! The events of a conversation, as far as lessons ask about them.

use mailchute::command::Verb;
use mailchute::events::Event;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact {
    /// The server replied. `to` is the verb that it replies to, and `None` for the content of a message or an AUTH
    /// exchange.
    Reply { to: Option<Verb>, code: u16, enhanced: Option<String> },
    /// The client named a sender, in the form `<address>`, and perhaps a size.
    Sender { path: String, has_size: bool },
    /// TLS is up.
    Tls,
    /// A login was decided.
    Auth { mechanism: String, succeeded: bool },
    /// A message was accepted.
    Message { recipients: usize, content: Vec<u8>, is_chunked: bool },
    /// That many commands of one input were answered together.
    Together(usize),
    /// The session is over.
    Ended,
}

impl Fact {
    /// Returns the fact that an event tells, if it is one without the context of the conversation.
    pub(super) fn of(event: &Event) -> Option<Self> {
        Some(match event {
            Event::Mail { sender, .. } => Self::Sender {
                path: format!("<{}>", sender.as_str()),
                has_size: sender.parameters().size.is_some(),
            },
            Event::Secure { .. } => Self::Tls,
            Event::Auth { mechanism, succeeded, .. } => {
                Self::Auth { mechanism: mechanism.to_string(), succeeded: *succeeded }
            }
            Event::Disconnect { .. } => Self::Ended,
            _ => return None,
        })
    }
}
