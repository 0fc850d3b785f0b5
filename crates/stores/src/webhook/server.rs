//! The server of a URL.

use reqwest::Url;

use super::mistake::WebhookError;
use super::place::fill;
use crate::{Destination, NextHop, Template};

/// The web server of a URL.
#[derive(Debug, Clone)]
pub(crate) struct WebServer {
    pub(crate) next_hop: NextHop,
    /// It has no TLS.
    pub(crate) is_plain: bool,
    /// The host as the URL has it.
    host: String,
}

impl WebServer {
    /// Finds the server of a template, which is the same for all recipients.
    ///
    /// # Errors
    /// [`WebhookError`] if the URL names none, or has a user.
    pub(crate) fn of(url: &Template) -> Result<Self, WebhookError> {
        let text = url.to_string();
        let (_, rest) = text.split_once("://").ok_or(WebhookError::NoHost)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.is_empty() {
            return Err(WebhookError::NoHost);
        }
        if authority.contains('@') {
            return Err(WebhookError::Credentials);
        }
        if authority.contains(['{', '}']) {
            return Err(WebhookError::HostVaries);
        }
        let example = "a@example.com".parse().map_err(|_| WebhookError::NoHost)?;
        let filled = fill(url, &Destination::new(&example, None), "");
        let parsed = Url::parse(&filled).map_err(|_| WebhookError::NoHost)?;
        let (host, port) = match (parsed.host_str(), parsed.port_or_known_default()) {
            (Some(host), Some(port)) if matches!(parsed.scheme(), "https" | "http") => (host, port),
            _ => return Err(WebhookError::NoHost),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_plain = parsed.scheme() == "http";
        Ok(Self { next_hop: NextHop::tcp(host, port), is_plain, host: host.to_owned() })
    }

    /// Returns the host if what is sent to it can be read on the way.
    pub(crate) fn host_in_the_clear(&self) -> Option<&str> {
        (self.is_plain && !self.next_hop.is_local()).then_some(self.host.as_str())
    }
}
