//! SCRAM verifiers: what the server knows of a user's password.

use std::future::Future;
use std::sync::Arc;

use mailchute_proto::{Refusal, ScramVerifier};

use crate::session::Session;

/// Returns the verifiers of users. A server that has them offers SCRAM-SHA-256, and inside TLS
/// SCRAM-SHA-256-PLUS.
///
/// Several are asked in the order in which the [builder](crate::Builder::scram_verifiers) got them. The first
/// verifier counts. A client whose proof holds is then judged by the [authenticators](crate::Authenticator),
/// if there are any. Without an authenticator the client is logged in, unless it wants to act as another
/// user.
///
/// # Examples
/// ```
/// use std::collections::HashMap;
///
/// use mailchute::auth::ScramVerifier;
/// use mailchute::{Refusal, ScramVerifiers, Session};
///
/// struct Table(HashMap<String, ScramVerifier>);
///
/// impl ScramVerifiers for Table {
///     async fn scram_verifier(
///         &self,
///         user: &str,
///         _session: &Session,
///     ) -> Result<Option<ScramVerifier>, Refusal> {
///         Ok(self.0.get(user).cloned())
///     }
/// }
/// ```
pub trait ScramVerifiers: Send + Sync + 'static {
    /// Returns the verifier of `user`, or `None` for an unknown user. The name is prepared by
    /// [`saslprep`](crate::auth::saslprep). The client learns only from a failed proof that the user is unknown.
    ///
    /// Unknown users get a [decoy](ScramVerifier::decoy). It has the parameters [`ScramVerifier::ITERATIONS`]
    /// and [`ScramVerifier::SALT`]. If your verifiers have other parameters, return one that
    /// [imitates](ScramVerifier::imitate) them instead of `None`.
    ///
    /// # Errors
    /// The refusal that the client gets. A `454` says that the verifier cannot be looked up now.
    ///
    /// # Cancel safety
    /// The future is dropped when the client disconnects, and after the [time limit](crate::Builder::hook_timeout).
    fn scram_verifier(
        &self,
        user: &str,
        session: &Session,
    ) -> impl Future<Output = Result<Option<ScramVerifier>, Refusal>> + Send;
}

/// Verifiers in an `Arc`, so that the application keeps a handle.
impl<V: ScramVerifiers> ScramVerifiers for Arc<V> {
    fn scram_verifier(
        &self,
        user: &str,
        session: &Session,
    ) -> impl Future<Output = Result<Option<ScramVerifier>, Refusal>> + Send {
        V::scram_verifier(self, user, session)
    }
}
