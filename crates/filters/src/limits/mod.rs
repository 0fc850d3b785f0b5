//! Rates of connections, messages and recipients.
//!
//! [`RateLimits`] refuses temporarily what comes faster than its [rates](Rate). The reply says when to try again.
//!
//! # Memory
//!
//! Each rate remembers up to [`max_keys`](RateLimits::max_keys) clients or addresses, each in 34 bytes. When there is no
//! room, it forgets the one that has used its rate least. So a crowd of addresses cannot make it forget a client that is
//! over its rate.

mod bucket;
mod hooks;
mod limit;
mod rate;
mod seen;
#[cfg(feature = "redis")]
mod shared;

use std::fmt;

use mailchute::proxy::Network;
use mailchute::{Builder, Install};
use tokio::time::Instant;

use crate::client::Exempt;
use crate::filter_id::FilterId;
#[cfg(feature = "redis")]
use crate::redis::Redis;
use limit::{Kind, Limit};
pub use rate::{Rate, RateError};

/// Limits the rates of connections, messages and recipients.
///
/// Each rate is off until it is set. The client of a rate is an IPv4 address, or an IPv6 network of 64 bits, since a host
/// chooses the other 64 bits itself.
///
/// | over | refusal |
/// |---|---|
/// | connections | `421 4.7.0 Too many connections; try again in 2 s`, and the server closes the connection |
/// | messages | `451 4.7.1 Too many messages; …` at MAIL |
/// | recipients | `450 4.7.1 Too many recipients; …` at RCPT |
///
/// A refusal takes nothing off a rate, so a client that comes too early does not wait longer for it. It is also the
/// finding `limits=over`. Mail within the rates has no finding, since a finding in each line of the log says nothing.
///
/// Register it before the check of recipients: see [`recipients`](Self::recipients).
///
/// # Exempt clients
/// Processes of this host that connect to a Unix socket are not limited, and neither are the networks of
/// [`exempt`](Self::exempt). [`messages_per_user`](Self::messages_per_user) holds for them too. A proxy that uses XCLIENT
/// is counted as a client until it names another, so exempt it.
///
/// # Examples
/// ```
/// use mailchute::{Server, Verdict};
/// use mailchute_filters::limits::RateLimits;
/// # use mailchute_stores::Discard;
///
/// let server = Server::builder()
///     .with(
///         RateLimits::new()
///             .connections("30/1m".parse()?)
///             .recipients("100/10m".parse()?)
///             .messages_per_user("200/1h".parse()?)
///             .exempt("10.0.0.0/8".parse()?),
///     )
///     .on_rcpt_to(|to, _session| async move { Verdict::accept_if(to.is_local_to(["example.com"])) })
///     .store(Discard)
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "limits do nothing until they are given to a builder"]
pub struct RateLimits {
    limits: [Option<Limit>; Kind::ALL.len()],
    max_keys: usize,
    exempt: Exempt,
    /// Tells the counts of this filter from those of others in the same session.
    id: FilterId,
    began: Instant,
    #[cfg(feature = "redis")]
    shared: Option<Redis>,
}

impl RateLimits {
    /// Makes a filter without any rate.
    pub fn new() -> Self {
        Self {
            limits: [const { None }; Kind::ALL.len()],
            max_keys: 65_536,
            exempt: Exempt::default(),
            id: FilterId::next(),
            began: Instant::now(),
            #[cfg(feature = "redis")]
            shared: None,
        }
    }

    /// Sets the rate of a client's connections.
    pub fn connections(self, rate: Rate) -> Self {
        self.limit(Kind::Connections, rate)
    }

    /// Sets the rate of connections whose clients give the same name in EHLO or HELO, wherever they come from.
    ///
    /// Some networks of infected hosts all give one name. So do the hosts of some large senders, so choose a high rate.
    pub fn connections_per_helo(self, rate: Rate) -> Self {
        self.limit(Kind::ConnectionsPerHelo, rate)
    }

    /// Sets the rate of a client's messages. Each MAIL that no earlier hook refuses counts.
    pub fn messages(self, rate: Rate) -> Self {
        self.limit(Kind::Messages, rate)
    }

    /// Sets the rate of messages from the same sender. The null sender of bounces is not limited.
    ///
    /// Without AUTH, any client can name any sender, and so use up the rate of a sender, whose mail then waits. So
    /// prefer [`messages_per_user`](Self::messages_per_user) where users log in.
    pub fn messages_per_sender(self, rate: Rate) -> Self {
        self.limit(Kind::MessagesPerSender, rate)
    }

    /// Sets the rate of messages of an authenticated user, from all clients together.
    pub fn messages_per_user(self, rate: Rate) -> Self {
        self.limit(Kind::MessagesPerUser, rate)
    }

    /// Sets the rate of a client's recipients. A recipient that a later hook refuses permanently, with a 5yz, counts ten.
    /// So a client that guesses addresses is soon over the rate.
    ///
    /// The filter learns of such refusals at the next RCPT, or at the end of the connection. Register it before the
    /// check of recipients, since hooks after a refusal are not asked.
    pub fn recipients(self, rate: Rate) -> Self {
        self.limit(Kind::Recipients, rate)
    }

    /// Sets how many clients or addresses each rate remembers. Default is 65,536, which take 2.2 MB at most.
    pub fn max_keys(mut self, max_keys: usize) -> Self {
        self.max_keys = max_keys;
        for kind in Kind::ALL {
            if let Some(Limit { rate, .. }) = self.limits[kind as usize] {
                self = self.limit(kind, rate);
            }
        }
        self
    }

    /// Exempts the clients of a network. It may be called several times.
    pub fn exempt(mut self, network: Network) -> Self {
        self.exempt.add(network);
        self
    }

    /// Shares the rates with all servers that have the same rates in the same Redis. Each decision is one script.
    ///
    /// While Redis does not answer, each server counts by itself. It then knows what it has counted before, but not what
    /// the others have.
    #[cfg(feature = "redis")]
    pub fn shared(mut self, redis: Redis) -> Self {
        self.shared = Some(redis);
        self
    }

    fn limit(mut self, kind: Kind, rate: Rate) -> Self {
        self.limits[kind as usize] = Some(Limit::new(kind, rate, self.max_keys));
        self
    }
}

impl Default for RateLimits {
    fn default() -> Self {
        Self::new()
    }
}

/// Registers the hooks.
impl Install for RateLimits {
    fn install(self, builder: Builder) -> Builder {
        builder.hooks(self)
    }
}

impl fmt::Debug for RateLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rates: Vec<_> = self.limits.iter().flatten().map(|limit| limit.rate.to_string()).collect();
        f.debug_struct("RateLimits")
            .field("rates", &rates)
            .field("max_keys", &self.max_keys)
            .finish_non_exhaustive()
    }
}
