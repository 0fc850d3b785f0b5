//! What a client offers as proof of who it is.

use std::fmt;

use zeroize::Zeroizing;

use super::Mechanism;

/// What the auth hook decides on.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Credentials {
    /// A user and the password itself, from PLAIN or LOGIN.
    #[non_exhaustive]
    Password {
        /// How they came.
        mechanism: Mechanism,
        /// Whom the client wants to act as, where that is not `user` (PLAIN's authorization identity).
        act_as: Option<String>,
        /// Whose password it is.
        user: String,
        /// The password as sent.
        password: Password,
    },
}

impl Credentials {
    /// Whose credentials they are.
    #[must_use]
    pub fn user(&self) -> &str {
        match self {
            Self::Password { user, .. } => user,
        }
    }

    /// The identity that a session has once the hook says yes: whom the client asked to act as, or the user.
    #[must_use]
    pub fn identity(&self) -> &str {
        match self {
            Self::Password { act_as, user, .. } => act_as.as_deref().unwrap_or(user),
        }
    }

    /// The mechanism by which they came.
    #[must_use]
    pub const fn mechanism(&self) -> Mechanism {
        match self {
            Self::Password { mechanism, .. } => *mechanism,
        }
    }

    /// Whether these are `user` and `password`, for oneself; compared in a time that tells nothing about where
    /// the two differ.
    #[must_use]
    pub fn is(&self, expected_user: &str, expected_password: &str) -> bool {
        match self {
            Self::Password { act_as, user, password, .. } => {
                let same = same_octets(user.as_bytes(), expected_user.as_bytes())
                    & same_octets(password.reveal().as_bytes(), expected_password.as_bytes());
                same && act_as.as_ref().is_none_or(|other| other == user)
            }
        }
    }
}

/// Takes as long for a wrong first octet as for a wrong last one.
fn same_octets(given: &[u8], expected: &[u8]) -> bool {
    let mut difference = u8::from(given.len() != expected.len());
    for (index, octet) in given.iter().enumerate() {
        difference |= octet ^ expected.get(index).copied().unwrap_or(!octet);
    }
    std::hint::black_box(difference) == 0
}

/// A password: never printed, wiped from memory when dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    pub(crate) fn new(password: String) -> Self {
        Self(Zeroizing::new(password))
    }

    /// The password itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}
