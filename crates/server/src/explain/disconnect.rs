//! Explanations of the ends of sessions.

use mailchute_proto::explain::Explanation;

use crate::session::disconnect::Disconnect;

/// Explains why a session ended.
#[must_use]
pub fn disconnect(cause: Disconnect) -> Explanation {
    let (title, text, clause) = match cause {
        Disconnect::Quit => (
            "Ended as agreed",
            "The client sent QUIT, and the server said goodbye. This is how a session should end.",
            "RFC 5321 §4.1.1.10",
        ),
        Disconnect::ClientGone => (
            "The client is gone",
            "The connection was closed or lost without QUIT. A message that was not answered by 250 was not accepted, \
             so the client sends it again.",
            "RFC 5321 §4.1.1.5",
        ),
        Disconnect::Timeout => (
            "Nothing came for too long",
            "The client was silent, or too slow, for longer than the server waits. The client connects again and \
             sends what was not accepted.",
            "RFC 5321 §4.5.3.2",
        ),
        Disconnect::Refused => (
            "The client is not welcome",
            "A rule of the server refused the connection itself, before any message. The refusal says why.",
            "RFC 5321 §3.1",
        ),
        Disconnect::Hook => (
            "A rule closed the connection",
            "A hook or filter of the server hung up. Its reply, if it gave one, says why.",
            "RFC 5321 §3.8",
        ),
        Disconnect::Limit => (
            "A limit was reached",
            "The client made too many errors, guessed too many passwords, sent too many messages, or a line without \
             end. It may connect again.",
            "RFC 5321 §7.8",
        ),
        Disconnect::Violation => (
            "The client broke the rules",
            "What the client sent makes the rest of the session uncertain, so the server stops. An attack does this, or \
             a program for another protocol.",
            "RFC 5321 §7.8",
        ),
        Disconnect::TlsFailure => (
            "TLS failed",
            "Client and server found no common way to encrypt, or one did not trust the certificate of the other. \
             Look at the cause that stands before.",
            "RFC 3207 §4.1",
        ),
        Disconnect::Shutdown => (
            "The server stops",
            "The server is being stopped or replaced. The client connects again and sends what was not accepted.",
            "RFC 5321 §3.8",
        ),
        Disconnect::Closed => (
            "The server's program closed it",
            "The program that the server is part of ended this session.",
            "RFC 5321 §3.8",
        ),
    };
    Explanation::new(title, text, clause)
}
