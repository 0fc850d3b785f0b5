//! CRAM-MD5 (RFC 2195): `user SP digest`, where the digest is the keyed MD5 of the server's challenge.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use zeroize::Zeroizing;

use super::nonce::Nonce;
use super::prepare::expected;
use super::secret::same_bytes;
use crate::reply::{Reply, catalog};

/// A client's digest of its password and the server's challenge. It is never printed, as it allows password guessing
/// offline.
#[derive(Clone)]
pub struct CramMd5Digest {
    challenge: String,
    digest: Zeroizing<[u8; 16]>,
}

impl CramMd5Digest {
    /// Returns whether it was made from this password, plain or prepared by [`saslprep`](crate::saslprep), as clients
    /// differ. The comparison takes constant time.
    #[must_use]
    pub fn is_of(&self, password: &str) -> bool {
        self.is_of_bytes(password) | self.is_of_bytes(&expected(password))
    }

    fn is_of_bytes(&self, password: &str) -> bool {
        let mac = Hmac::<Md5>::new_from_slice(password.as_bytes());
        mac.is_ok_and(|mac| {
            let expected = mac.chain_update(&self.challenge).finalize().into_bytes();
            same_bytes(&self.digest[..], &expected)
        })
    }

    /// Returns the challenge, for a comparison elsewhere.
    #[must_use]
    pub fn challenge(&self) -> &str {
        &self.challenge
    }

    /// Returns the digest, for a comparison elsewhere.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.digest
    }
}

impl fmt::Debug for CramMd5Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CramMd5Digest(…)")
    }
}

/// The challenge has the form of a message id (RFC 2195 §2).
pub(super) fn challenge(nonce: &Nonce, hostname: &str) -> String {
    format!("<{}@{hostname}>", nonce.as_str())
}

/// Reads a response to a challenge: the user and the digest.
pub(super) fn parse(response: &[u8], challenge: String) -> Result<(String, CramMd5Digest), Reply> {
    let parse = || {
        let (user, digest) = std::str::from_utf8(response).ok()?.rsplit_once(' ')?;
        let is_user = !user.is_empty() && !user.contains('\0');
        is_user.then_some((user, from_hex(digest)?))
    };
    let (user, digest) = parse().ok_or(catalog::BAD_CREDENTIALS_SYNTAX)?;
    Ok((user.to_owned(), CramMd5Digest { challenge, digest }))
}

/// Reads 32 hexadecimal digits.
fn from_hex(digits: &str) -> Option<Zeroizing<[u8; 16]>> {
    let mut bytes = Zeroizing::new([0; 16]);
    let digits = digits.as_bytes();
    if digits.len() != 32 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}
