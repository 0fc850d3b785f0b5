//! URLs that no message can be posted to.

use std::error::Error;
use std::fmt;

use crate::template::TemplateError;

/// Why a URL is not that of a [`Webhook`](crate::Webhook). The text does not repeat the URL, as it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookError {
    /// It does not begin with `https://` or `http://` and a host.
    NoHost,
    /// It has a user or a password.
    Credentials,
    /// The host differs by recipient.
    HostVaries,
    /// It has a query after `?` or a fragment after `#`.
    Query,
    /// The path has braces with a name that cannot be filled in, or without a partner.
    Template(TemplateError),
}

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHost => f.write_str("the URL names no host; write https://HOST/PATH or http://HOST:PORT/PATH"),
            Self::Credentials => f.write_str(
                "the URL has a user or a password; leave them out, and write secret=file:PATH to sign requests",
            ),
            Self::HostVaries => f.write_str(
                "the host is the same for all recipients; write {user} or {domain} in the path: https://HOST/{domain}/{user}",
            ),
            Self::Query => {
                f.write_str("the URL ends with its path; leave out # and what follows it, and ? other than before options")
            }
            Self::Template(error) => write!(f, "the path is wrong: {error}"),
        }
    }
}

impl Error for WebhookError {}

impl From<TemplateError> for WebhookError {
    fn from(error: TemplateError) -> Self {
        Self::Template(error)
    }
}
