//! LOGIN (draft-murchison-sasl-login): a question for the user, a question for the password.

use super::{Credentials, Mechanism, Password};
use crate::reply::{Reply, catalog};

pub(super) const USER: &[u8] = b"Username:";
pub(super) const PASSWORD: &[u8] = b"Password:";

pub(super) fn text(response: Vec<u8>) -> Result<String, Reply> {
    match String::from_utf8(response) {
        Ok(text) if !text.is_empty() && !text.contains('\0') => Ok(text),
        _ => Err(catalog::BAD_CREDENTIALS_SYNTAX),
    }
}

pub(super) fn credentials(user: String, password: String) -> Credentials {
    Credentials::Password {
        mechanism: Mechanism::Login,
        act_as: None,
        user,
        password: Password::new(password),
    }
}
