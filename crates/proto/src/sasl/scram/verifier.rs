//! The verifier that a server stores instead of a password (RFC 5802 §3).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::sasl::prepare::expected;
use crate::sasl::secret::same_bytes;

type Key = Zeroizing<[u8; 32]>;

/// The verifier of a user for SCRAM-SHA-256. It can check a password or a proof but cannot log in.
///
/// The text form is PostgreSQL's, `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`, with the last three in base64.
/// Keep it secret like other password hashes: it allows password guessing and imitation of the server.
///
/// # Examples
/// ```
/// use mailchute_proto::ScramVerifier;
///
/// let salt = *b"sixteen bytes!!!"; // from the system's source of random numbers
/// let verifier = ScramVerifier::from_password("pencil", salt, 4096)?;
/// let read: ScramVerifier = verifier.to_string().parse()?;
/// assert!(read.is_of("pencil"));
/// assert!(!read.is_of("crayon"));
/// # Ok::<(), mailchute_proto::ScramVerifierError>(())
/// ```
#[derive(Clone)]
pub struct ScramVerifier {
    iterations: u32,
    salt: Vec<u8>,
    stored_key: Key,
    server_key: Key,
}

/// The error for an invalid [`ScramVerifier`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScramVerifierError {
    /// It does not have the form `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`.
    Form,
    /// The number of iterations is malformed, too small or too large.
    Iterations,
    /// The salt is empty, longer than 255 bytes, or not base64.
    Salt,
    /// A key is not the base64 of 32 bytes.
    Key,
}

impl fmt::Display for ScramVerifierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "the form is SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey",
            Self::Iterations => "the iterations are a number from 4096 (RFC 7677 §4) to 10000000",
            Self::Salt => "the salt is 1 to 255 bytes in base64",
            Self::Key => "StoredKey and ServerKey are 32 bytes each, in base64",
        })
    }
}

impl std::error::Error for ScramVerifierError {}

impl ScramVerifier {
    /// Iterations for new passwords. RFC 7677 §4 requires at least 4,096, and more if clients can afford it. 100,000
    /// take a client some tens of milliseconds.
    pub const ITERATIONS: u32 = 100_000;

    /// Bytes of salt for new passwords.
    pub const SALT: usize = 16;

    /// Creates the verifier of a password from [`SALT`](Self::SALT) random bytes and a number of iterations, such as
    /// [`ITERATIONS`](Self::ITERATIONS).
    ///
    /// # Errors
    /// Fails if the iterations are fewer than 4,096 or more than 10,000,000, or if the salt is empty or longer than
    /// 255 bytes.
    pub fn from_password(
        password: &str,
        salt: impl Into<Vec<u8>>,
        iterations: u32,
    ) -> Result<Self, ScramVerifierError> {
        let salt = checked_salt(salt.into())?;
        check_iterations(iterations)?;
        let (stored_key, server_key) = keys(password, &salt, iterations);
        Ok(Self { iterations, salt, stored_key, server_key })
    }

    /// Creates a decoy for an unknown user. No password fits it, and clients cannot tell it from a real verifier. So
    /// nobody learns which users exist.
    ///
    /// The same secret and user always give the same salt. It has [`ITERATIONS`](Self::ITERATIONS) and
    /// [`SALT`](Self::SALT). If your verifiers have others, use [`imitate`](Self::imitate).
    #[must_use]
    pub fn decoy(secret: &[u8], user: &str) -> Self {
        decoy(secret, user, Self::ITERATIONS, Self::SALT)
    }

    /// Creates a [`decoy`](Self::decoy) with the iterations and the salt length of this verifier.
    #[must_use]
    pub fn imitate(&self, secret: &[u8], user: &str) -> Self {
        decoy(secret, user, self.iterations, self.salt.len())
    }

    /// Returns whether it was made from this password. The iterations make this slow, so call it on another thread in
    /// async code (`tokio::task::spawn_blocking`).
    #[must_use]
    pub fn is_of(&self, password: &str) -> bool {
        let (stored_key, server_key) = keys(password, &self.salt, self.iterations);
        same_bytes(&stored_key[..], &self.stored_key[..]) & same_bytes(&server_key[..], &self.server_key[..])
    }

    /// Returns the number of iterations.
    #[must_use]
    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Returns the salt. It is not secret: clients receive it.
    #[must_use]
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    pub(super) fn takes_proof(&self, message: &[u8], proof: &[u8; 32]) -> bool {
        let mut client_key = mac(&self.stored_key[..], &[message]);
        for (byte, proof) in client_key.iter_mut().zip(proof) {
            *byte ^= proof;
        }
        same_bytes(&Sha256::digest(&client_key[..]), &self.stored_key[..])
    }

    pub(super) fn server_signature(&self, message: &[u8]) -> [u8; 32] {
        *mac(&self.server_key[..], &[message])
    }
}

impl FromStr for ScramVerifier {
    type Err = ScramVerifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = || {
            let (parameters, keys) = text.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
            Some((parameters.split_once(':')?, keys.split_once(':')?))
        };
        let ((iterations, salt), (stored_key, server_key)) = parts().ok_or(ScramVerifierError::Form)?;
        let iterations = iterations.parse().map_err(|_| ScramVerifierError::Iterations)?;
        check_iterations(iterations)?;
        let salt = checked_salt(BASE64.decode(salt).map_err(|_| ScramVerifierError::Salt)?)?;
        Ok(Self { iterations, salt, stored_key: key(stored_key)?, server_key: key(server_key)? })
    }
}

/// Writes PostgreSQL's form with the keys, for a password file and not for a log.
impl fmt::Display for ScramVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { iterations, salt, stored_key, server_key } = self;
        let [salt, stored_key, server_key] =
            [&salt[..], &stored_key[..], &server_key[..]].map(|bytes| Zeroizing::new(BASE64.encode(bytes)));
        let [salt, stored_key, server_key] = [&*salt, &*stored_key, &*server_key];
        write!(f, "SCRAM-SHA-256${iterations}:{salt}${stored_key}:{server_key}")
    }
}

impl fmt::Debug for ScramVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramVerifier").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

fn check_iterations(iterations: u32) -> Result<(), ScramVerifierError> {
    (4_096..=10_000_000).contains(&iterations).then_some(()).ok_or(ScramVerifierError::Iterations)
}

fn checked_salt(salt: Vec<u8>) -> Result<Vec<u8>, ScramVerifierError> {
    if (1..=255).contains(&salt.len()) { Ok(salt) } else { Err(ScramVerifierError::Salt) }
}

fn key(text: &str) -> Result<Key, ScramVerifierError> {
    let bytes = Zeroizing::new(BASE64.decode(text).map_err(|_| ScramVerifierError::Key)?);
    bytes[..].try_into().map(Zeroizing::new).map_err(|_| ScramVerifierError::Key)
}

/// Derives `StoredKey` and `ServerKey` (RFC 5802 §3).
fn keys(password: &str, salt: &[u8], iterations: u32) -> (Key, Key) {
    // As in PostgreSQL, a password that cannot be prepared is used unchanged.
    let password = expected(password);
    let mut salted = Key::default();
    pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), salt, iterations, &mut salted[..]);
    let client_key = mac(&salted[..], &[b"Client Key"]);
    let stored_key = Zeroizing::new(Sha256::digest(&client_key[..]).into());
    (stored_key, mac(&salted[..], &[b"Server Key"]))
}

fn decoy(secret: &[u8], user: &str, iterations: u32, salt_bytes: usize) -> ScramVerifier {
    let bytes = |what: &str, block: u8| mac(secret, &[what.as_bytes(), &[0, block], user.as_bytes()]);
    let blocks = (0..=u8::MAX).flat_map(|block| *bytes("salt", block));
    let salt = blocks.take(salt_bytes).collect();
    ScramVerifier { iterations, salt, stored_key: bytes("stored key", 0), server_key: bytes("server key", 0) }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Key {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    Zeroizing::new(mac.finalize().into_bytes().into())
}
