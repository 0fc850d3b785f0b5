//! The usual enhanced status code for a reply code.
//!
//! # Why
//!
//! The codes come from the catalog where it has the reply, so that no code stands twice.

use crate::command::Verb;
use crate::reply::{Code, Enhanced, Reply, Severity, catalog};

impl Enhanced {
    /// Returns the usual enhanced code for a reply code and the command that is answered, for replies of other programs
    /// that have none. It is that of Mailchute's [own reply](crate::reply::catalog) where there is one, and `x.0.0` where nothing
    /// more is known.
    ///
    /// `verb` is `None` for the greeting, and [`Verb::Data`] or [`Verb::Bdat`] for a message. The result is `None` for a
    /// 3yz, which carries no enhanced code (RFC 2034 §3), and for a number that is not a reply code.
    ///
    /// ```
    /// use mailchute_proto::{Enhanced, Verb};
    ///
    /// assert_eq!(Enhanced::usual(550, Verb::Rcpt), Some(Enhanced::new(5, 1, 1)));
    /// assert_eq!(Enhanced::usual(550, Verb::Mail), Some(Enhanced::new(5, 7, 1)));
    /// assert_eq!(Enhanced::usual(459, None), Some(Enhanced::new(4, 0, 0)));
    /// assert_eq!(Enhanced::usual(354, Verb::Data), None);
    /// ```
    #[must_use]
    pub fn usual(code: u16, verb: impl Into<Option<Verb>>) -> Option<Self> {
        let verb = verb.into();
        let class = match Code::new(code)?.severity() {
            Severity::Completed => 2,
            Severity::Intermediate => return None,
            Severity::Transient => 4,
            Severity::Permanent => 5,
        };
        if let Some(standard) = standard(verb).iter().find(|reply| reply.code().get() == code) {
            return standard.enhanced();
        }
        Some(match (code, verb) {
            (251, _) => return catalog::RECIPIENT_OK.enhanced(),
            // RFC 5321 §4.2.3: the mailbox is busy, or the server cannot take the parameters.
            (450, Some(Verb::Rcpt)) => Self::new(4, 2, 1),
            (455, _) => Self::new(4, 5, 4),
            // RFC 7504: the host, or the domain of the recipient, takes no mail.
            (521, _) => Self::new(5, 3, 2),
            (556, _) => Self::new(5, 1, 10),
            // RFC 4954 §6: the mechanism is too weak.
            (534, _) => Self::new(5, 7, 9),
            (551, _) => Self::new(5, 1, 6),
            (553, Some(Verb::Mail)) => return catalog::BAD_SENDER.enhanced(),
            (553, Some(Verb::Rcpt)) => return catalog::BAD_RECIPIENT.enhanced(),
            // RFC 5321 §4.2.3: the mailbox is full.
            (552, Some(Verb::Rcpt)) => Self::new(5, 2, 2),
            _ => {
                let standard = ANYWHERE.iter().find(|reply| reply.code().get() == code);
                return standard.map_or(Some(Self::new(class, 0, 0)), Reply::enhanced);
            }
        })
    }
}

/// Returns the standard replies to a command, before those that any command may get.
fn standard(verb: Option<Verb>) -> &'static [Reply] {
    static GREETING: [Reply; 1] = [catalog::CONNECTION_REFUSED];
    static MAIL: [Reply; 3] = [catalog::SENDER_OK, catalog::SENDER_REFUSED, catalog::BAD_SENDER];
    static RCPT: [Reply; 4] = [
        catalog::RECIPIENT_OK,
        catalog::RECIPIENT_REFUSED,
        catalog::TOO_MANY_RECIPIENTS,
        catalog::BAD_RECIPIENT,
    ];
    static MESSAGE: [Reply; 2] = [catalog::MESSAGE_ACCEPTED, catalog::MESSAGE_REFUSED];
    match verb {
        None => &GREETING,
        Some(Verb::Mail) => &MAIL,
        Some(Verb::Rcpt) => &RCPT,
        Some(Verb::Data | Verb::Bdat) => &MESSAGE,
        Some(_) => &[],
    }
}

/// The standard replies with the usual enhanced code of their reply code, after any command.
static ANYWHERE: [Reply; 21] = [
    catalog::OK,
    catalog::CANNOT_VERIFY,
    catalog::HELP,
    catalog::READY_FOR_TLS,
    catalog::GOODBYE,
    catalog::AUTHENTICATED,
    catalog::SHUTTING_DOWN,
    catalog::INTERNAL_ERROR,
    catalog::INSUFFICIENT_STORAGE,
    catalog::TLS_REFUSED,
    catalog::LINE_TOO_LONG,
    catalog::BAD_ARGUMENT,
    catalog::NOT_IMPLEMENTED,
    catalog::IN_TRANSACTION,
    catalog::UNKNOWN_MECHANISM,
    catalog::TLS_REQUIRED,
    catalog::BAD_CREDENTIALS,
    catalog::ENCRYPTION_REQUIRED,
    catalog::COMMAND_REFUSED,
    catalog::MESSAGE_TOO_LARGE,
    catalog::UNKNOWN_PARAMETER,
];
