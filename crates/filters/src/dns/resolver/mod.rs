//! A resolver that asks DNS servers, and keeps their answers as long as they hold.
//!
//! # Why
//!
//! The servers are asked by hickory's `NameServerPool`: random ports and IDs, repeated questions, TCP after a truncated
//! answer, equal questions at the same time asked once. Its `Resolver` above that does not fit. It bounds its cache by
//! the number of messages, and the senders of mail choose how large those are. It takes an endless chain of CNAME
//! records for a name without records. It does not ask a second server when the first one fails.

mod answer;
mod builder;
mod cache;
mod servers;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hickory_resolver::proto::rr::RecordType;
use tokio::sync::Semaphore;

pub use builder::ResolverBuilder;

use super::resolve::{DnsError, Resolve};
use super::reversed::reversed;
use answer::{Answer, Chain, Value};
use builder::Source;
use cache::{Cache, Question};
use servers::Servers;

/// The questions that wait for servers at the same time. Each one takes a socket or two.
const MAX_QUESTIONS: usize = 512;

/// The questions of one share that wait for servers at the same time.
const MAX_OF_SHARE: usize = MAX_QUESTIONS / 4;

/// How often the servers are read again while questions fail.
const READ_AGAIN: Duration = Duration::from_secs(60);

/// A resolver that asks DNS servers, and keeps their answers as long as they hold.
///
/// It asks by UDP, and again by TCP if an answer is too long. The servers must follow references by themselves, as
/// those of a provider, unbound and systemd-resolved do. If one fails, the next one is asked. Domains to search are not
/// used, nor is `/etc/hosts`. DNSSEC is not checked. A server that does it answers SERVFAIL for a forgery, which is an
/// error here.
///
/// All of it is bounded. A question takes [5 seconds](ResolverBuilder::timeout) at most, with all CNAME records, of which
/// 16 are followed. 512 questions wait for a server at once, and 128 of each [share](Self::share). Others wait for those,
/// within their own time. An answer with more than 1000 records of the type is an error. Answers are kept for an hour at most, those without a record
/// too, and in [16 MiB](ResolverBuilder::cache_size). The servers may keep them as well.
///
/// Hosts in MX and PTR records that cannot be names of hosts are left out: they have a dot, a control character or a
/// byte beyond ASCII in a label.
///
/// Servers of the system may change, by DHCP for example. While questions fail, `/etc/resolv.conf` is read once a minute, and
/// the servers that it names then are asked.
///
/// Clones share servers, answers and slots for questions. A [share](Self::share) has slots of its own.
///
/// # Examples
/// ```
/// use mailchute_filters::dns::{Resolve, Resolver};
///
/// # async fn addresses() -> Result<(), Box<dyn std::error::Error>> {
/// let resolver = Resolver::builder().servers([([127, 0, 0, 1], 53).into()]).build()?;
/// let addresses = resolver.a("mail.example.com").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Resolver {
    shared: Arc<Shared>,
    /// The slots of this share.
    slots: Arc<Semaphore>,
}

struct Shared {
    source: Source,
    /// Those that the source named last.
    servers: Mutex<Arc<Servers>>,
    /// When the source was read because a question had failed.
    read_at: Mutex<Option<Instant>>,
    timeout: Duration,
    cache: Mutex<Cache>,
    waiting: Semaphore,
}

impl Resolver {
    /// Makes a resolver that asks the servers of the system, which `/etc/resolv.conf` names now.
    ///
    /// # Errors
    /// The file cannot be read, or names no server.
    pub fn system() -> io::Result<Self> {
        Self::builder().build()
    }

    /// Returns a builder, for other servers or bounds.
    pub fn builder() -> ResolverBuilder {
        ResolverBuilder::new()
    }

    /// Returns the same resolver for another user, such as a filter, with slots of its own for 128 questions that wait. So a
    /// filter whose questions get no answers leaves slots to the others.
    #[must_use]
    pub fn share(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), slots: Arc::new(Semaphore::new(MAX_OF_SHARE)) }
    }

    /// Reads the servers again, which `/etc/resolv.conf` or [a function](ResolverBuilder::servers_by) names. Questions that
    /// wait go on with the servers before. Answers that are kept stay.
    ///
    /// # Errors
    /// They cannot be read, or none is named. The resolver goes on with those before.
    pub fn reread(&self) -> io::Result<()> {
        self.shared.reread()
    }

    /// Returns the records of a type that a name has.
    async fn lookup(&self, name: &str, kind: RecordType) -> Result<Arc<[Value]>, DnsError> {
        let shared = &*self.shared;
        let question = Question::new(name, kind);
        if let Some(values) = shared.cache().get(&question, Instant::now()) {
            return Ok(values);
        }
        let asked = async {
            let _slot = self.slots.acquire().await.map_err(DnsError::new)?;
            shared.ask(name, kind).await
        };
        let answer = tokio::time::timeout(shared.timeout, asked).await.unwrap_or_else(|_| {
            Err(DnsError::new(format!("no answer within {} s", shared.timeout.as_secs_f64())))
        });
        if answer.is_err() {
            self.question_has_failed();
        }
        let Answer { values, ttl } = answer?;
        let values = Arc::from(values);
        shared.cache().insert(question, Arc::clone(&values), ttl, Instant::now());
        Ok(values)
    }

    /// Reads the servers again, unless that was a short time ago.
    fn question_has_failed(&self) {
        let now = Instant::now();
        let mut read_at = lock(&self.shared.read_at);
        let is_due = read_at.is_none_or(|at| now.duration_since(at) >= READ_AGAIN);
        if is_due && self.shared.source.may_change() {
            *read_at = Some(now);
            let shared = Arc::clone(&self.shared);
            tokio::task::spawn_blocking(move || {
                // The servers before may come back, and the next failure reads again.
                let _ = shared.reread();
            });
        }
    }
}

impl Shared {
    fn cache(&self) -> MutexGuard<'_, Cache> {
        lock(&self.cache)
    }

    fn servers(&self) -> Arc<Servers> {
        Arc::clone(&lock(&self.servers))
    }

    fn reread(&self) -> io::Result<()> {
        let named = self.source.read()?;
        if self.servers().addresses() != named {
            let servers = Servers::new(named, self.timeout)?;
            tracing::info!(name: "dns-servers-changed", ?servers, "the system names other DNS servers");
            *lock(&self.servers) = Arc::new(servers);
        }
        Ok(())
    }

    /// Asks the servers, until a chain of CNAME records ends.
    async fn ask(&self, name: &str, kind: RecordType) -> Result<Answer, DnsError> {
        let mut chain = Chain::new(name)?;
        let servers = self.servers();
        let _slot = self.waiting.acquire().await.map_err(DnsError::new)?;
        loop {
            let response = servers.ask(chain.name(), kind).await?;
            if let Some(answer) = chain.follow(&response, kind)? {
                return Ok(answer);
            }
        }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver")
            .field("servers", &self.shared.servers())
            .field("timeout", &self.shared.timeout)
            .finish_non_exhaustive()
    }
}

impl Resolve for Resolver {
    async fn txt(&self, name: &str) -> Result<Vec<Vec<u8>>, DnsError> {
        Ok(collect(&self.lookup(name, RecordType::TXT).await?, |value| match value {
            Value::Txt(text) => Some(text.clone()),
            _ => None,
        }))
    }

    async fn a(&self, name: &str) -> Result<Vec<Ipv4Addr>, DnsError> {
        Ok(collect(&self.lookup(name, RecordType::A).await?, |value| match value {
            Value::A(address) => Some(*address),
            _ => None,
        }))
    }

    async fn aaaa(&self, name: &str) -> Result<Vec<Ipv6Addr>, DnsError> {
        Ok(collect(&self.lookup(name, RecordType::AAAA).await?, |value| match value {
            Value::Aaaa(address) => Some(*address),
            _ => None,
        }))
    }

    async fn mx(&self, name: &str) -> Result<Vec<String>, DnsError> {
        Ok(collect(&self.lookup(name, RecordType::MX).await?, host))
    }

    async fn ptr(&self, address: IpAddr) -> Result<Vec<String>, DnsError> {
        let top = if address.to_canonical().is_ipv4() { "in-addr" } else { "ip6" };
        let name = format!("{}.{top}.arpa", reversed(address));
        Ok(collect(&self.lookup(&name, RecordType::PTR).await?, host))
    }
}

/// Nothing under these locks can panic half-way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn collect<T>(values: &[Value], read: impl FnMut(&Value) -> Option<T>) -> Vec<T> {
    values.iter().filter_map(read).collect()
}

fn host(value: &Value) -> Option<String> {
    match value {
        Value::Host(host) => Some(host.clone()),
        _ => None,
    }
}
