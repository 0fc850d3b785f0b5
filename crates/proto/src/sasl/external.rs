//! EXTERNAL (RFC 4422 appendix A): the certificate names the client.

use super::prepare::prepare;
use super::{Credentials, Mechanism, Progress};
use crate::reply::{Reply, catalog};

/// Reads the identity to act as. It is absent if the client sent nothing.
pub(super) fn parse(response: &[u8]) -> Result<Option<String>, Reply> {
    match std::str::from_utf8(response) {
        Ok("") => Ok(None),
        Ok(name) if !name.contains('\0') => Ok(Some(name.to_owned())),
        _ => Err(catalog::BAD_CREDENTIALS_SYNTAX),
    }
}

/// Returns the credentials of the client whose certificate has this prepared name.
pub(crate) fn judged(user: String, act_as: Option<String>) -> Progress {
    match act_as.map(|mut name| prepare(&mut name).map(|()| name)) {
        None => Progress::Credentials(Credentials::External { act_as: None, user }),
        Some(Some(name)) => {
            let act_as = Some(name).filter(|name| *name != user);
            Progress::Credentials(Credentials::External { act_as, user })
        }
        Some(None) => Progress::Unprepared(Mechanism::External),
    }
}
