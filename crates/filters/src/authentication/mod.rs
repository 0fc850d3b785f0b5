//! SPF, DKIM, ARC and DMARC as one filter.
//!
//! [`Authentication`] checks the mail of clients from elsewhere, and tells the results to the readers of the message
//! (`Authentication-Results`), to later filters and the store ([`Outcomes`]) and to the log (findings).

mod clients;
mod deadline;
mod message;
mod outcomes;
mod refusal;
mod sender;
mod vouched;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mailchute::proxy::Network;
use mailchute::{Builder, Install};

use crate::client::Exempt;
use crate::dns::Resolve;
use crate::name::{canonical, without_root};

pub use outcomes::Outcomes;

/// Checks SPF, DKIM, ARC and DMARC, and writes `Authentication-Results`.
///
/// SPF is checked at MAIL, so that later hooks know its result. The rest is checked when the message has come. The body
/// streams, so memory does not depend on its size.
///
/// The findings are `spf`, `dkim`, `arc` and `dmarc`, with the words of RFC 8601: `spf=pass`. All results are
/// [`Outcomes`] in the [state of the transaction](mailchute::Session::transaction_state).
///
/// # Clients
///
/// | client | checks | `Authentication-Results` |
/// |---|---|---|
/// | from elsewhere | all | forged ones are removed; all results are added |
/// | authenticated | none, as its mail has not left its domain yet | forged ones are removed; `auth=pass` |
/// | this host (loopback), or one that a proxy does not know | none | forged ones are removed; `none` |
/// | LMTP, a Unix socket, an [exempt](Self::exempt) network | none, as the server in front has checked | as they are |
///
/// A field is forged if it has the name of this server; see
/// [`is_forged`](crate::results::AuthenticationResults::is_forged).
///
/// # DMARC
///
/// By default, a message that fails is only marked. [`enforce_dmarc`](Self::enforce_dmarc) does what the author's domain
/// asks for. A DKIM signature that leaves a part of the body unsigned (`l=`) does not count, since anybody may have
/// added to it. Neither does one whose domain only tests DKIM (`t=y`): RFC 6376 §3.6.1 demands that such mail is treated
/// like unsigned mail. No reports are sent.
///
/// # Failures of the DNS
///
/// The filter refuses no message permanently because the DNS fails. The result is `temperror`, and another filter may act on
/// it.
///
/// With [`enforce_dmarc`](Self::enforce_dmarc), some messages are refused temporarily (`451 4.7.0`), and honest ones try
/// again. Their author's domain asks for `quarantine` or `reject`, and the DNS does not answer about a domain that could
/// authenticate the author. A forger could choose such a domain.
///
/// # Examples
/// ```
/// use mailchute::Server;
/// use mailchute_filters::authentication::Authentication;
/// # #[cfg(feature = "resolver")]
/// use mailchute_filters::dns::Resolver;
/// # use mailchute_stores::Discard;
///
/// # #[cfg(feature = "resolver")]
/// # fn build() -> Result<(), Box<dyn std::error::Error>> {
/// let authentication = Authentication::new(Resolver::system()?).enforce_dmarc();
/// let server = Server::builder().hostname("mx.example.com").with(authentication).store(Discard).build()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "it does nothing until it is given to a builder"]
pub struct Authentication<R> {
    resolver: R,
    authserv_id: Option<String>,
    dmarc: DmarcAction,
    adds_received_spf: bool,
    trusted_sealers: Vec<String>,
    exempt: Exempt,
    time_limit: Duration,
}

/// The treatment of messages that fail DMARC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DmarcAction {
    Mark,
    Enforce,
}

impl<R: Resolve + Send + 'static> Authentication<R> {
    /// Makes the filter with a resolver, which may be shared with others.
    pub fn new(resolver: R) -> Self {
        Self {
            resolver,
            authserv_id: None,
            dmarc: DmarcAction::Mark,
            adds_received_spf: false,
            trusted_sealers: Vec::new(),
            exempt: Exempt::default(),
            time_limit: Duration::from_secs(20),
        }
    }

    /// Sets the name under which the results are written (RFC 8601 §2.5). Default is the host name of the server. Servers
    /// of one site may share a name, so that they believe each other.
    pub fn authserv_id(mut self, name: impl Into<String>) -> Self {
        self.authserv_id = Some(name.into());
        self
    }

    /// Does what the author's domain asks for if a message fails DMARC: `reject` refuses it with `550 5.7.26`, and
    /// `quarantine` [files](mailchute::Message::file_into) it into `Junk`. If `pct` is less than 100, chance
    /// decides.
    ///
    /// A message whose author cannot be checked is refused with `550 5.7.1` (RFC 7489 §6.6.1). It has no `From:`, several of
    /// them, or one that mail programs read differently.
    ///
    /// A message is refused temporarily with `451 4.7.0` if the DNS leaves open whether it fails, and one of these cases
    /// holds:
    ///
    /// - The policy is known, and SPF or DKIM of a domain that is aligned with the author has no answer.
    /// - It is not known whether the author's domain exists, and its policy depends on that (`np`).
    /// - The record of a subdomain has no answer, but its organization has a policy. A domain that passes and is aligned
    ///   with the author by the record of the organization lets the message in.
    ///
    /// A message whose author's organization has no answer is accepted. RFC 7489 §6.6.3 leaves that open. The sender has no
    /// choice there, and the mail of domains without DMARC should not wait.
    ///
    /// Mailing lists and forwarders may break SPF and DKIM of honest mail. Domains with `reject` accept that, and
    /// [`trusted_arc_sealers`](Self::trusted_arc_sealers) helps.
    pub fn enforce_dmarc(mut self) -> Self {
        self.dmarc = DmarcAction::Enforce;
        self
    }

    /// Adds `Received-SPF` (RFC 7208 §9.1), which some older software reads, and removes those that name this server or no
    /// receiver. By default it is not added.
    pub fn received_spf(mut self) -> Self {
        self.adds_received_spf = true;
        self
    }

    /// Trusts the ARC seals of these domains and of those below them. By default none is trusted.
    ///
    /// A message that fails DMARC is then accepted under three conditions. Its ARC chain passes. All its sealers are
    /// trusted. The oldest of them names a pass of DMARC, of this author. A sealer that checks no DMARC vouches for nothing.
    ///
    /// Trust only mailing lists and forwarders that check mail themselves: they could write mail in any name.
    pub fn trusted_arc_sealers(mut self, domains: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let domains = domains.into_iter().filter_map(|domain| canonical(without_root(domain.as_ref())));
        self.trusted_sealers.extend(domains);
        self
    }

    /// Exempts the clients of a network from all checks, and believes their results. These are the site's own relays. It
    /// may be called several times.
    pub fn exempt(mut self, network: Network) -> Self {
        self.exempt.add(network);
        self
    }

    /// Sets how long the DNS may take for the check at MAIL, again for the signatures of the message, and again for DMARC.
    /// Later answers count as failures of the DNS. Default is 20 seconds, as RFC 7208 §4.6.4 recommends. A day is the most.
    pub fn time_limit(mut self, time: Duration) -> Self {
        self.time_limit = time;
        self
    }
}

/// Registers the check at MAIL and that of the message.
impl<R: Resolve + Send + 'static> Install for Authentication<R> {
    fn install(self, builder: Builder) -> Builder {
        let authentication = Arc::new(self);
        builder.hooks(Arc::clone(&authentication)).filter(authentication)
    }
}

impl<R> fmt::Debug for Authentication<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authentication")
            .field("authserv_id", &self.authserv_id)
            .field("dmarc", &self.dmarc)
            .field("adds_received_spf", &self.adds_received_spf)
            .field("trusted_sealers", &self.trusted_sealers)
            .field("time_limit", &self.time_limit)
            .finish_non_exhaustive()
    }
}
