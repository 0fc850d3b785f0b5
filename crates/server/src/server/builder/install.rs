//! Values with several roles, registered at once.

use super::Builder;

/// A value that registers itself with a [`Builder`] in all its roles.
///
/// A type that is an [`Authenticator`](crate::Authenticator) and has [`Hooks`](crate::Hooks) needs two calls
/// of the builder, and a forgotten one goes unnoticed. With `Install` the author of the type writes them
/// once, and its users write [`Builder::with`].
///
/// # Examples
/// ```
/// use std::sync::Arc;
///
/// use mailchute::{
///     Answer, Authenticator, Builder, Check, Credentials, Hooks, Install, Refusal, Server, Session, Verdict,
/// };
/// # use mailchute_stores::Discard;
///
/// /// Users, some of whom are locked out.
/// struct Users;
///
/// impl Authenticator for Users {
///     async fn check(&self, credentials: &Credentials, _session: &Session) -> Result<Check, Refusal> {
///         Ok(Check::right_if(credentials.is("alice", "wonderland")))
///     }
/// }
///
/// impl Hooks for Users {
///     async fn authenticated(&self, identity: &str, _session: &Session) -> Answer {
///         Verdict::accept_if(identity != "mallory")
///     }
/// }
///
/// impl Install for Users {
///     fn install(self, builder: Builder) -> Builder {
///         let users = Arc::new(self);
///         builder.authenticator(Arc::clone(&users)).hooks(users)
///     }
/// }
///
/// let server = Server::builder().with(Users).store(Discard).build()?;
/// # Ok::<(), mailchute::BuildError>(())
/// ```
pub trait Install {
    /// Registers the value in all its roles, and returns the builder.
    fn install(self, builder: Builder) -> Builder;
}

impl Builder {
    /// Registers a value in all its roles; see [`Install`].
    pub fn with(self, value: impl Install) -> Self {
        value.install(self)
    }
}
