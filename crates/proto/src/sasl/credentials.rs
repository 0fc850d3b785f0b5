//! The credentials that a client presents.

use super::Mechanism;
use super::cram_md5::CramMd5Digest;
use super::prepare::{expected, prepare, presented};
use super::secret::{Password, Token, same_bytes};

/// The credentials that the auth hook checks.
///
/// Names and passwords are prepared by `SASLprep` (RFC 4013) for each mechanism, so that different spellings are
/// equal. They are never empty and hold no control characters or line ends. Credentials that cannot be prepared are
/// refused with `535 5.7.8` before any hook runs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Credentials {
    /// A client with a verified TLS certificate, by EXTERNAL. The hook decides whether it may log in and act as
    /// another user.
    #[non_exhaustive]
    External {
        /// The user that the client wants to act as, if not `user`.
        act_as: Option<String>,
        /// The name in the certificate.
        user: String,
    },
    /// A user and the password, by PLAIN or LOGIN.
    #[non_exhaustive]
    Password {
        /// The mechanism.
        mechanism: Mechanism,
        /// The user that the client wants to act as, if not `user` (PLAIN's authorization identity).
        act_as: Option<String>,
        /// The user.
        user: String,
        /// The password, prepared.
        password: Password,
    },
    /// A user who proved by SCRAM-SHA-256 or SCRAM-SHA-256-PLUS to know the password. The hook decides whether this
    /// user may log in and act as another user.
    #[non_exhaustive]
    Scram {
        /// The mechanism.
        mechanism: Mechanism,
        /// The user that the client wants to act as, if not `user`.
        act_as: Option<String>,
        /// The user.
        user: String,
    },
    /// A user and a token, by OAUTHBEARER or XOAUTH2.
    #[non_exhaustive]
    Bearer {
        /// The mechanism.
        mechanism: Mechanism,
        /// The user that the client named. OAUTHBEARER may leave it to the token.
        user: Option<String>,
        /// The token as sent.
        token: Token,
        /// The server that the client meant to reach (OAUTHBEARER).
        host: Option<String>,
        /// Its port (OAUTHBEARER).
        port: Option<u16>,
    },
    /// A user and a digest of the password and the server's challenge, by CRAM-MD5.
    #[non_exhaustive]
    CramMd5 {
        /// The user that the client named.
        user: String,
        /// The digest. Compare it by [`Credentials::is`] or [`CramMd5Digest::is_of`].
        digest: CramMd5Digest,
    },
}

impl Credentials {
    /// Returns the user. It is empty if an OAUTHBEARER client leaves it to its token.
    #[must_use]
    pub fn user(&self) -> &str {
        match self {
            Self::External { user, .. }
            | Self::Password { user, .. }
            | Self::Scram { user, .. }
            | Self::CramMd5 { user, .. } => user,
            Self::Bearer { user, .. } => user.as_deref().unwrap_or_default(),
        }
    }

    /// Returns the identity of the session after acceptance: the user to act as, or the user.
    #[must_use]
    pub fn identity(&self) -> &str {
        self.act_as().unwrap_or_else(|| self.user())
    }

    /// Returns the user that the client wants to act as, if another one.
    #[must_use]
    pub fn act_as(&self) -> Option<&str> {
        match self {
            Self::External { act_as, .. } | Self::Password { act_as, .. } | Self::Scram { act_as, .. } => {
                act_as.as_deref()
            }
            Self::Bearer { .. } | Self::CramMd5 { .. } => None,
        }
    }

    /// Prepares all names and passwords by `SASLprep`, or returns `None` if one cannot be prepared. The names of
    /// SCRAM and EXTERNAL are prepared already.
    pub(super) fn prepared(mut self) -> Option<Self> {
        match &mut self {
            Self::Password { act_as, user, password, .. } => {
                prepare(user)?;
                act_as.as_mut().map_or(Some(()), prepare)?;
                *password = Password::prepared(presented(password.reveal())?);
                act_as.take_if(|act_as| act_as == user);
            }
            Self::Bearer { user, .. } => user.as_mut().map_or(Some(()), prepare)?,
            Self::CramMd5 { user, .. } => prepare(user)?,
            Self::External { .. } | Self::Scram { .. } => {}
        }
        Some(self)
    }

    /// Returns the mechanism.
    #[must_use]
    pub const fn mechanism(&self) -> Mechanism {
        match self {
            Self::Password { mechanism, .. }
            | Self::Scram { mechanism, .. }
            | Self::Bearer { mechanism, .. } => *mechanism,
            Self::External { .. } => Mechanism::External,
            Self::CramMd5 { .. } => Mechanism::CramMd5,
        }
    }

    /// Returns whether the client already proved, by SCRAM or EXTERNAL, that it is [`user`](Self::user), and wants to
    /// act as no other user.
    #[must_use]
    pub const fn are_proven(&self) -> bool {
        matches!(self, Self::Scram { act_as: None, .. } | Self::External { act_as: None, .. })
    }

    /// Returns whether these are `user` and `password`, without another user to act as. The comparison takes constant
    /// time and prepares both values as it did the client's. It is never true for SCRAM and EXTERNAL, which reveal no
    /// password, nor for tokens.
    #[must_use]
    pub fn is(&self, expected_user: &str, expected_password: &str) -> bool {
        let same_user = same_bytes(self.user().as_bytes(), expected(expected_user).as_bytes());
        let same_password = match self {
            Self::Password { password, .. } => {
                same_bytes(password.reveal().as_bytes(), expected(expected_password).as_bytes())
            }
            Self::CramMd5 { digest, .. } => digest.is_of(expected_password),
            Self::External { .. } | Self::Scram { .. } | Self::Bearer { .. } => false,
        };
        same_user & same_password && self.act_as().is_none()
    }
}
