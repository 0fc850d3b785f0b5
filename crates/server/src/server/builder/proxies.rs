//! Trusted proxies.

use super::Builder;
use crate::net::network::Network;

/// Clients behind proxies.
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
}
