//! SMTP, or its sister for local delivery.

/// Which of the two protocols a session speaks; the listener decides it, as no client can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Dialect {
    /// SMTP (RFC 5321).
    #[default]
    Smtp,
    /// LMTP (RFC 2033): LHLO takes the place of EHLO, and the end of a message has one reply for each recipient that
    /// was accepted.
    Lmtp,
}
