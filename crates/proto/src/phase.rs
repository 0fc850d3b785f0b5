//! The phases of a session, and the commands allowed in each (RFC 5321 §4.1.4).
//!
//! # Why
//!
//! The states are written down twice on purpose. This table runs; `crates/proto/tests/model/table.txt`, written from
//! the RFCs, checks it.

use crate::command::Verb;
use crate::extension::Extension;
use crate::offer::Offer;
use crate::protocol::Protocol;
use crate::reply::{Reply, catalog};
use crate::settings::{AuthPolicy, TlsPolicy};

/// The phase of a session between two commands. `mailchute::session::SessionPhase` is what statistics show of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The greeting was a refusal: only QUIT is allowed (RFC 5321 §3.1).
    TurnedAway,
    /// The client was greeted and must send EHLO, HELO or LHLO next, also again inside TLS.
    Greeted,
    /// Between transactions.
    Ready,
    /// MAIL was accepted, and so were `recipients`. Others may have been refused.
    Transaction { recipients: usize, any_refused: bool },
    /// Between two chunks of a message (RFC 3030).
    Chunks,
}

impl Phase {
    pub(crate) const NEW_TRANSACTION: Self = Self::Transaction { recipients: 0, any_refused: false };
}

/// Returns whether a client may send a command before it authenticates (RFC 4954 §6). XCLIENT may authenticate for
/// it, and HELP tells everyone the same.
fn is_for_anybody(verb: Verb) -> bool {
    use Verb::{Auth, Ehlo, Helo, Help, Lhlo, Noop, Quit, Rset, StartTls, Xclient, Xforward};
    matches!(verb, Auth | Ehlo | Helo | Help | Lhlo | Noop | Quit | Rset | StartTls | Xclient | Xforward)
}

/// Returns the refusal of a command that is out of order.
pub(crate) fn out_of_order(phase: Phase, verb: Verb, offer: Offer<'_>) -> Option<Reply> {
    let Offer { settings, facts, .. } = offer;
    use Phase::{Chunks, Greeted, Ready, Transaction, TurnedAway};
    let say_hello = match facts.connection.protocol {
        Protocol::Smtp => catalog::SAY_HELLO_FIRST,
        Protocol::Lmtp => catalog::SAY_LHLO_FIRST,
    };
    let lacks_tls = settings.tls == TlsPolicy::Required && !facts.connection.is_tls;
    let lacks_auth = settings.auth == AuthPolicy::Required && !facts.greeting.is_authenticated;
    Some(match (phase, verb) {
        (_, Verb::Quit) => return None,
        (TurnedAway, _) => catalog::SAY_QUIT,
        (_, Verb::Ehlo | Verb::Lhlo | Verb::Noop) => return None,
        (_, Verb::Xclient | Verb::Xforward) if !facts.connection.is_trusted => catalog::PROXY_NOT_TRUSTED,
        (Transaction { .. } | Chunks, Verb::Xclient | Verb::Xforward) => catalog::IN_TRANSACTION,
        (_, Verb::StartTls) if facts.connection.is_tls => catalog::TLS_ALREADY_ACTIVE,
        (_, Verb::StartTls) if settings.tls == TlsPolicy::Off || offer.lacks(Extension::StartTls) => {
            catalog::TLS_NOT_OFFERED
        }
        // Only a client that sent EHLO may use extensions.
        (_, Verb::StartTls) if !facts.greeting.is_extended => say_hello,
        (_, verb) if lacks_tls && !matches!(verb, Verb::StartTls | Verb::Xclient) => catalog::TLS_REQUIRED,
        (_, Verb::Auth) if settings.mechanisms.is_empty() || offer.lacks(Extension::Auth) => {
            catalog::AUTH_NOT_OFFERED
        }
        (_, Verb::Bdat) if offer.lacks(Extension::Chunking) => catalog::CHUNKING_NOT_OFFERED,
        (_, Verb::Auth | Verb::Bdat) if !facts.greeting.is_extended => say_hello,
        (Transaction { .. } | Chunks, Verb::Auth) => catalog::IN_TRANSACTION,
        (_, Verb::Auth) if facts.greeting.is_authenticated => catalog::ALREADY_AUTHENTICATED,
        (Greeted, Verb::Mail | Verb::Rcpt | Verb::Data) => say_hello,
        (_, verb) if lacks_auth && !is_for_anybody(verb) => catalog::AUTH_REQUIRED,
        (Transaction { .. } | Chunks, Verb::Mail) => catalog::NESTED_MAIL,
        (Chunks, Verb::Rcpt | Verb::Data) => catalog::IN_CHUNKS,
        (Ready, Verb::Rcpt | Verb::Data | Verb::Bdat) => catalog::NEED_MAIL,
        (Transaction { recipients: 0, any_refused: true }, Verb::Data | Verb::Bdat) => {
            match facts.connection.protocol {
                Protocol::Smtp => catalog::NO_VALID_RECIPIENTS,
                Protocol::Lmtp => catalog::NO_RECIPIENT_ACCEPTED,
            }
        }
        (Transaction { recipients: 0, .. }, Verb::Data | Verb::Bdat) => catalog::NEED_RCPT,
        (_, Verb::Data) if facts.transaction.is_binary => catalog::BINARY_NEEDS_BDAT,
        _ => return None,
    })
}
