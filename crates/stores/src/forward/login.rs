//! AUTH towards a next hop (RFC 4954).

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use super::connection::Connection;
use super::error::HopError;

/// The identity that the next hop is shown.
#[derive(Clone)]
pub(super) enum Login {
    /// A user with a password: PLAIN.
    Password { user: String, password: Zeroizing<String> },
    /// The name in our certificate: EXTERNAL.
    Certificate,
}

impl Login {
    pub(super) async fn run(&self, connection: &mut Connection, limit: Duration) -> Result<(), HopError> {
        let (mechanism, response) = match self {
            Self::Password { user, password } => (
                "PLAIN",
                BASE64.encode(Zeroizing::new(format!("\0{user}\0{}", password.as_str())).as_bytes()),
            ),
            // The identity is the certificate's: the empty response.
            Self::Certificate => ("EXTERNAL", "=".to_owned()),
        };
        if !connection.capabilities.offer_word("AUTH", mechanism) {
            return Err(HopError::Lacks("the mechanism for AUTH"));
        }
        let command = Zeroizing::new(format!("AUTH {mechanism} {}", Zeroizing::new(response).as_str()));
        let reply = connection.command(&command, "AUTH", limit).await?;
        if !reply.is_positive() {
            return Err(HopError::Refused("AUTH", reply));
        }
        connection.is_authenticated = true;
        Ok(())
    }
}

/// Without the password.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { user, .. } => {
                f.debug_struct("Password").field("user", user).finish_non_exhaustive()
            }
            Self::Certificate => f.write_str("Certificate"),
        }
    }
}
