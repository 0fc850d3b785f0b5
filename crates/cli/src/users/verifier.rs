//! Verifiers, which a password file contains instead of passwords.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use argon2::password_hash::PasswordHasher as _;
use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use mailchute::auth::{ScramVerifier, saslprep};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// A verifier in one of its two forms.
#[derive(Clone)]
pub(crate) enum Verifier {
    /// `SCRAM-SHA-256$…` in PostgreSQL's form: for SCRAM, PLAIN and LOGIN.
    Scram(ScramVerifier),
    /// `$argon2id$…`, a PHC string: for PLAIN and LOGIN.
    Argon2id(PasswordHash),
}

/// The public parameters of a verifier: what SCRAM shows, and what decides how long a check takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Scram { iterations: u32, salt: usize },
    Argon2id { memory: u32, passes: u32, lanes: u32, bytes: usize },
}

impl Class {
    /// Whether SCRAM shows parameters of it.
    pub(crate) fn is_scram(&self) -> bool {
        matches!(self, Self::Scram { .. })
    }
}

/// The most memory that a hash may take, in KiB. The password file is trusted, but may contain typing errors.
const MOST_MEMORY: u32 = 1024 * 1024;

impl Verifier {
    /// Makes a new SCRAM verifier.
    pub(crate) fn scram(password: &str) -> Result<Self, Failure> {
        let salt = random::<{ ScramVerifier::SALT }>()?;
        ScramVerifier::from_password(password, salt, ScramVerifier::ITERATIONS)
            .map(Self::Scram)
            .map_err(Failure::running)
    }

    /// Makes a new argon2id hash with the parameters of OWASP: 19 MiB, two passes, one lane.
    pub(crate) fn argon2id(password: &str) -> Result<Self, Failure> {
        let salt = random::<16>()?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
            .hash_password_with_salt(prepared(password).as_bytes(), &salt)
            .map(Self::Argon2id)
            .map_err(Failure::running)
    }

    /// Whether it was made from this password. The time and the size of `memory` depend on the parameters. The memory
    /// is reused: allocations for each password fragmented the heap.
    pub(crate) fn is_of(&self, password: &str, memory: &mut Vec<Block>) -> bool {
        match self {
            Self::Scram(verifier) => verifier.is_of(password),
            Self::Argon2id(hash) => is_hash_of(hash, password, memory).unwrap_or(false),
        }
    }

    /// Returns what a client can find out by asking.
    pub(crate) fn class(&self) -> Class {
        match self {
            Self::Scram(verifier) => {
                Class::Scram { iterations: verifier.iterations(), salt: verifier.salt().len() }
            }
            Self::Argon2id(hash) => {
                let parameters = Params::try_from(hash).unwrap_or_default();
                Class::Argon2id {
                    memory: parameters.m_cost(),
                    passes: parameters.t_cost(),
                    lanes: parameters.p_cost(),
                    bytes: hash.hash.as_ref().map_or(0, Output::len),
                }
            }
        }
    }

    /// Returns the verifier for SCRAM, if it is one.
    pub(crate) fn for_scram(&self) -> Option<&ScramVerifier> {
        match self {
            Self::Scram(verifier) => Some(verifier),
            Self::Argon2id(_) => None,
        }
    }
}

/// The password after SASLprep, as for SCRAM (RFC 4616 §2), or unchanged if SASLprep refuses it. Wiped when dropped.
fn prepared(password: &str) -> Zeroizing<String> {
    Zeroizing::new(saslprep(password).map_or_else(|| password.to_owned(), Cow::into_owned))
}

/// `None` if the hash is incomplete, which the parser excludes.
fn is_hash_of(hash: &PasswordHash, password: &str, memory: &mut Vec<Block>) -> Option<bool> {
    let parameters = Params::try_from(hash).ok()?;
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
    let (salt, expected) = (hash.salt.as_ref()?, hash.hash.as_ref()?);
    let blocks = parameters.block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::default());
    }
    let argon2 = Argon2::new(Algorithm::Argon2id, version, parameters);
    let mut made = [0; Output::MAX_LENGTH];
    let made = made.get_mut(..expected.len())?;
    argon2
        .hash_password_into_with_memory(
            prepared(password).as_bytes(),
            salt.as_ref(),
            made,
            &mut memory[..blocks],
        )
        .ok()?;
    // This comparison takes constant time.
    Some(Output::new(made).ok()? == *expected)
}

pub(crate) fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(Failure::running)?;
    Ok(bytes)
}

impl FromStr for Verifier {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("SCRAM-SHA-256$") {
            return text
                .parse()
                .map(Self::Scram)
                .map_err(|error: mailchute::auth::ScramVerifierError| error.to_string());
        }
        if !text.starts_with("$argon2id$") {
            return Err(
                "this is not a verifier; write one that begins with SCRAM-SHA-256$ or $argon2id$, as \
                        `mailchute hash-password USER` prints it"
                    .to_owned(),
            );
        }
        let wrong = |what: &dyn fmt::Display| {
            format!(
                "this argon2id hash is invalid: {what}; make the line again with `mailchute hash-password`"
            )
        };
        let hash = PasswordHash::new(text).map_err(|error| wrong(&error))?;
        let parameters = Params::try_from(&hash).map_err(|error| wrong(&error))?;
        if hash.salt.is_none() || hash.hash.is_none() {
            return Err(wrong(&"the salt or the hash at its end is missing"));
        }
        if parameters.m_cost() > MOST_MEMORY {
            return Err(wrong(&"it takes more than 1 GiB of memory for each password"));
        }
        Ok(Self::Argon2id(hash))
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scram(verifier) => verifier.fmt(f),
            Self::Argon2id(hash) => hash.fmt(f),
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scram(_) => "Scram(…)",
            Self::Argon2id(_) => "Argon2id(…)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_verifier_is_read_again_and_fits_only_its_password() {
        for made in [Verifier::scram("pencil").unwrap(), Verifier::argon2id("pencil").unwrap()] {
            let read: Verifier = made.to_string().parse().unwrap();
            let mut memory = Vec::new();
            assert!(read.is_of("pencil", &mut memory) && !read.is_of("crayon", &mut memory), "{made:?}");
            assert!(read.is_of("pencil", &mut memory), "what lay in the memory before does not matter");
            assert!(!format!("{read:?}").contains('$'));
        }
    }

    #[test]
    fn a_password_is_the_same_however_it_is_typed() {
        // The angstrom sign and the letter; a soft hyphen; text that cannot be prepared stays as it is.
        for (one, other) in [("\u{212B}x", "\u{C5}x"), ("I\u{AD}X", "IX"), ("\u{7}", "\u{7}")] {
            let mut memory = Vec::new();
            let hash = Verifier::argon2id(one).unwrap();
            assert!(hash.is_of(other, &mut memory) && hash.is_of(one, &mut memory), "{one:?}");
            assert!(!hash.is_of("x", &mut memory), "{one:?}");
        }
    }

    #[test]
    fn checks_foreign_hashes_by_their_own_parameters() {
        let mut memory = vec![Block::default(); 100_000];
        for password in ["password", "passwore"] {
            for (m, t, p, length) in [(64, 1, 1, 16), (256, 3, 2, 32), (65_536, 2, 4, 64)] {
                let parameters = Params::new(m, t, p, Some(length)).unwrap();
                let by_the_library = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
                    .hash_password_with_salt(b"password", b"somesalt")
                    .unwrap()
                    .to_string();
                let read: Verifier = by_the_library.parse().unwrap();
                assert_eq!(read.is_of(password, &mut memory), password == "password", "{by_the_library}");
            }
        }
        // From the tests of the reference implementation.
        let vector = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$\
                      CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(vector.parse::<Verifier>().unwrap().is_of("password", &mut memory));
    }

    #[test]
    fn refuses_a_verifier_of_another_kind_with_a_hint() {
        for text in
            ["pencil", "$2y$05$abc", "{SSHA}abc", "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA", ""]
        {
            let error = text.parse::<Verifier>().unwrap_err();
            assert!(error.contains("$argon2id$") && error.contains("hash-password"), "{error}");
        }
        let greedy =
            "$argon2id$v=19$m=4000000,t=2,p=1$c2FsdHNhbHRzYWx0$bZRzj0pkPBXBmPVzdWbVFB9HrDtLVsWBN7HXdJtGB4w";
        assert!(greedy.parse::<Verifier>().unwrap_err().contains("1 GiB"));
    }
}
