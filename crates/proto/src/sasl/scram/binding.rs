//! Channel bindings, and the values that SCRAM gets from outside the machine.

use super::super::{Nonce, ScramVerifier};

/// A property of the TLS session that SCRAM-SHA-256-PLUS is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelBinding {
    /// The hash of the server's certificate (RFC 5929 §4).
    TlsServerEndPoint,
    /// Keying material of the session (RFC 9266).
    TlsExporter,
}

impl ChannelBinding {
    const ALL: [Self; 2] = [Self::TlsServerEndPoint, Self::TlsExporter];

    /// Returns the registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TlsServerEndPoint => "tls-server-end-point",
            Self::TlsExporter => "tls-exporter",
        }
    }

    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|binding| binding.name() == name)
    }
}

/// The values that SCRAM needs from outside the machine.
#[derive(Debug, Clone)]
pub struct ScramAnswer {
    /// The user's verifier. An unknown user gets a [decoy](ScramVerifier::decoy).
    pub verifier: ScramVerifier,
    /// The server's half of the nonce.
    pub nonce: Nonce,
    /// The data of the [binding](crate::question::Scram::channel_binding) that the client uses. Without it the client's
    /// proof does not hold.
    pub channel_binding: Option<Vec<u8>>,
}
