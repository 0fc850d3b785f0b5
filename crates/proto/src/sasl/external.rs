//! EXTERNAL (RFC 4422 appendix A): the certificate names the client.
//!
//! # Why
//!
//! A certificate does not log a client in unless EXTERNAL is enabled. The machine is told the name of a verified
//! certificate before EHLO. The name is the first email address, else the DNS name, else the common name. After
//! XCLIENT the peer in TLS is the proxy, so its certificate says nothing about the client.

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
