//! LOGIN (draft-murchison-sasl-login): a question for the user, a question for the password.

use zeroize::Zeroizing;

use super::{Credentials, Mechanism, Password};
use crate::reply::{Reply, catalog};

pub(super) const USER: &str = "Username:";
pub(super) const PASSWORD: &str = "Password:";

pub(super) fn text(response: &[u8]) -> Result<Zeroizing<String>, Reply> {
    match std::str::from_utf8(response) {
        Ok(text) if !text.is_empty() && !text.contains('\0') => Ok(Zeroizing::new(text.to_owned())),
        _ => Err(catalog::BAD_CREDENTIALS_SYNTAX),
    }
}

pub(super) fn credentials(user: &str, password: &str) -> Credentials {
    Credentials::Password {
        mechanism: Mechanism::Login,
        act_as: None,
        user: user.to_owned(),
        password: Password::new(password.to_owned()),
    }
}
