//! `--auth-any`: takes every login, for tests of clients and for inboxes.

use mailchute::{Answer, Credentials, Hooks, Session};

/// Accepts every name with every password. The identity is the name that the client gives.
#[derive(Debug)]
pub(crate) struct AnyLogin;

impl Hooks for AnyLogin {
    fn judges_credentials(&self) -> bool {
        true
    }

    async fn auth(&self, credentials: &Credentials, _session: &Session) -> Answer {
        Ok((matches!(credentials, Credentials::Password { .. }) || credentials.are_proven()).into())
    }
}
