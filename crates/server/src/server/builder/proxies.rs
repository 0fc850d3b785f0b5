//! Who the client really is, and when it may talk.

use std::time::Duration;

use super::Builder;
use crate::net::network::Network;
use crate::server::build_error::BuildError;

/// Clients behind proxies, and clients that talk too early.
impl Builder {
    /// Networks whose connections come through a proxy that speaks the PROXY protocol, version 1 or 2, as HAProxy
    /// does. Each of them has to begin with a PROXY header within [5 s](Self::proxy_timeout), before the greeting
    /// and before TLS; the client that it names is the session's, also for the limit on connections of one client. One
    /// without a good header is closed without a word. A PROXY header from anywhere else is not taken. Default is
    /// none.
    ///
    /// Some headers name nobody (`LOCAL`, `UNKNOWN`, families other than IP): the proxy checks whether we are there, or
    /// passes on a client that it cannot name. Then the proxy's own address is the client's, for hooks and limits too,
    /// but it may not say XCLIENT or XFORWARD, whatever [`xclient_from`](Self::xclient_from) allows.
    ///
    /// Name the addresses of the proxies alone: whoever connects from there can pass for anybody.
    ///
    /// # Examples
    /// ```
    /// # fn run() -> Result<(), mailchute::NetworkError> {
    /// let builder = mailchute::Server::builder().proxy_from(["10.0.0.5".parse()?, "2001:db8::/64".parse()?]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn proxy_from(mut self, networks: impl IntoIterator<Item = Network>) -> Self {
        self.proxies.proxies.extend(networks);
        self
    }

    /// Networks whose clients may name the client that they speak for, by Postfix's XCLIENT and XFORWARD; all others
    /// are answered `550 5.7.1`. Behind a proxy the proxy's client has to be in one of them. XCLIENT begins the
    /// session anew: connect hooks are asked, and identity, [state](crate::Session::state) and
    /// [edits](crate::Session::edit_ehlo) are gone. XFORWARD is kept for
    /// [`Session::forwarded`](crate::Session::forwarded). Default is none.
    ///
    /// Connections from these networks do not count towards
    /// [`max_connections_per_client`](Self::max_connections_per_client) until XCLIENT names their client; one whose
    /// address the proxy does not know (`ADDR=[UNAVAILABLE]`) counts for nobody.
    ///
    /// STARTTLS forgets the login and the name of EHLO that an XCLIENT told, but not the client's address and host
    /// name, as with Postfix: a proxy may pass its client's own STARTTLS on, and that client must not become the proxy.
    /// A proxy that shakes hands itself says XCLIENT inside TLS, where nobody on the way can change it.
    ///
    /// Name the addresses of the proxies alone: whoever connects from there can pass for anybody, with any login.
    pub fn xclient_from(mut self, networks: impl IntoIterator<Item = Network>) -> Self {
        self.proxies.xclients.extend(networks);
        self
    }

    /// How long clients have to be silent before they are greeted; less than five minutes, which is what they wait
    /// (RFC 5321 §4.5.3.2.1). Many senders of spam do not wait, and are answered `554 5.5.0` and hung up on. So is a
    /// client that talks while the connect hooks decide.
    ///
    /// Default is none: then early commands are answered after the greeting, as some devices and scripts send them. In
    /// both cases a PROXY header from an address that may send none, and TLS on a listener without it, close the
    /// connection without a reply.
    ///
    /// Where TLS begins with the first octet, the time begins after the handshake.
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

/// What clients wait for a greeting (RFC 5321 §4.5.3.2.1).
const MAX_GREETING_DELAY: Duration = Duration::from_secs(300);
