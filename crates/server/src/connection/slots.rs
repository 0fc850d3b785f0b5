//! The connections that are open: how many, from whom, and how to tell them to stop.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use mailchute_proto::Reply;
use mailchute_proto::reply::catalog;
use tokio::sync::Notify;

/// All open connections of a server.
#[derive(Debug)]
pub(crate) struct Slots {
    table: Mutex<Table>,
    /// As many as the table holds, for a look without its lock.
    count: AtomicUsize,
    /// Connections in all; 0 is no limit. As the other one, changed under the table's lock only.
    limit: AtomicUsize,
    /// Connections of one client; 0 is no limit.
    limit_per_client: AtomicUsize,
    /// Rung when the last one closes.
    empty: Notify,
}

#[derive(Debug, Default)]
struct Table {
    /// By the keys of their places.
    open: Vec<Option<Arc<ShutdownSignal>>>,
    /// Keys that nobody has now.
    free: Vec<usize>,
    per_client: HashMap<Client, usize>,
    urgency: Urgency,
}

/// Who counts as one client: an IPv4 address, or an IPv6 network of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Client {
    V4([u8; 4]),
    V6([u16; 4]),
}

impl Client {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

/// Why there is no place for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    Full,
    FullForClient,
}

/// For logs.
impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "too many connections",
            Self::FullForClient => "too many connections of this client",
        })
    }
}

impl Full {
    pub(crate) fn reply(self) -> Reply {
        match self {
            Self::Full => catalog::TOO_MANY_CONNECTIONS,
            Self::FullForClient => catalog::TOO_MANY_CONNECTIONS_FROM_CLIENT,
        }
    }
}

/// A connection's place; given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    connections: Arc<Slots>,
    key: usize,
    /// Who it is counted for, if anybody, or if that is known yet.
    client: Option<Client>,
    stop: Arc<ShutdownSignal>,
}

/// How soon a session has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[repr(u8)]
pub(crate) enum Urgency {
    #[default]
    None,
    /// After the transaction that is under way.
    Drain,
    /// At once.
    Now,
}

/// Tells one session that the server stops.
#[derive(Debug, Default)]
pub(crate) struct ShutdownSignal {
    urgency: AtomicU8,
    waker: Mutex<Option<Waker>>,
}

impl Slots {
    pub(crate) fn new(limit: usize, limit_per_client: usize) -> Self {
        Self {
            table: Mutex::default(),
            count: AtomicUsize::new(0),
            limit: AtomicUsize::new(limit),
            limit_per_client: AtomicUsize::new(limit_per_client),
            empty: Notify::new(),
        }
    }

    /// Sets other limits. Where more connections are open than they allow, these stay, and no other is let in.
    pub(crate) fn limit(&self, limit: usize, per_client: usize) {
        let _table = self.table();
        self.limit.store(limit, Ordering::Relaxed);
        self.limit_per_client.store(per_client, Ordering::Relaxed);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // No code of others runs under this lock, so nothing in it is ever half-done.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a client; one without an address, or that a proxy has yet to name, counts towards the whole
    /// only.
    pub(crate) fn acquire(self: &Arc<Self>, client: Option<IpAddr>) -> Result<Slot, Full> {
        let client = client.map(Client::of);
        let mut table = self.table();
        let limit = self.limit.load(Ordering::Relaxed);
        if limit != 0 && table.count() >= limit {
            return Err(Full::Full);
        }
        if let Some(client) = client {
            table.count_in(client, self.limit_per_client.load(Ordering::Relaxed))?;
        }
        let stop =
            Arc::new(ShutdownSignal { urgency: AtomicU8::new(table.urgency as u8), waker: Mutex::default() });
        let key = table.open(Arc::clone(&stop));
        self.count.store(table.count(), Ordering::Relaxed);
        Ok(Slot { connections: Arc::clone(self), key, client, stop })
    }

    /// Tells every session, also those to come, that the server stops.
    pub(crate) fn stop(&self, urgency: Urgency) {
        let mut table = self.table();
        table.urgency = urgency;
        for stop in table.open.iter().flatten() {
            stop.set(urgency);
        }
    }

    /// How many are open.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Whether one of the last places is taken: of the last tenth, or of fewer than ten places the last.
    pub(crate) fn is_crowded(&self) -> bool {
        let limit = self.limit.load(Ordering::Relaxed);
        limit != 0 && self.count() > limit.saturating_sub((limit / 10).max(1))
    }

    /// Waits until none is open.
    pub(crate) async fn until_empty(&self) {
        loop {
            let emptied = self.empty.notified();
            if self.table().count() == 0 {
                return;
            }
            emptied.await;
        }
    }
}

impl Table {
    fn count(&self) -> usize {
        self.open.len() - self.free.len()
    }

    fn open(&mut self, stop: Arc<ShutdownSignal>) -> usize {
        let key = self.free.pop().unwrap_or(self.open.len());
        match self.open.get_mut(key) {
            Some(place) => *place = Some(stop),
            None => self.open.push(Some(stop)),
        }
        key
    }

    fn close(&mut self, key: usize) {
        if self.open.get_mut(key).and_then(Option::take).is_some() {
            self.free.push(key);
        }
    }

    fn count_in(&mut self, client: Client, limit: usize) -> Result<(), Full> {
        let of_client = self.per_client.entry(client).or_default();
        if limit != 0 && *of_client >= limit {
            return Err(Full::FullForClient);
        }
        *of_client += 1;
        Ok(())
    }

    fn count_out(&mut self, client: Client) {
        if let Some(count) = self.per_client.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                self.per_client.remove(&client);
            }
        }
    }
}

impl Slot {
    /// From now on the place is that of `client`, if that one may have another; else it stays whose it was. Without a
    /// client it counts towards the whole only.
    pub(crate) fn reassign(&mut self, client: Option<IpAddr>) -> Result<(), Full> {
        let client = client.map(Client::of);
        if self.client == client {
            return Ok(());
        }
        let mut table = self.connections.table();
        if let Some(client) = client {
            table.count_in(client, self.connections.limit_per_client.load(Ordering::Relaxed))?;
        }
        if let Some(before) = std::mem::replace(&mut self.client, client) {
            table.count_out(before);
        }
        Ok(())
    }

    pub(crate) fn stop(&self) -> &ShutdownSignal {
        &self.stop
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut table = self.connections.table();
        table.close(self.key);
        self.connections.count.store(table.count(), Ordering::Relaxed);
        if let Some(client) = self.client {
            table.count_out(client);
        }
        if table.count() == 0 {
            self.connections.empty.notify_waiters();
        }
    }
}

impl ShutdownSignal {
    fn set(&self, urgency: Urgency) {
        self.urgency.store(urgency as u8, Ordering::Release);
        if let Some(waker) = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take() {
            waker.wake();
        }
    }

    /// How soon to end; nobody is woken when that changes.
    pub(crate) fn urgency(&self) -> Urgency {
        match self.urgency.load(Ordering::Acquire) {
            0 => Urgency::None,
            1 => Urgency::Drain,
            _ => Urgency::Now,
        }
    }

    /// How soon to end; the task is woken when that changes.
    pub(crate) fn poll(&self, context: &Context<'_>) -> Urgency {
        if self.urgency() == Urgency::Now {
            return Urgency::Now;
        }
        let mut waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        match &*waker {
            Some(known) if known.will_wake(context.waker()) => {}
            _ => *waker = Some(context.waker().clone()),
        }
        // It may have changed before the waker was there to be woken.
        self.urgency()
    }
}
