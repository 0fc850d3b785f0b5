//! The slots of open connections: their limits, their clients, and how they are stopped.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future as _, poll_fn};
use std::net::IpAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;
use std::time::Duration;

use mailchute_proto::Reply;
use mailchute_proto::catalog;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout, timeout_at};

use crate::connection::shutdown_signal::{ShutdownSignal, Urgency};
use crate::net::client_key::ClientKey;
use crate::session::Session;

/// All open connections of a server.
#[derive(Debug)]
pub(crate) struct Slots {
    table: Mutex<Table>,
    /// The number of open connections, to read without the lock of the table.
    count: AtomicUsize,
    /// The most connections; 0 stands for no limit. Both limits change only under the lock of the table.
    limit: AtomicUsize,
    /// The most connections of one client; 0 stands for no limit.
    limit_per_client: AtomicUsize,
    /// Notified when the last connection closes.
    empty: Notify,
    /// The time at which open sessions are cut off, once the server stops.
    deadline: watch::Sender<Option<Instant>>,
    /// The runtime of the connections, for a stop that begins outside of any runtime.
    runtime: OnceLock<Option<Handle>>,
}

/// The time for the last reply of sessions that are cut off.
pub(crate) const FAREWELL: Duration = Duration::from_secs(5);

/// The grace instead of one that is longer than the clock goes.
const ENDLESS: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

#[derive(Debug, Default)]
struct Table {
    /// By the keys of the slots.
    open: Vec<Option<Arc<ShutdownSignal>>>,
    /// The keys of free slots.
    free: Vec<usize>,
    per_client: HashMap<ClientKey, usize>,
    urgency: Urgency,
}

/// The error for a connection that gets no slot.
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

/// The slot of a connection. Dropping it frees the slot.
#[derive(Debug)]
pub(crate) struct Slot {
    connections: Arc<Slots>,
    key: usize,
    /// The client that it is counted for, if any, and if it is known yet.
    client: Option<ClientKey>,
    stop: Arc<ShutdownSignal>,
}

impl Slots {
    pub(crate) fn new(limit: usize, limit_per_client: usize) -> Self {
        Self {
            table: Mutex::default(),
            count: AtomicUsize::new(0),
            limit: AtomicUsize::new(limit),
            limit_per_client: AtomicUsize::new(limit_per_client),
            empty: Notify::new(),
            deadline: watch::Sender::new(None),
            runtime: OnceLock::new(),
        }
    }

    /// Sets other limits. If more connections are open than they allow, these stay, but no other is accepted.
    pub(crate) fn limit(&self, limit: usize, per_client: usize) {
        let _table = self.table();
        self.limit.store(limit, Ordering::Relaxed);
        self.limit_per_client.store(per_client, Ordering::Relaxed);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // No foreign code runs under this lock, so the table is always consistent.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a slot for a client. A client without an address, or one that a proxy has not named yet, counts only
    /// towards the total.
    pub(crate) fn acquire(self: &Arc<Self>, client: Option<IpAddr>) -> Result<Slot, Full> {
        self.runtime.get_or_init(|| Handle::try_current().ok());
        let client = client.map(ClientKey::of);
        let mut table = self.table();
        let limit = self.limit.load(Ordering::Relaxed);
        if limit != 0 && table.count() >= limit {
            return Err(Full::Full);
        }
        if let Some(client) = client {
            table.count_in(client, self.limit_per_client.load(Ordering::Relaxed))?;
        }
        let stop = Arc::new(ShutdownSignal::new(table.urgency));
        let key = table.open(Arc::clone(&stop));
        self.count.store(table.count(), Ordering::Relaxed);
        Ok(Slot { connections: Arc::clone(self), key, client, stop })
    }

    /// Begins to stop, or brings the end of a stop forward. Open and new sessions end after their transaction. After
    /// `grace` they are cut off.
    pub(crate) fn stop(self: &Arc<Self>, grace: Duration) {
        let now = Instant::now();
        let end = now.checked_add(grace).unwrap_or_else(|| now + ENDLESS);
        let mut is_first = false;
        self.deadline.send_if_modified(|deadline| {
            is_first = deadline.is_none();
            let is_sooner = deadline.is_none_or(|so_far| end < so_far);
            if is_sooner {
                *deadline = Some(end);
            }
            is_sooner
        });
        if is_first {
            tracing::info!(name: "stopping", sessions = self.count(), "stopping");
            self.raise(Urgency::Drain);
        }
    }

    /// Stops as [`stop`](Self::stop) does, and cuts sessions off even if no task waits for the end.
    pub(crate) fn stop_by_itself(self: &Arc<Self>, grace: Duration) {
        self.stop(grace);
        let connections = Arc::clone(self);
        let runtime = Handle::try_current().ok().or_else(|| self.runtime.get().cloned().flatten());
        // Without any runtime there was no session.
        if let Some(runtime) = runtime {
            runtime.spawn(async move { connections.until_stopped().await });
        }
    }

    /// Waits until the server begins to stop.
    pub(crate) async fn until_stopping(&self) {
        // The sender is here.
        let _ = self.deadline.subscribe().wait_for(Option::is_some).await;
    }

    /// Waits until the server has stopped. After the grace it cuts off the remaining sessions.
    pub(crate) async fn until_stopped(&self) {
        let mut deadline = self.deadline.subscribe();
        // The sender is here, so this does not fail.
        let _ = deadline.wait_for(Option::is_some).await;
        loop {
            let Some(end) = *deadline.borrow_and_update() else { return };
            let mut emptied = pin!(timeout_at(end, self.until_empty()));
            let mut changed = pin!(deadline.changed());
            let over = poll_fn(|context| match emptied.as_mut().poll(context) {
                Poll::Ready(over) => Poll::Ready(Some(over)),
                // The grace is another.
                Poll::Pending => changed.as_mut().poll(context).map(|_| None),
            });
            match over.await {
                Some(Ok(())) => return,
                Some(Err(_)) => break,
                None => {}
            }
        }
        if self.raise(Urgency::Now) {
            tracing::warn!(name: "grace-over", sessions = self.count(), "the grace is over: cutting sessions off");
        }
        let _ = timeout(FAREWELL, self.until_empty()).await;
    }

    /// Tells all sessions, also new ones, how soon to end. Returns whether one of them did not know.
    fn raise(&self, urgency: Urgency) -> bool {
        let mut table = self.table();
        if table.urgency >= urgency {
            return false;
        }
        table.urgency = urgency;
        for stop in table.open.iter().flatten() {
            stop.set(urgency);
        }
        true
    }

    /// Returns the open sessions.
    pub(crate) fn sessions(&self) -> Vec<Session> {
        let open: Vec<_> = self.table().open.iter().flatten().cloned().collect();
        open.iter().filter_map(|stop| stop.session()).collect()
    }

    /// Returns the number of open connections.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Returns whether slots are short: the last tenth is in use, or of fewer than ten slots the last.
    pub(crate) fn is_crowded(&self) -> bool {
        let limit = self.limit.load(Ordering::Relaxed);
        limit != 0 && self.count() > limit.saturating_sub((limit / 10).max(1))
    }

    /// Waits until no connection is open.
    async fn until_empty(&self) {
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

    fn count_in(&mut self, client: ClientKey, limit: usize) -> Result<(), Full> {
        let of_client = self.per_client.entry(client).or_default();
        if limit != 0 && *of_client >= limit {
            return Err(Full::FullForClient);
        }
        *of_client += 1;
        Ok(())
    }

    fn count_out(&mut self, client: ClientKey) {
        if let Some(count) = self.per_client.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                self.per_client.remove(&client);
            }
        }
    }
}

impl Slot {
    /// Counts the slot for `client`, if that one may have another. Otherwise nothing changes. Without a client the slot
    /// counts only towards the total.
    pub(crate) fn reassign(&mut self, client: Option<IpAddr>) -> Result<(), Full> {
        let client = client.map(ClientKey::of);
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

    pub(crate) fn stop(&self) -> &Arc<ShutdownSignal> {
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
