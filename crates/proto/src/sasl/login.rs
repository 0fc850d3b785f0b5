//! LOGIN (draft-murchison-sasl-login): a question for the user, a question for the password.

use super::{Credentials, Mechanism, Password, Response};
use crate::reply::{Reply, catalog};

pub(super) const USER: &str = "Username:";
pub(super) const PASSWORD: &str = "Password:";

pub(super) fn text(mut response: Response) -> Result<String, Reply> {
    match String::from_utf8(std::mem::take(&mut *response)) {
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
