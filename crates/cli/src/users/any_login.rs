//! `--auth-any`: accepts every login, for tests of clients and for inboxes.

use mailchute::{Authenticator, Check, Credentials, Refusal, Session};

/// Accepts every name with every password. The identity is the name that the client gives.
#[derive(Debug)]
pub(crate) struct AnyLogin;

impl Authenticator for AnyLogin {
    async fn check(&self, credentials: &Credentials, _session: &Session) -> Result<Check, Refusal> {
        let is_right = matches!(credentials, Credentials::Password { .. }) || credentials.are_proven();
        Ok(Check::right_if(is_right))
    }
}
