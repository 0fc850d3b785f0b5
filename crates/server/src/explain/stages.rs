//! Explanations of stages and phases.

use mailchute_proto::explain::Explanation;

use crate::events::Stage;
use crate::session::SessionPhase;

/// Explains the stage at which something was refused, or at which a hook was asked.
#[must_use]
pub fn stage(stage: Stage) -> Explanation {
    let (title, text, clause) = match stage {
        Stage::Connect => (
            "At the connection",
            "The client has connected. The server knows its address and nothing else.",
            "RFC 5321 §3.1",
        ),
        Stage::StartTls => {
            ("At STARTTLS", "The client has asked for TLS. The handshake has not begun.", "RFC 3207 §4")
        }
        Stage::Secure => (
            "After the TLS handshake",
            "The connection is encrypted now. The server knows the name that the client asked for, and its \
             certificate if it has one.",
            "RFC 3207 §4.2",
        ),
        Stage::Ehlo => {
            ("At the greeting", "The client has said what its host is called.", "RFC 5321 §4.1.1.1")
        }
        Stage::Auth => ("At the login", "The client has tried to prove who it is.", "RFC 4954 §4"),
        Stage::MailFrom => (
            "At the sender",
            "The client has named the sender of a message. Recipients and message are not known yet.",
            "RFC 5321 §4.1.1.2",
        ),
        Stage::RcptTo => (
            "At a recipient",
            "The client has named a recipient. A refusal here is about this recipient only.",
            "RFC 5321 §4.1.1.3",
        ),
        Stage::Data => (
            "Before the message",
            "The client wants to send the message. Its envelope is known, its content is not.",
            "RFC 5321 §4.1.1.4",
        ),
        Stage::Message => (
            "At the message",
            "The server has read the message and decides on it as a whole.",
            "RFC 5321 §4.1.1.4",
        ),
        Stage::Command => (
            "At another command",
            "The line is none of the commands that carry a message.",
            "RFC 5321 §4.1.1",
        ),
        Stage::Disconnect => ("At the end", "The session is over.", "RFC 5321 §4.1.1.10"),
    };
    Explanation::new(title, text, clause)
}

/// Explains the phase that a session is in, and what the client may do next.
#[must_use]
pub fn phase(phase: SessionPhase) -> Explanation {
    let (title, text, clause) = match phase {
        SessionPhase::Connected => (
            "Waiting for the greeting",
            "The client must introduce itself next: by EHLO or HELO, or in LMTP by LHLO.",
            "RFC 5321 §4.1.4",
        ),
        SessionPhase::Ready => (
            "Ready for a message",
            "The client may begin a message by MAIL, log in by AUTH, encrypt by STARTTLS, or leave by QUIT.",
            "RFC 5321 §4.1.4",
        ),
        SessionPhase::Transaction => (
            "Inside a message",
            "The sender is known. The client adds recipients by RCPT, sends the message by DATA, or starts over by \
             RSET.",
            "RFC 5321 §3.3",
        ),
        SessionPhase::Message => (
            "Receiving the message",
            "The message itself comes in, or the server decides on it. The client waits for the reply after its end.",
            "RFC 5321 §4.1.1.4",
        ),
        SessionPhase::Over => ("Over", "The session has ended.", "RFC 5321 §4.1.1.10"),
    };
    Explanation::new(title, text, clause)
}
