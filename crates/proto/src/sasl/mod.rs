//! The server side of AUTH (RFC 4954): mechanisms that turn the client's responses into [`Credentials`].

mod bearer;
mod cram_md5;
mod credentials;
mod external;
mod login;
mod mechanism;
mod nonce;
mod plain;
mod prepare;
mod saslname;
mod scram;
mod secret;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

pub use cram_md5::CramMd5Digest;
pub use credentials::Credentials;
pub(crate) use external::judged as certified;
pub use mechanism::Mechanism;
pub use nonce::Nonce;
pub(crate) use prepare::presented;
pub use prepare::saslprep;
pub use scram::{ChannelBinding, ScramAnswer, ScramVerifier, ScramVerifierError};
pub(crate) use scram::{ClientFirst, ScramExchange};
pub(crate) use secret::same_bytes;
pub use secret::{Password, Token};

use crate::reply::{Reply, catalog};

/// A decoded response of the client, wiped from memory when dropped.
pub(crate) type Response = Zeroizing<Vec<u8>>;

/// An AUTH exchange that waits for the client's next line.
#[derive(Debug)]
pub(crate) enum Exchange {
    External,
    Plain,
    LoginUser,
    LoginPassword {
        user: Zeroizing<String>,
    },
    Bearer(Mechanism),
    CramMd5 {
        challenge: String,
    },
    ScramFirst(Mechanism),
    ScramFinal(Box<ScramExchange>),
    /// The client has received the server's proof and must confirm it.
    ScramProven(Box<Credentials>),
    /// The client was told why its token is refused and must confirm it.
    Refused(Reply),
}

/// The result of a response.
#[derive(Debug)]
pub(crate) enum Progress {
    /// Send this challenge and wait for a response.
    Challenge(Cow<'static, str>, Exchange),
    /// EXTERNAL: the identity to act as. The client's name is still needed.
    External(Option<String>),
    /// CRAM-MD5: its challenge needs a nonce.
    CramMd5,
    /// SCRAM: it continues with a [`ScramAnswer`].
    Scram(Mechanism, ClientFirst),
    /// The credentials are complete.
    Credentials(Credentials),
    /// The proof is wrong.
    Disproved(Box<Credentials>),
    /// A name or a password that no user can have: `SASLprep` prohibits it or leaves it empty.
    Unprepared(Mechanism),
}

impl Progress {
    /// Prepares the credentials (RFC 4616 §2), so that each mechanism gives the same identity and password.
    fn judged(credentials: Credentials) -> Self {
        let mechanism = credentials.mechanism();
        credentials.prepared().map_or(Self::Unprepared(mechanism), Self::Credentials)
    }
}

impl Exchange {
    /// Begins an exchange. `initial` is the decoded initial response, if the client sent one.
    pub(crate) fn begin(mechanism: Mechanism, initial: Option<Response>) -> Result<Progress, Reply> {
        let (challenge, exchange) = match mechanism {
            Mechanism::External => ("", Self::External),
            Mechanism::Plain => ("", Self::Plain),
            Mechanism::Login => (login::USER, Self::LoginUser),
            Mechanism::OauthBearer | Mechanism::Xoauth2 => ("", Self::Bearer(mechanism)),
            Mechanism::ScramSha256 | Mechanism::ScramSha256Plus => ("", Self::ScramFirst(mechanism)),
            // RFC 4954 §4: a mechanism in which the server speaks first has no initial response.
            Mechanism::CramMd5 if initial.is_some() => return Err(catalog::BAD_ARGUMENT),
            Mechanism::CramMd5 => return Ok(Progress::CramMd5),
        };
        match initial {
            None => Ok(Progress::Challenge(challenge.into(), exchange)),
            Some(response) => exchange.go_on(response),
        }
    }

    /// Begins CRAM-MD5 with its nonce.
    pub(crate) fn begin_cram_md5(nonce: &Nonce, hostname: &str) -> (String, Self) {
        let challenge = cram_md5::challenge(nonce, hostname);
        (challenge.clone(), Self::CramMd5 { challenge })
    }

    /// Returns the challenge before a refusal, if the mechanism has one.
    pub(crate) fn error_challenge(mechanism: Mechanism) -> Option<&'static str> {
        matches!(mechanism, Mechanism::OauthBearer | Mechanism::Xoauth2).then(|| bearer::error(mechanism))
    }

    /// Continues with the client's decoded response.
    pub(crate) fn go_on(self, response: Response) -> Result<Progress, Reply> {
        match self {
            Self::External => external::parse(&response).map(Progress::External),
            Self::Plain => plain::parse(&response).map(Progress::judged),
            Self::LoginUser => login::text(&response)
                .map(|user| Progress::Challenge(login::PASSWORD.into(), Self::LoginPassword { user })),
            Self::LoginPassword { user } => {
                login::text(&response).map(|password| Progress::judged(login::credentials(&user, &password)))
            }
            Self::Bearer(mechanism) => bearer::parse(mechanism, &response).map(Progress::judged),
            Self::CramMd5 { challenge } => {
                let (user, digest) = cram_md5::parse(&response, challenge)?;
                Ok(Progress::judged(Credentials::CramMd5 { user, digest }))
            }
            Self::ScramFirst(mechanism) => {
                let first = ClientFirst::read(mechanism, &response)?.prepared();
                Ok(first.map_or(Progress::Unprepared(mechanism), |first| Progress::Scram(mechanism, first)))
            }
            Self::ScramFinal(exchange) => Ok(match exchange.finish(&response)? {
                Ok((proof, credentials)) => {
                    Progress::Challenge(proof.into(), Self::ScramProven(Box::new(credentials)))
                }
                Err(credentials) => Progress::Disproved(Box::new(credentials)),
            }),
            Self::ScramProven(credentials) if response.is_empty() => Ok(Progress::Credentials(*credentials)),
            Self::ScramProven(_) => Err(catalog::BAD_CREDENTIALS_SYNTAX),
            Self::Refused(refusal) => Err(refusal),
        }
    }
}

/// Decodes a line of the exchange (RFC 4954 §4).
pub(crate) fn decode(line: &[u8]) -> Result<Response, Reply> {
    // The decoded part of a malformed line is wiped too.
    let mut bytes = Response::new(vec![0; base64::decoded_len_estimate(line.len())]);
    let length = BASE64.decode_slice(line, &mut bytes).map_err(|_| catalog::BAD_BASE64)?;
    bytes.truncate(length);
    Ok(bytes)
}

/// Appends `334` and the challenge.
pub(crate) fn challenge(challenge: &str, output: &mut Vec<u8>) {
    // Not split into lines, whatever its length: only programs read it.
    output.extend_from_slice(&catalog::CHALLENGE.code().digits());
    output.push(b' ');
    output.extend_from_slice(BASE64.encode(challenge).as_bytes());
    output.extend_from_slice(b"\r\n");
}
