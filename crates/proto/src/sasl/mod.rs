//! The server side of AUTH (RFC 4954): mechanisms that turn the client's answers into [`Credentials`].

mod credentials;
mod login;
mod plain;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

pub use credentials::{Credentials, Password};

use crate::reply::{Reply, catalog};

/// A SASL mechanism that the server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// PLAIN (RFC 4616): user and password in one go.
    Plain,
    /// LOGIN: user and password one after the other; obsolete and widespread.
    Login,
}

impl Mechanism {
    /// All mechanisms, in the order in which EHLO names them.
    pub const ALL: &'static [Self] = &[Self::Plain, Self::Login];

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
        }
    }

    /// The mechanism of this name, in whatever case.
    #[must_use]
    pub fn by_name(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|mechanism| name.eq_ignore_ascii_case(mechanism.name().as_bytes()))
    }

    /// Whether the password itself travels, so that only TLS hides it.
    #[must_use]
    pub const fn sends_password(self) -> bool {
        match self {
            Self::Plain | Self::Login => true,
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An AUTH exchange that waits for the client's next line.
#[derive(Debug)]
pub(crate) enum Exchange {
    Plain,
    LoginUser,
    LoginPassword { user: String },
}

/// What an answer of the client led to.
#[derive(Debug)]
pub(crate) enum Progress {
    /// Send this challenge and wait on.
    Challenge(&'static [u8], Exchange),
    /// The client has said all.
    Credentials(Credentials),
}

impl Exchange {
    /// Begins an exchange; `initial` is the decoded initial response, if the client sent one.
    pub(crate) fn begin(mechanism: Mechanism, initial: Option<Vec<u8>>) -> Result<Progress, Reply> {
        let (challenge, exchange): (&'static [u8], _) = match mechanism {
            Mechanism::Plain => (b"", Self::Plain),
            Mechanism::Login => (login::USER, Self::LoginUser),
        };
        match initial {
            None => Ok(Progress::Challenge(challenge, exchange)),
            Some(response) => exchange.go_on(response),
        }
    }

    /// Takes the client's decoded answer.
    pub(crate) fn go_on(self, response: Vec<u8>) -> Result<Progress, Reply> {
        match self {
            Self::Plain => plain::parse(&response).map(Progress::Credentials),
            Self::LoginUser => login::text(response)
                .map(|user| Progress::Challenge(login::PASSWORD, Self::LoginPassword { user })),
            Self::LoginPassword { user } => login::text(response)
                .map(|password| Progress::Credentials(login::credentials(user, password))),
        }
    }
}

/// Decodes a line of the exchange (RFC 4954 §4).
pub(crate) fn decode(line: &[u8]) -> Result<Vec<u8>, Reply> {
    BASE64.decode(line).map_err(|_| catalog::BAD_BASE64)
}

/// Appends `334` and the challenge.
pub(crate) fn challenge(challenge: &[u8], output: &mut Vec<u8>) {
    // Not broken into lines, however long: it is for a machine to read.
    output.extend_from_slice(&catalog::CHALLENGE.code().digits());
    output.push(b' ');
    output.extend_from_slice(BASE64.encode(challenge).as_bytes());
    output.extend_from_slice(b"\r\n");
}
