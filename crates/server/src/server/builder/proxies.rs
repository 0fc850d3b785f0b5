//! Trusted proxies, and clients that talk too early.

use std::time::Duration;

use super::Builder;
use crate::net::network::Network;
use crate::server::build_error::BuildError;

/// Clients behind proxies, and clients that talk too early.
impl Builder {
    /// Trusts these networks to send a PROXY header, version 1 or 2, as HAProxy does. Each connection from
    /// them must begin with one within [5 s](Self::proxy_timeout), before the greeting and before TLS. The
    /// client in the header is the client of the session, also for the limit on connections of one client. A
    /// connection without a good header is closed without a reply. A PROXY header from any other address is
    /// refused. Default is none.
    ///
    /// Some headers name no client (`LOCAL`, `UNKNOWN`, families other than IP). The proxy then checks
    /// whether the server is up, or passes on a client that it cannot name. In this case the proxy's own
    /// address is the client's, for hooks and limits too. But it may not say XCLIENT or XFORWARD, whatever
    /// [`xclient_from`](Self::xclient_from) allows.
    ///
    /// Name only the addresses of the proxies: anybody who connects from there can pass for any client.
    ///
    /// # Examples
    /// ```
    /// # fn run() -> Result<(), mailchute::proxy::NetworkError> {
    /// let builder = mailchute::Server::builder().proxy_from(["10.0.0.5".parse()?, "2001:db8::/64".parse()?]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn proxy_from(mut self, networks: impl IntoIterator<Item = Network>) -> Self {
        self.proxies.proxies.extend(networks);
        self
    }

    /// Lets clients from these networks name the client that they speak for, by Postfix's XCLIENT and
    /// XFORWARD. All others get `550 5.7.1`. Behind a proxy with a PROXY header, the client in the header
    /// must be from one of these networks. XCLIENT begins the session again: connect hooks are asked, and
    /// identity, [state](crate::Session::state) and [changes of EHLO](crate::Session::disable) are gone. XFORWARD is
    /// kept for [`Session::forwarded`](crate::Session::forwarded). Default is none.
    ///
    /// Connections from these networks do not count towards
    /// [`max_connections_per_client`](Self::max_connections_per_client) until XCLIENT names their client. A
    /// client whose address the proxy does not know (`ADDR=[UNAVAILABLE]`) is not counted.
    ///
    /// As in Postfix, STARTTLS forgets the login and the EHLO name that an XCLIENT told, but not the client's
    /// address and host name. A proxy may pass its client's own STARTTLS on, and that client must not become
    /// the proxy. A proxy that shakes hands itself says XCLIENT inside TLS, where nobody on the way can
    /// change it.
    ///
    /// Name only the addresses of the proxies: anybody who connects from there can pass for any client, with
    /// any login.
    pub fn xclient_from(mut self, networks: impl IntoIterator<Item = Network>) -> Self {
        self.proxies.xclients.extend(networks);
        self
    }

    /// Sets how long clients must be silent before they are greeted. It must be less than five minutes, since
    /// clients wait no longer (RFC 5321 §4.5.3.2.1). Many senders of spam do not wait. They get `554 5.5.0`,
    /// and the server hangs up. So does a client that talks while the connect hooks decide.
    ///
    /// Default is none: early commands are then answered after the greeting, since some devices and scripts
    /// send them. In both cases the server closes the connection without a reply if other things come early.
    /// These are a PROXY header from an address that may send none, and TLS on a listener without it.
    ///
    /// On a listener with implicit TLS the delay begins after the handshake.
    pub fn greeting_delay(mut self, delay: Duration) -> Self {
        self.proxies.greeting_delay = delay;
        self
    }

    pub(super) fn check_clients(&self) -> Result<(), BuildError> {
        let delay = self.proxies.greeting_delay;
        if delay < MAX_GREETING_DELAY {
            return Ok(());
        }
        let value = format_args!("{}s", delay.as_secs_f64());
        Err(BuildError::invalid("greeting_delay", value, "less than 300 seconds, as clients wait no longer"))
    }
}

/// How long clients wait for a greeting (RFC 5321 §4.5.3.2.1).
const MAX_GREETING_DELAY: Duration = Duration::from_secs(300);
