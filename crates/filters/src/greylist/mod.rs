//! Greylisting: unknown clients try again later.
//!
//! A server that sends mail keeps what it could not deliver, and tries again. Much of the software that sends spam does
//! not. So a [`Greylist`] refuses the first try temporarily, and accepts the second.

#[cfg(feature = "sqlite")]
mod database;
mod decide;
#[cfg(feature = "sqlite")]
mod file;
mod hooks;
mod memory;
mod sender;
#[cfg(feature = "redis")]
mod shared;

use std::fmt;
use std::time::{Duration, SystemTime};

use mailchute::proxy::Network;
use mailchute::{Builder, Install};
use tokio::time::Instant;

use crate::client::Exempt;
#[cfg(feature = "redis")]
use crate::redis::Redis;
use crate::table::Table;
use decide::{Decision, Keys, Record, Times};

/// Refuses mail temporarily, the first time that a client brings mail from a sender for a recipient.
///
/// The client gets `451 4.7.1 Greylisted; try again in 5 min` at RCPT. It is known by its network: the first 24 bits of
/// an IPv4 address or 64 bits of an IPv6 address, as large senders try again from another host. When it tries again
/// after the [delay](Self::delay), the mail passes, and so does later mail of the same three.
///
/// The finding is `greylist=wait` for mail that must wait, `pass` for the mail that has waited, and `known` for later
/// mail.
///
/// # Order
/// Register the greylist after the check of recipients. Hooks are asked in order, and a greylist that is asked first
/// remembers each attempt to relay, and tells clients to try again for nothing.
///
/// # Exempt mail
/// Clients that have authenticated and processes of this host that use a Unix socket need not wait. Mail to the postmaster
/// never waits. Mail of the null sender waits at DATA instead of RCPT, as servers that verify a sender ask about
/// recipients only. Numbers and tags in the sender do not count: mailing lists, bounce addresses and forwarders write
/// other ones each time (VERP, BATV, SRS).
///
/// # Memory
/// A record has 34 bytes, and there are at most [`max_entries`](Self::max_entries). When the memory is full, the record that
/// would expire first makes room. So mail that still waits is forgotten before mail that has passed. In a
/// [file](Self::file), a quarter of the records is for mail that waits, so new mail always has room.
///
/// # Examples
/// ```
/// use mailchute::{Server, Verdict};
/// use mailchute_filters::greylist::Greylist;
/// # use mailchute_stores::Discard;
///
/// let server = Server::builder()
///     .on_rcpt_to(|to, _session| async move { Verdict::accept_if(to.is_local_to(["example.com"])) })
///     .with(Greylist::new())
///     .store(Discard)
///     .build()?;
/// # Ok::<(), mailchute::BuildError>(())
/// ```
#[must_use = "a greylist does nothing until it is given to a builder"]
pub struct Greylist {
    times: Times,
    max_entries: usize,
    exempt: Exempt,
    memory: Table<Record>,
    clock: Clock,
    #[cfg(feature = "redis")]
    shared: Option<Redis>,
    #[cfg(feature = "sqlite")]
    file: Option<file::File>,
}

impl Greylist {
    /// Makes a greylist with the default times.
    pub fn new() -> Self {
        let max_entries = 500_000;
        Self {
            times: Times {
                delay: millis(Duration::from_secs(5 * 60)),
                retry_window: millis(Duration::from_secs(2 * DAY)),
                expiry: millis(Duration::from_secs(35 * DAY)),
                known_after: 5,
            },
            max_entries,
            exempt: Exempt::default(),
            memory: Table::new(max_entries),
            clock: Clock::now(),
            #[cfg(feature = "redis")]
            shared: None,
            #[cfg(feature = "sqlite")]
            file: None,
        }
    }

    /// Sets how long a client must wait. Default is 5 minutes: servers wait at least as long before they try again, and
    /// DNS lists learn of new senders of spam meanwhile.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.times.delay = millis(delay);
        self
    }

    /// Sets how long after the delay a client may try again. Default is 2 days. A client that comes
    /// later waits again.
    pub fn retry_window(mut self, window: Duration) -> Self {
        self.times.retry_window = millis(window);
        self
    }

    /// Sets how long mail that has passed is known after it was last seen. Default is 35 days, so that monthly mail does not
    /// wait. Up to one day less may count, as not each message writes a time.
    pub fn expiry(mut self, expiry: Duration) -> Self {
        self.times.expiry = millis(expiry);
        self
    }

    /// Sets after how many successes a network is known, whatever it brings. Default is 5: a network that has tried again
    /// so often will do it again. 0 means never.
    pub fn known_after(mut self, successes: u32) -> Self {
        self.times.known_after = successes.into();
        self
    }

    /// Sets how many records are kept. Default is 500,000, which take 17 MB of memory if all are used.
    ///
    /// At least a quarter is for mail that waits. If there is more of it, that of the network with the most makes room. So a
    /// client that tries many senders pushes out only mail of its network.
    pub fn max_entries(mut self, max_entries: usize) -> Self {
        self.max_entries = max_entries;
        self.memory = Table::new(max_entries);
        self
    }

    /// Exempts the clients of a network. It may be called several times.
    pub fn exempt(mut self, network: Network) -> Self {
        self.exempt.add(network);
        self
    }

    /// Shares the records with all servers that use the same Redis. Each decision is one script, and the time is that of
    /// Redis. Redis forgets records by itself, so [`max_entries`](Self::max_entries) bounds only how many triplets of each
    /// network wait: a 16th of it. Set its `maxmemory`, with the policy `volatile-lru`. The policy `volatile-ttl` would
    /// forget new mail that waits first, and that mail would never pass.
    ///
    /// While Redis does not answer, each server decides by itself. It then knows what it has decided before, but not what
    /// the others have.
    #[cfg(feature = "redis")]
    pub fn shared(mut self, redis: Redis) -> Self {
        self.shared = Some(redis);
        self
    }

    /// Keeps the records in a SQLite file, so that they last over restarts. It is made if it does not exist, and has two
    /// files next to it while it is used (`-wal` and `-shm`). The directory must exist. 500,000 records take about 50 MB.
    ///
    /// A file is for one greylist: with other times or bounds, another one takes another file. Two processes with the same
    /// greylist may have the file open, as during a restart.
    ///
    /// The file holds hashes, not addresses. A thread of its own reads and writes it, and mail waits one second for it at
    /// most. If the file is damaged, locked by another program, or on a full disk, the greylist goes on in memory. It
    /// then tries the file once a minute. The log says so once (`greylist-file-failed`, `greylist-file-back`).
    ///
    /// With [`shared`](Self::shared) too, Redis decides, and the file is for the time when Redis does not answer.
    ///
    /// The thread starts, and opens the file, at the first question. So a sandbox that the program enters before confines it
    /// too. If the thread cannot be started, the greylist stays in memory, and the log says so.
    #[cfg(feature = "sqlite")]
    pub fn file(mut self, path: impl Into<std::path::PathBuf>) -> Self {
        self.file = Some(file::File::new(path.into()));
        self
    }

    /// Returns how many triplets of a network may wait in Redis, which has no other bound.
    #[cfg(feature = "redis")]
    fn most_of_network(&self) -> u64 {
        (self.max_entries as u64 / 16).max(16)
    }

    async fn decide(&self, keys: Keys) -> Decision {
        #[cfg(feature = "redis")]
        if let Some(redis) = &self.shared
            && let Some(decision) = shared::decide(redis, keys, &self.times, self.most_of_network()).await
        {
            return self.decide_here(keys, Some(decision)).await;
        }
        self.decide_here(keys, None).await
    }

    /// Decides by what this server knows, or records what has been decided elsewhere.
    async fn decide_here(&self, keys: Keys, told: Option<Decision>) -> Decision {
        let now = self.clock.millis();
        #[cfg(feature = "sqlite")]
        if let Some(file) = &self.file {
            let (times, max_entries) = (self.times, self.max_entries);
            if let Some(decision) = file.decide(file::Question { keys, times, max_entries, now, told }).await
            {
                return decision;
            }
        }
        let Ok(decision) = match told {
            #[cfg(any(feature = "redis", feature = "sqlite"))]
            Some(told) => decide::note(&mut &self.memory, keys, &self.times, now, told).map(|()| told),
            _ => decide::decide(&mut &self.memory, keys, &self.times, now),
        };
        decision
    }
}

impl Default for Greylist {
    fn default() -> Self {
        Self::new()
    }
}

/// Registers the hooks.
impl Install for Greylist {
    fn install(self, builder: Builder) -> Builder {
        builder.hooks(self)
    }
}

impl fmt::Debug for Greylist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Greylist")
            .field("times", &self.times)
            .field("max_entries", &self.max_entries)
            .finish_non_exhaustive()
    }
}

/// The seconds of a day.
const DAY: u64 = 24 * 60 * 60;

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The time of day. It never goes back while the process runs, even if somebody sets the clock of the host.
struct Clock {
    began: SystemTime,
    moment: Instant,
}

impl Clock {
    fn now() -> Self {
        Self { began: SystemTime::now(), moment: Instant::now() }
    }

    /// Returns the milliseconds since 1970.
    fn millis(&self) -> u64 {
        let began = self.began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        millis(began.saturating_add(self.moment.elapsed()))
    }
}
