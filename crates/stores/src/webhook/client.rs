//! The client of HTTP.

use std::io;
use std::time::Duration;

use crate::forward::tls::{self, Files};

/// How long a connection waits for its next request: less than the 5 s after which common web servers close it.
const IDLE: Duration = Duration::from_secs(4);

/// How long a client waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// For a connection, with TLS.
    pub(crate) connect: Duration,
    /// For the status of a response, from the connection on.
    pub(crate) response: Duration,
}

/// The connections of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connections {
    /// They wait for the next request.
    Kept,
    /// Each request has a new one. A server that was restarted may have closed any number of those that wait.
    New,
}

/// Returns a client that follows no redirects and repeats no requests. `None` is a client without TLS.
pub(crate) fn client(
    tls: Option<Files<'_>>,
    timeouts: Timeouts,
    connections: Connections,
) -> io::Result<reqwest::Client> {
    // Without TLS no authority is needed, and the configuration is not used.
    let tls = tls::config(tls.is_some(), tls.unwrap_or(Files { ca: None, own: None }))?;
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .user_agent(concat!("Mailchute/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.response)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(if connections == Connections::Kept { usize::MAX } else { 0 })
        .tcp_nodelay(true)
        .build()
        .map_err(io::Error::other)
}
