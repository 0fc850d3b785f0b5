//! Tells guesses from wrong credentials that are only repeated by another mechanism.
//!
//! A client whose password is wrong sends it again by the next mechanism it knows. Python's smtplib uses CRAM-MD5,
//! PLAIN and LOGIN. That is one guess: a repeated password reveals nothing new.
//!
//! # Why
//!
//! The machine keeps a hash of the password, made with a random key from the server. Each mechanism may repeat it
//! once. The application is asked each time, as it may decide by mechanism. A SCRAM proof cannot be compared, so it is
//! a guess of its own.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::sasl::{CramMd5Digest, Credentials, Mechanism, same_bytes};

/// The last guess: enough to recognize it, without the secret itself.
#[derive(Debug)]
pub(super) struct LastGuess {
    proof: Proof,
    /// A bit for each mechanism that sent it, so that each may repeat it once.
    mechanisms: u32,
}

enum Proof {
    /// A keyed hash of the names and the password or token.
    Shown { key: Zeroizing<[u8; 32]>, hash: Zeroizing<[u8; 32]> },
    /// A digest, with which a later password can be compared.
    CramMd5 { user: String, digest: CramMd5Digest },
    /// `SASLprep` refused the name or the password. No user can have them, so sending them reveals nothing.
    Unprepared,
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proof(…)")
    }
}

/// Records a guess and returns whether it only repeats the last one: the same names and secret by a mechanism that
/// has not sent them yet.
///
/// SCRAM never reveals a password, and CRAM-MD5 reveals none to compare with an earlier one, so each counts as a
/// guess. Never are more secrets tried than guesses counted.
pub(super) fn repeats(
    last: &mut Option<Box<LastGuess>>,
    credentials: &Credentials,
    key: Zeroizing<[u8; 32]>,
) -> bool {
    let mechanism = bit(credentials.mechanism());
    let is_same = last.as_ref().is_some_and(|last| last.proof.is_of(credentials));
    let before = last.as_ref().filter(|_| is_same).map_or(0, |last| last.mechanisms);
    if let Some(proof) = Proof::of(credentials, key) {
        *last = Some(Box::new(LastGuess { proof, mechanisms: before | mechanism }));
    }
    is_same && before & mechanism == 0
}

/// Records credentials that `SASLprep` refuses, like [`repeats`].
pub(super) fn repeats_unprepared(last: &mut Option<Box<LastGuess>>, mechanism: Mechanism) -> bool {
    let mechanism = bit(mechanism);
    let same = last.as_ref().filter(|last| matches!(last.proof, Proof::Unprepared));
    let before = same.map_or(0, |last| last.mechanisms);
    *last = Some(Box::new(LastGuess { proof: Proof::Unprepared, mechanisms: before | mechanism }));
    before != 0 && before & mechanism == 0
}

impl Proof {
    fn of(credentials: &Credentials, key: Zeroizing<[u8; 32]>) -> Option<Self> {
        if let Credentials::CramMd5 { user, digest } = credentials {
            return Some(Self::CramMd5 { user: user.clone(), digest: digest.clone() });
        }
        let hash = hash(credentials, &key)?;
        Some(Self::Shown { key, hash })
    }

    fn is_of(&self, credentials: &Credentials) -> bool {
        match (self, credentials) {
            (Self::Shown { key, hash: expected }, _) => {
                hash(credentials, key).is_some_and(|hash| same_bytes(&hash[..], &expected[..]))
            }
            (
                Self::CramMd5 { user, digest },
                Credentials::Password { act_as: None, user: given, password, .. },
            ) => (user == given) & digest.is_of(password.reveal()),
            (Self::CramMd5 { .. } | Self::Unprepared, _) => false,
        }
    }
}

/// Hashes credentials that reveal their secret.
fn hash(credentials: &Credentials, key: &[u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
    let (kind, secret) = match credentials {
        Credentials::Password { password, .. } => ("password", password.reveal()),
        Credentials::Bearer { token, .. } => ("token", token.reveal()),
        _ => return None,
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in [kind, credentials.user(), credentials.identity(), secret] {
        mac.update(&part.len().to_be_bytes());
        mac.update(part.as_bytes());
    }
    Some(Zeroizing::new(mac.finalize().into_bytes().into()))
}

fn bit(mechanism: Mechanism) -> u32 {
    1 << mechanism as u32
}
