//! The errors of building a server.

use std::fmt;

/// An error in the options. Its text says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// There is no store.
    NoStore,
    /// An option has a value that cannot work.
    #[non_exhaustive]
    Invalid {
        /// The method of the builder.
        option: &'static str,
        /// Its value.
        value: String,
        /// The value to write instead.
        expected: String,
    },
    /// TLS is required, but there is no certificate.
    TlsWithoutCertificate,
    /// The running server has a certificate, but the new options have none: see
    /// [`Server::reconfigure`](crate::Server::reconfigure).
    TlsRemoved,
    /// Authentication is required, but there are neither [authenticators](crate::Authenticator) nor
    /// [verifiers](crate::ScramVerifiers).
    NoAuthenticator,
    /// SCRAM is among the mechanisms, but there are no [verifiers](crate::ScramVerifiers).
    NoScramVerifiers,
    /// EXTERNAL is on, but clients are not [asked for certificates](crate::tls::TlsConfig::client_auth).
    NoClientCertificates,
    /// Authentication is required, but none of the named mechanisms can be offered.
    NoMechanism,
    /// Authentication is required, but all offered mechanisms send passwords or tokens, and there is no TLS
    /// for them.
    PasswordsWithoutTls,
    /// The options of one listener cannot work: see [`Builder::on`](crate::Builder::on).
    #[non_exhaustive]
    OnListener {
        /// The name of the listener.
        listener: String,
        /// The error in them.
        error: Box<BuildError>,
    },
}

impl BuildError {
    pub(crate) fn invalid(
        option: &'static str,
        value: impl fmt::Display,
        expected: impl Into<String>,
    ) -> Self {
        Self::Invalid { option, value: value.to_string(), expected: expected.into() }
    }

    pub(crate) fn on_listener(listener: &str, error: Self) -> Self {
        Self::OnListener { listener: listener.to_owned(), error: Box::new(error) }
    }

    pub(crate) fn parameter(option: &'static str, name: &str, error: &mailchute_proto::EhloError) -> Self {
        let error = error.to_string();
        let expected = error.split_once("write ").map_or(error.as_str(), |(_, cure)| cure);
        Self::invalid(option, format_args!("{name:?}"), expected)
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStore => f.write_str("messages would be lost: there is no store; write .store(…) or .on_store(…)"),
            Self::Invalid { option, value, expected } => write!(f, "{option} is {value}; write {expected}"),
            Self::TlsWithoutCertificate => f.write_str(
                "TLS is required, but there is no certificate; write .tls(…) as well",
            ),
            Self::TlsRemoved => f.write_str(
                "the running server has a certificate, which listeners inside TLS need; write .tls(…) as well",
            ),
            Self::NoAuthenticator => f.write_str(
                "authentication is required, but there is no authenticator; write .on_auth(…) or .on_scram(…), or \
                 their traits with .authenticator(…) or .scram_verifiers(…)",
            ),
            Self::NoScramVerifiers => f.write_str(
                "SCRAM is among the mechanisms, but there are no verifiers; write .scram_verifiers(…) or .on_scram(…) as well",
            ),
            Self::NoClientCertificates => f.write_str(
                "EXTERNAL needs client certificates, but the server does not ask for them; write .tls(…) with a TlsConfig that \
                 has .client_auth(…), or leave .auth_external() out",
            ),
            Self::NoMechanism => f.write_str(
                "authentication is required, but .mechanisms(…) names none that can be offered; leave it out, or name one \
                 and what it needs: .on_scram(…) for SCRAM-SHA-256, .on_scram(…) and .tls(…) for SCRAM-SHA-256-PLUS, \
                 .on_auth(…) for the others",
            ),
            Self::PasswordsWithoutTls => f.write_str(
                "authentication is required, but every offered mechanism needs TLS, because it sends a password or token; \
                 write .tls(…), .on_scram(…) or .allow_plaintext_auth(); if you use .mechanisms(…), also name \
                 SCRAM-SHA-256 for .on_scram(…)",
            ),
            Self::OnListener { listener, error } => write!(f, "on({listener:?}, …): {error}"),
        }
    }
}

impl std::error::Error for BuildError {}
