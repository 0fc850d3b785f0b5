//! What a client offers as proof of who it is.

use super::Mechanism;
use super::cram_md5::CramMd5Digest;
use super::prepare::{expected, prepare, presented};
use super::secret::{Password, Token, same_octets};

/// What the auth hook decides on.
///
/// Names and passwords are prepared by `SASLprep` (RFC 4013), whatever mechanism they came by, so two ways to write the
/// same are one. They are never empty and hold no controls and no line ends. What cannot be prepared is refused with
/// `535 5.7.8` before any hook is asked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Credentials {
    /// A client that has shown a verified certificate inside TLS, by EXTERNAL: what is left to decide is whether this
    /// one may come in, and act as somebody else.
    #[non_exhaustive]
    External {
        /// Whom the client wants to act as, where that is not `user`.
        act_as: Option<String>,
        /// Who it is by its certificate.
        user: String,
    },
    /// A user and the password itself, from PLAIN or LOGIN.
    #[non_exhaustive]
    Password {
        /// How they came.
        mechanism: Mechanism,
        /// Whom the client wants to act as, where that is not `user` (PLAIN's authorization identity).
        act_as: Option<String>,
        /// Whose password it is.
        user: String,
        /// The password, prepared.
        password: Password,
    },
    /// A user who has proved by SCRAM-SHA-256 or SCRAM-SHA-256-PLUS to know the password: the proof holds, and what
    /// is left to decide is whether this user may come in, and act as somebody else.
    #[non_exhaustive]
    Scram {
        /// How it was proved.
        mechanism: Mechanism,
        /// Whom the client wants to act as, where that is not `user`.
        act_as: Option<String>,
        /// Who it is.
        user: String,
    },
    /// A user and a token, from OAUTHBEARER or XOAUTH2.
    #[non_exhaustive]
    Bearer {
        /// How they came.
        mechanism: Mechanism,
        /// Whose token the client says it is; OAUTHBEARER may leave it to the token.
        user: Option<String>,
        /// The token as sent.
        token: Token,
        /// The server that the client thinks it talks to (OAUTHBEARER).
        host: Option<String>,
        /// Its port (OAUTHBEARER).
        port: Option<u16>,
    },
    /// A user and a digest of the password and our challenge, from CRAM-MD5.
    #[non_exhaustive]
    CramMd5 {
        /// Who it is said to be.
        user: String,
        /// The digest, to be compared by [`Credentials::is`] or [`CramMd5Digest::is_of`].
        digest: CramMd5Digest,
    },
}

impl Credentials {
    /// Whose credentials they are; empty where an OAUTHBEARER client leaves that to its token.
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

    /// The identity that a session has once the hook says yes: whom the client asked to act as, or the user.
    #[must_use]
    pub fn identity(&self) -> &str {
        self.act_as().unwrap_or_else(|| self.user())
    }

    /// Whom the client wants to act as, where that is not the user.
    #[must_use]
    pub fn act_as(&self) -> Option<&str> {
        match self {
            Self::External { act_as, .. } | Self::Password { act_as, .. } | Self::Scram { act_as, .. } => {
                act_as.as_deref()
            }
            Self::Bearer { .. } | Self::CramMd5 { .. } => None,
        }
    }

    /// The same with all names and passwords as `SASLprep` has them; `None` where it cannot have one of them. The
    /// names of SCRAM and EXTERNAL are prepared before.
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

    /// The mechanism by which they came.
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

    /// Whether the client has proved already that it is [`user`](Self::user), as with SCRAM and EXTERNAL, and wants to
    /// act as nobody else.
    #[must_use]
    pub const fn are_proven(&self) -> bool {
        matches!(self, Self::Scram { act_as: None, .. } | Self::External { act_as: None, .. })
    }

    /// Whether these are `user` and `password`, for oneself; compared in a time that tells nothing about where
    /// the two differ. Never for SCRAM and EXTERNAL, which show no password, and for
    /// tokens. Both are prepared before, as what the
    /// client sent was.
    #[must_use]
    pub fn is(&self, expected_user: &str, expected_password: &str) -> bool {
        let same_user = same_octets(self.user().as_bytes(), expected(expected_user).as_bytes());
        let same_password = match self {
            Self::Password { password, .. } => {
                same_octets(password.reveal().as_bytes(), expected(expected_password).as_bytes())
            }
            Self::CramMd5 { digest, .. } => digest.is_of(expected_password),
            Self::External { .. } | Self::Scram { .. } | Self::Bearer { .. } => false,
        };
        same_user & same_password && self.act_as().is_none()
    }
}
