//! The protocol that a session speaks: SMTP or LMTP.

/// The protocol of a session. The listener sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// SMTP (RFC 5321).
    #[default]
    Smtp,
    /// LMTP (RFC 2033): LHLO replaces EHLO, and each accepted recipient of a message gets a reply.
    Lmtp,
}
