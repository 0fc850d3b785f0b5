//! The decoys that SCRAM shows of unknown users, and random numbers.

use std::fmt;
use std::sync::OnceLock;

use mailchute_proto::ScramVerifier;
use mailchute_proto::{Nonce, Refusal};

/// A secret of the server. It is configured, or made when it is first needed.
#[derive(Default)]
pub(crate) struct ScramSecret(OnceLock<Vec<u8>>);

impl ScramSecret {
    /// Returns the verifier to show for an unknown user. It is always the same for one name.
    pub(crate) fn decoy(&self, user: &str) -> Result<ScramVerifier, Refusal> {
        let secret = match self.0.get() {
            Some(secret) => secret,
            None => {
                let made = random::<32>()?;
                self.0.get_or_init(|| made.to_vec())
            }
        };
        Ok(ScramVerifier::decoy(secret, user))
    }
}

impl From<Vec<u8>> for ScramSecret {
    fn from(secret: Vec<u8>) -> Self {
        Self(OnceLock::from(secret))
    }
}

impl fmt::Debug for ScramSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScramSecret(…)")
    }
}

/// Returns random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Refusal> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets)?;
    Ok(octets)
}

/// Returns a random text that is never used again.
pub(crate) fn nonce() -> Result<Nonce, Refusal> {
    random::<18>().map(Nonce::from_random)
}
