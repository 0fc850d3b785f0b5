//! The subject of a check: the client, its EHLO and the sender (RFC 7208 §2.2).

use std::net::IpAddr;
use std::time::SystemTime;

use crate::name::to_ascii;

/// The identity whose domain a check is about (RFC 7208 §2.3 and §2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The sender of MAIL.
    MailFrom,
    /// The name that the client gave with HELO or EHLO. Bounces have no other.
    Helo,
}

impl Scope {
    /// Returns the word of RFC 7208 §9.1: `mailfrom` or `helo`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MailFrom => "mailfrom",
            Self::Helo => "helo",
        }
    }
}

/// The subject of a [`check`](super::check): a client, its EHLO and the sender.
#[derive(Clone, Debug)]
pub struct Query {
    client: IpAddr,
    helo: String,
    local_part: String,
    domain: String,
    scope: Scope,
    receiver: Option<String>,
    time: SystemTime,
}

impl Query {
    /// Makes a query about the sender of MAIL. With the empty sender of a bounce, it is about EHLO, as
    /// [`Query::for_helo`] is.
    ///
    /// An IPv4 address that is mapped into IPv6 counts as IPv4. Domains may have U-labels, which become A-labels
    /// (RFC 8616 §4).
    #[must_use]
    pub fn new(client: impl Into<IpAddr>, helo: &str, sender: &str) -> Self {
        let scope = if sender.is_empty() { Scope::Helo } else { Scope::MailFrom };
        let helo = to_ascii(helo);
        let (local_part, domain) = match sender.rsplit_once('@') {
            Some((local_part, domain)) => (local_part, to_ascii(domain)),
            None if sender.is_empty() => ("", helo.clone()),
            None => ("", to_ascii(sender)),
        };
        Self {
            client: client.into().to_canonical(),
            helo: helo.into_owned(),
            local_part: if local_part.is_empty() { "postmaster" } else { local_part }.to_owned(),
            domain: domain.into_owned(),
            scope,
            receiver: None,
            time: SystemTime::now(),
        }
    }

    /// Makes a query about the name that the client gave with HELO or EHLO.
    #[must_use]
    pub fn for_helo(client: impl Into<IpAddr>, helo: &str) -> Self {
        Self::new(client, helo, "")
    }

    /// Sets the name of this server, which an explanation may name. The default is `unknown`.
    #[must_use]
    pub fn receiver(mut self, hostname: impl Into<String>) -> Self {
        self.receiver = Some(hostname.into());
        self
    }

    /// Sets the time, which an explanation may name. The default is that of [`Query::new`].
    #[must_use]
    pub fn at(mut self, time: SystemTime) -> Self {
        self.time = time;
        self
    }

    pub(super) fn client(&self) -> IpAddr {
        self.client
    }

    pub(super) fn helo_name(&self) -> &str {
        &self.helo
    }

    /// The part before the `@`, or `postmaster`.
    pub(super) fn local_part(&self) -> &str {
        &self.local_part
    }

    /// The domain of the sender, which a check begins with.
    pub(super) fn domain(&self) -> &str {
        &self.domain
    }

    pub(super) fn scope(&self) -> Scope {
        self.scope
    }

    pub(super) fn receiver_name(&self) -> &str {
        self.receiver.as_deref().unwrap_or("unknown")
    }

    pub(super) fn unix_time(&self) -> u64 {
        self.time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }
}
