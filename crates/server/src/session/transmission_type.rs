//! The transmission type of a message, as `Received:` names it.

use std::fmt;

use mailchute_proto::Protocol;

/// The transmission type of a session: the `with` keyword in `Received:` (RFC 3848, RFC 6531 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TransmissionType {
    pub(super) protocol: Protocol,
    pub(crate) is_extended: bool,
    pub(super) is_utf8: bool,
    pub(crate) is_tls: bool,
    pub(crate) is_authenticated: bool,
}

impl fmt::Display for TransmissionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.protocol, self.is_extended, self.is_utf8) {
            (Protocol::Lmtp, _, false) => "LMTP",
            (Protocol::Lmtp, _, true) => "UTF8LMTP",
            (_, false, _) => "SMTP",
            (_, true, false) => "ESMTP",
            (_, true, true) => "UTF8SMTP",
        })?;
        // The suffixes are registered for LMTP and for the extended form of SMTP.
        if self.is_extended || self.protocol == Protocol::Lmtp {
            f.write_str(if self.is_tls { "S" } else { "" })?;
            f.write_str(if self.is_authenticated { "A" } else { "" })?;
        }
        Ok(())
    }
}
