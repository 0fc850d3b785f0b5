//! The random seed that decides which user an unknown user looks like.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::failure::Failure;
use crate::users::verifier::random;

/// Random bytes from the password file, or new ones if it has none. A seed decides which class of lines an unknown user
/// looks like, and its salt.
///
/// If a line has a seed, the salt of an unknown user stays the same over restarts and on all servers with that file.
/// Adding or removing a line with a seed changes the salts of the unknown users that belong to it.
///
/// Verifiers could serve as seeds, but they are made from passwords. From salts made from them, an attacker could guess
/// passwords offline.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seed {
    /// No line has a seed. This one is new and lasts as long as the program.
    Made([u8; LENGTH]),
    /// A seed in the file, or one derived from it.
    Kept([u8; LENGTH]),
}

const LENGTH: usize = 16;

impl Seed {
    /// Makes a new seed.
    pub(crate) fn make() -> Result<Self, Failure> {
        random().map(Self::Made)
    }

    /// Whether the seed is the same after a restart.
    pub(crate) fn is_kept(&self) -> bool {
        matches!(self, Self::Kept(_))
    }

    /// Returns the same bytes as a seed that lasts as long as the program.
    pub(crate) fn unkept(self) -> Self {
        match self {
            Self::Made(bytes) | Self::Kept(bytes) => Self::Made(bytes),
        }
    }

    /// Returns the weight with which an unknown user belongs to this seed.
    pub(crate) fn weight(&self, user: &str) -> impl Ord + use<> {
        self.hash("weight", user)
    }

    /// Returns two numbers for an unknown user, independent of each other and of the weight.
    pub(crate) fn draws(&self, user: &str) -> (u64, u64) {
        let hash = self.hash("class", user);
        let draw =
            |place: usize| hash[place..place + 8].iter().fold(0, |draw, &byte| draw << 8 | u64::from(byte));
        (draw(0), draw(8))
    }

    fn hash(&self, purpose: &str, name: &str) -> [u8; 32] {
        Sha256::new()
            .chain_update(self.bytes())
            .chain_update(purpose)
            .chain_update([0])
            .chain_update(name)
            .finalize()
            .into()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Made(bytes) | Self::Kept(bytes) => bytes,
        }
    }
}

/// Parses hexadecimal digits, two for each byte.
impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_whole = text.len() == 2 * LENGTH && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let number = if is_whole { u128::from_str_radix(text, 16).ok() } else { None };
        number.map(|number| Self::Kept(number.to_be_bytes())).ok_or_else(|| {
            "the text after the verifier is not a seed; write 32 hexadecimal digits as `mailchute hash-password \
             --with-seed USER` prints them, or remove it"
                .to_owned()
        })
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_kept() { "Kept(…)" } else { "Made(…)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_seed_survives_being_read_again() {
        let made = Seed::make().unwrap();
        let read: Seed = made.to_string().parse().unwrap();
        assert_eq!(made.bytes(), read.bytes());
        assert!(read.is_kept() && !made.is_kept());
        assert_eq!(format!("{made:?} {read:?}"), "Made(…) Kept(…)");
        for wrong in [String::new(), "00".to_owned(), "0".repeat(33), "+".repeat(32), "é".repeat(16)] {
            assert!(wrong.parse::<Seed>().unwrap_err().contains("32 hexadecimal digits"), "{wrong:?}");
        }
    }
}
