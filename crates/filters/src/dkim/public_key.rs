//! Public keys (RFC 6376 §3.6.1, RFC 8301 §3.2, RFC 8463 §4).

use aws_lc_rs::digest::Digest;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ED25519, ParsedPublicKey, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, VerificationAlgorithm,
};

use super::problem::DkimProblem;

/// The lengths of RSA keys that verifiers accept, in bits (RFC 8301 §3.2). The upper one bounds the time.
const RSA_BITS: std::ops::RangeInclusive<u32> = 1024..=8192;

/// The number of `rsaEncryption`, in DER.
const RSA_ENCRYPTION: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/// A public key.
#[derive(Debug)]
pub(super) enum PublicKey {
    Rsa { key: ParsedPublicKey, bits: u32 },
    Ed25519([u8; 32]),
}

impl PublicKey {
    /// Reads an RSA key: a `SubjectPublicKeyInfo`, as all signers publish it, or an `RSAPublicKey`, as RFC 6376 §3.6.1 has
    /// it. Returns `None` if it is neither.
    pub(super) fn rsa(der: &[u8]) -> Option<Result<Self, DkimProblem>> {
        let (n, e) = modulus_and_exponent(der)?;
        let bits = u32::try_from(n.len() * 8).ok()?.checked_sub(n.first()?.leading_zeros())?;
        if bits < *RSA_BITS.start() {
            return Some(Err(DkimProblem::ShortKey(bits)));
        }
        if bits > *RSA_BITS.end() {
            return None;
        }
        let key = PublicKeyComponents { n, e };
        let key = key.to_parsed_public_key(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY).ok()?;
        Some(Ok(Self::Rsa { key, bits }))
    }

    /// Reads an Ed25519 key: its 32 bytes.
    pub(super) fn ed25519(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::Ed25519)
    }

    pub(super) fn bits(&self) -> u32 {
        match self {
            Self::Rsa { bits, .. } => *bits,
            Self::Ed25519(_) => 256,
        }
    }

    /// Returns whether a signature of a hash is by this key.
    pub(super) fn verifies(&self, hash: &Digest, signature: &[u8]) -> bool {
        match self {
            Self::Rsa { key, .. } => key.verify_digest_sig(hash, signature).is_ok(),
            // Ed25519 signs the hash as if it were the message (RFC 8463 §3).
            Self::Ed25519(key) => ED25519.verify_sig(key, hash.as_ref(), signature).is_ok(),
        }
    }
}

/// Returns the two numbers of an RSA key, without leading zeros.
fn modulus_and_exponent(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (content, []) = element(der, SEQUENCE)? else { return None };
    let key = match element(content, SEQUENCE) {
        None => content,
        Some((algorithm, bits)) => {
            algorithm.starts_with(RSA_ENCRYPTION).then_some(())?;
            let (bits, []) = element(bits, BIT_STRING)? else { return None };
            let (content, []) = element(bits.strip_prefix(&[0])?, SEQUENCE)? else { return None };
            content
        }
    };
    let (n, rest) = element(key, INTEGER)?;
    let (e, []) = element(rest, INTEGER)? else { return None };
    Some((natural(n)?, natural(e)?))
}

/// Splits off an element of DER. Returns its content, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let rest = bytes.strip_prefix(&[tag])?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), rest.get(2..)?),
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// Returns the bytes of a positive number without leading zeros.
fn natural(integer: &[u8]) -> Option<&[u8]> {
    let is_positive = integer.first().is_some_and(|first| *first < 0x80);
    let begin = integer.iter().position(|byte| *byte != 0)?;
    is_positive.then_some(&integer[begin..])
}
