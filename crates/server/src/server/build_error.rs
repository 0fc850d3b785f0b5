//! Why a server cannot be built.

use std::fmt;
use std::time::Duration;

use mailchute_proto::Verb;

/// An option that makes no server; its text says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// There is neither a data hook nor a store, or a type implements [`Hooks::data`](crate::Hooks::data) and not
    /// [`Hooks::reads_messages`](crate::Hooks::reads_messages).
    NoDestination,
    /// The host name is not a domain.
    BadHostname(String),
    /// A limit has a value that cannot work.
    #[non_exhaustive]
    BadLimit {
        /// The method of the builder.
        option: &'static str,
        /// Its value.
        value: u64,
        /// What would do.
        expected: &'static str,
    },
    /// A timeout is zero or longer than a year.
    #[non_exhaustive]
    BadTimeout {
        /// The method of the builder.
        option: &'static str,
        /// Its value.
        timeout: Duration,
    },
    /// Clients would not wait that long to be greeted.
    BadGreetingDelay(Duration),
    /// A verb of one's own is no word, or one that the conversation needs.
    BadVerb(String),
    /// A parameter of one's own has a name that cannot be one, or that Mailchute knows.
    #[non_exhaustive]
    BadParameter {
        /// The method of the builder.
        option: &'static str,
        /// What is wrong with the name.
        reason: String,
    },
    /// TLS is required and there is no certificate.
    TlsWithoutCertificate,
    /// A server that has had a certificate is to go on without: see [`Server::reconfigure`](crate::Server::reconfigure).
    TlsTakenAway,
    /// Authentication is required and no hook [judges credentials](crate::Hooks::judges_credentials) or
    /// [gives verifiers](crate::Hooks::gives_scram_verifiers).
    NobodyJudgesCredentials,
    /// SCRAM is named among the mechanisms and no hook [gives verifiers](crate::Hooks::gives_scram_verifiers).
    NobodyGivesVerifiers,
    /// EXTERNAL is asked for and clients are not [asked for certificates](crate::TlsConfig::client_certificates).
    NoClientCertificates,
    /// Authentication is required and none of the mechanisms that are named can be offered.
    NoMechanism,
    /// Authentication is required, and all that is offered sends passwords or tokens, for which there is no TLS.
    PasswordsWithoutTls,
}

impl BuildError {
    pub(crate) fn limit(option: &'static str, value: usize, expected: &'static str) -> Self {
        Self::BadLimit { option, value: value as u64, expected }
    }

    pub(crate) fn parameter(option: &'static str, error: &mailchute_proto::EhloError) -> Self {
        Self::BadParameter { option, reason: error.to_string() }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDestination => f.write_str(
                "messages would be lost: there is neither a data hook nor a store; write .on_data(…) or .store(…); a type \
                 with `fn data` also needs `fn reads_messages(&self) -> bool { true }`",
            ),
            Self::BadHostname(name) => {
                write!(f, "hostname {name:?} is not a domain; write the server's name, such as \"mx.example.com\"")
            }
            Self::BadLimit { option, value, expected } => write!(f, "{option} is {value}; write {expected}"),
            Self::BadTimeout { option, timeout } => {
                write!(f, "{option} is {timeout:?}; write a time of more than none and less than a year")
            }
            Self::BadGreetingDelay(delay) => {
                write!(f, "greeting_delay is {delay:?}; write less than five minutes, as clients wait no longer")
            }
            Self::BadVerb(verb) => {
                let needed = Verb::ALL.iter().filter(|verb| !verb.is_free());
                let needed: Vec<_> = needed.map(|verb| verb.name()).collect();
                write!(
                    f,
                    "{verb:?} cannot be a verb of one's own; write letters, digits and hyphens, and none of {}",
                    needed.join(", ")
                )
            }
            Self::BadParameter { option, reason } => write!(f, "{option}: {reason}"),
            Self::TlsWithoutCertificate => f.write_str(
                "TLS is required and there is no certificate; write .tls(…) or .tls_pem_files(…) as well",
            ),
            Self::TlsTakenAway => f.write_str(
                "there was a certificate so far, which listeners inside TLS need; write .tls(…) or .tls_pem_files(…) as well",
            ),
            Self::NobodyJudgesCredentials => f.write_str(
                "authentication is required and no hook judges credentials; write .on_auth(…) as well, or .on_scram(…); a \
                 type with `fn auth` also needs `fn judges_credentials(&self) -> bool { true }`, and one with \
                 `fn scram_verifier` also `fn gives_scram_verifiers(&self) -> bool { true }`",
            ),
            Self::NobodyGivesVerifiers => f.write_str(
                "SCRAM is among the mechanisms and no hook gives verifiers; write .on_scram(…) as well; a type with \
                 `fn scram_verifier` also needs `fn gives_scram_verifiers(&self) -> bool { true }`",
            ),
            Self::NoClientCertificates => f.write_str(
                "EXTERNAL needs certificates of clients, and they are asked for none; write .tls(…) with a TlsConfig that \
                 has .client_certificates(…), or leave .auth_external() out",
            ),
            Self::NoMechanism => f.write_str(
                "authentication is required and .mechanisms(…) names none that can be offered; leave it out, or name one \
                 and what it needs: .on_scram(…) for SCRAM-SHA-256, .on_scram(…) and .tls(…) for SCRAM-SHA-256-PLUS, \
                 .on_auth(…) for the others",
            ),
            Self::PasswordsWithoutTls => f.write_str(
                "authentication is required and all that is offered sends passwords or tokens, which without TLS are \
                 not taken; write .tls(…) as well, or .on_scram(…) and SCRAM-SHA-256 among .mechanisms(…) if these are \
                 named, or .allow_plaintext_auth()",
            ),
        }
    }
}

impl std::error::Error for BuildError {}
