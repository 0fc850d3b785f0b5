//! SCRAM verifiers: what is known of a user's password.

use std::future::Future;
use std::sync::Arc;

use mailchute_proto::{Refusal, ScramVerifier};

use crate::session::Session;

/// Gives the verifiers of users. A server that has them offers SCRAM-SHA-256, and inside TLS SCRAM-SHA-256-PLUS.
///
/// Several are asked in the order in which the [builder](crate::Builder::scram_verifiers) got them. The first verifier
/// counts. A client whose proof holds is put to the [authenticators](crate::Authenticator), if there are any. Without one the
/// client is in, unless it wants to act as somebody else.
///
/// # Examples
/// ```
/// use std::collections::HashMap;
///
/// use mailchute::{Refusal, ScramVerifier, ScramVerifiers, Session};
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
    /// Returns what is known of the password of `user`, whose name is prepared by [`saslprep`](crate::saslprep); `None` for
    /// an unknown user. The client learns that only when its proof fails.
    ///
    /// Unknown users get a [decoy](ScramVerifier::decoy). Where verifiers have parameters other than
    /// [`ScramVerifier::ITERATIONS`] and [`ScramVerifier::SALT`], answer with one that
    /// [imitates](ScramVerifier::imitate) them instead of `None`.
    ///
    /// # Errors
    /// The refusal that the client gets; a `454` says that it cannot be told now.
    ///
    /// # Cancel safety
    /// The future is dropped when the client disconnects, and after the [time limit](crate::Builder::hook_timeout).
    fn scram_verifier(
        &self,
        user: &str,
        session: &Session,
    ) -> impl Future<Output = Result<Option<ScramVerifier>, Refusal>> + Send;
}

/// The same verifiers, of which the application keeps a handle.
impl<V: ScramVerifiers> ScramVerifiers for Arc<V> {
    fn scram_verifier(
        &self,
        user: &str,
        session: &Session,
    ) -> impl Future<Output = Result<Option<ScramVerifier>, Refusal>> + Send {
        V::scram_verifier(self, user, session)
    }
}
