//! Authenticators judge credentials.

use std::future::Future;
use std::sync::Arc;

use mailchute_proto::{Credentials, Refusal};

use crate::session::Session;

/// The verdict of an [`Authenticator`] on credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a check does nothing until it is returned"]
pub enum Check {
    /// The credentials are right. The client is logged in, unless a hook refuses it in
    /// [`authenticated`](crate::Hooks::authenticated).
    Right,
    /// The credentials are wrong. The client gets `535 5.7.8`, and no other authenticator is asked.
    Wrong,
    /// This authenticator does not know the user, so the next one is asked. If none knows the user, the
    /// client gets `535 5.7.8`.
    NotMine,
}

impl Check {
    /// Returns [`Right`](Self::Right) if `condition` holds, otherwise [`Wrong`](Self::Wrong). After `Wrong`
    /// no other authenticator is asked.
    pub const fn right_if(condition: bool) -> Self {
        if condition { Self::Right } else { Self::Wrong }
    }

    /// Returns the check of a user table. `None` is an unknown user, and `Some` says whether the credentials
    /// are right.
    ///
    /// ```
    /// use std::collections::HashMap;
    ///
    /// use mailchute::{Check, Server};
    ///
    /// let staff = HashMap::from([("alice", "wonderland")]);
    /// Server::builder().on_auth(move |credentials, _session| {
    ///     let password = staff.get(credentials.user()).copied();
    ///     async move { Check::of(password.map(|password| credentials.is(credentials.user(), password))) }
    /// });
    /// ```
    pub const fn of(known: Option<bool>) -> Self {
        match known {
            Some(is_right) => Self::right_if(is_right),
            None => Self::NotMine,
        }
    }
}

/// Judges credentials. A server with an authenticator offers AUTH.
///
/// Authenticators are asked in the order in which the [builder](crate::Builder::authenticator) got them. The
/// first that returns [`Right`](Check::Right) or [`Wrong`](Check::Wrong) decides. If all return
/// [`NotMine`](Check::NotMine), the client gets `535 5.7.8`.
///
/// A client that has proved itself by SCRAM or EXTERNAL comes to the authenticators as well. Its credentials
/// [are proven](Credentials::are_proven). Return `Right` if the proof is enough.
///
/// To refuse some clients whose credentials are right, implement [`Hooks::authenticated`](crate::Hooks::authenticated).
///
/// # Examples
/// ```
/// use mailchute::{Authenticator, Check, Credentials, Refusal, Server, Session};
/// # use mailchute_stores::Discard;
///
/// struct OnlyAlice;
///
/// impl Authenticator for OnlyAlice {
///     async fn check(&self, credentials: &Credentials, _session: &Session) -> Result<Check, Refusal> {
///         if credentials.user() != "alice" {
///             return Ok(Check::NotMine);
///         }
///         Ok(Check::right_if(credentials.is("alice", "wonderland")))
///     }
/// }
///
/// let server = Server::builder().authenticator(OnlyAlice).store(Discard).build()?;
/// # Ok::<(), mailchute::BuildError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an authenticator",
    note = "implement `Authenticator` for it: `async fn check(&self, credentials: &Credentials, session: &Session) -> Result<Check, Refusal>`"
)]
pub trait Authenticator: Send + Sync + 'static {
    /// Returns whether the credentials are right.
    ///
    /// # Errors
    /// The refusal that the client gets. No other authenticator is asked. A 4yz code says that the
    /// credentials cannot be judged now, and does not count as a wrong guess.
    ///
    /// # Cancel safety
    /// The future is dropped when the client disconnects, and after the [time limit](crate::Builder::hook_timeout).
    fn check(
        &self,
        credentials: &Credentials,
        session: &Session,
    ) -> impl Future<Output = Result<Check, Refusal>> + Send;
}

/// An authenticator in an `Arc`, so that the application keeps a handle.
impl<A: Authenticator> Authenticator for Arc<A> {
    fn check(
        &self,
        credentials: &Credentials,
        session: &Session,
    ) -> impl Future<Output = Result<Check, Refusal>> + Send {
        A::check(self, credentials, session)
    }
}
