//! SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677): the server's side of the exchange.

mod binding;
mod client;
mod verifier;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

pub use binding::{ChannelBinding, ScramAnswer};
pub(crate) use client::ClientFirst;
use client::{ClientFinal, Gs2Flag};
pub use verifier::{ScramVerifier, ScramVerifierError};

use super::secret::same_bytes;
use super::{Credentials, Mechanism};
use crate::reply::{Reply, catalog};

impl ClientFirst {
    /// Reads the client's first message and checks that it fits the mechanism.
    pub(crate) fn read(mechanism: Mechanism, response: &[u8]) -> Result<Self, Reply> {
        let first = Self::parse(response).ok_or(catalog::BAD_CREDENTIALS_SYNTAX)?;
        let binds = matches!(first.flag, Gs2Flag::Bound(_));
        if binds != mechanism.binds_channel() {
            return Err(catalog::BAD_CREDENTIALS_SYNTAX);
        }
        Ok(first)
    }

    /// Returns whether the client can bind but thinks that the server cannot. If the server can, someone altered its
    /// offer (RFC 5802 §6).
    pub(crate) fn takes_us_for_unable_to_bind(&self) -> bool {
        self.flag == Gs2Flag::ThinksServerCannot
    }

    pub(crate) fn binding(&self) -> Option<ChannelBinding> {
        match &self.flag {
            Gs2Flag::Bound(name) => ChannelBinding::by_name(name),
            _ => None,
        }
    }

    pub(crate) fn credentials(&self, mechanism: Mechanism) -> Credentials {
        let act_as = self.act_as.clone().filter(|other| *other != self.user);
        Credentials::Scram { mechanism, act_as, user: self.user.clone() }
    }
}

/// An exchange that waits for the client's final message.
#[derive(Debug)]
pub(crate) struct ScramExchange {
    mechanism: Mechanism,
    first: ClientFirst,
    server_first: String,
    nonce: String,
    verifier: ScramVerifier,
    /// The expected `c=` of the client. No value fits if the channel has no such binding.
    bound: Option<String>,
}

impl ScramExchange {
    /// Begins with the answer from outside. The server's first message is the challenge.
    pub(crate) fn begin(mechanism: Mechanism, first: ClientFirst, answer: ScramAnswer) -> (String, Self) {
        let ScramAnswer { verifier, nonce, channel_binding } = answer;
        let nonce = format!("{}{}", first.nonce, nonce.as_str());
        let salt = BASE64.encode(verifier.salt());
        let server_first = format!("r={nonce},s={salt},i={}", verifier.iterations());
        let data = if mechanism.binds_channel() { channel_binding } else { Some(Vec::new()) };
        let bound = data.map(|data| BASE64.encode([first.header.as_bytes(), &data].concat()));
        (server_first.clone(), Self { mechanism, first, server_first, nonce, verifier, bound })
    }

    /// Reads the client's final message. Returns the server's final message if the proof is right.
    pub(crate) fn finish(self, response: &[u8]) -> Result<Result<(String, Credentials), Credentials>, Reply> {
        let last = ClientFinal::parse(response).ok_or(catalog::BAD_CREDENTIALS_SYNTAX)?;
        let message = format!("{},{},{}", self.first.bare, self.server_first, last.without_proof);
        let proof_holds = self.verifier.takes_proof(message.as_bytes(), &last.proof);
        let is_bound = self.bound.is_some_and(|bound| same_bytes(last.bound.as_bytes(), bound.as_bytes()));
        let is_ours = same_bytes(last.nonce.as_bytes(), self.nonce.as_bytes());
        let credentials = self.first.credentials(self.mechanism);
        if !(proof_holds & is_bound & is_ours) {
            return Ok(Err(credentials));
        }
        let signature = self.verifier.server_signature(message.as_bytes());
        Ok(Ok((format!("v={}", BASE64.encode(signature)), credentials)))
    }
}
