//! Connections to the targets: how many there may be, and those that wait for their next message.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::connection::Connection;
use super::dial::Dial;
use super::error::HopError;
use super::parked::{self, Parked};
use super::target::Target;

/// How long a transaction waits for a connection when all are in use.
const WAIT: Duration = Duration::from_secs(10);

/// How long the next hop has to answer QUIT when the program ends.
const FAREWELL: Duration = Duration::from_secs(1);

/// How old a connection is when it is not used again: so mail goes back to the first target once that is back.
const OLDEST: Duration = Duration::from_secs(300);

/// Connections that may wait for their next message.
const MOST_IDLE: usize = 20;

#[derive(Debug)]
pub(super) struct Pool {
    pub(super) dial: Dial,
    pub(super) targets: Vec<Target>,
    /// The one that was used last is the last.
    idle: Mutex<Vec<Connection>>,
    /// Those in a transaction whose client has not sent its next command.
    pub(super) parked: Parked,
    /// Counts the connections that belong to a transaction.
    slots: Arc<Semaphore>,
    idle_limit: Duration,
    is_reaped: AtomicBool,
}

impl Pool {
    pub(super) fn new(dial: Dial, targets: Vec<Target>, connections: usize, idle_limit: Duration) -> Self {
        Self {
            dial,
            targets,
            idle: Mutex::default(),
            parked: Parked::default(),
            slots: Arc::new(Semaphore::new(connections.clamp(1, Semaphore::MAX_PERMITS))),
            idle_limit,
            is_reaped: AtomicBool::new(false),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // Each change is complete before anything can panic.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a connection that waits for MAIL: one that has been used, if there is one and no new one is wanted. A new
    /// one goes to the first target that takes it.
    pub(super) async fn get(self: &Arc<Self>, hostname: &str, is_new: bool) -> Result<Connection, HopError> {
        let permit = self.slot().await?;
        if is_new {
            // One that was used is lost, so the others may be lost as well. Closed without QUIT, as somebody waits.
            let idle = std::mem::take(&mut *self.idle());
            drop(idle);
        }
        loop {
            let Some(mut connection) = self.idle().pop() else { break };
            if !self.is_stale(&connection) && connection.is_open().await {
                connection.is_used = true;
                connection.permit = Some(permit);
                return Ok(connection);
            }
        }
        let mut connection = self.connect(hostname).await?;
        connection.permit = Some(permit);
        Ok(connection)
    }

    /// Waits until there may be one more connection. Meanwhile each client that does not go on loses its own.
    async fn slot(self: &Arc<Self>) -> Result<OwnedSemaphorePermit, HopError> {
        let end = Instant::now() + WAIT;
        // One future, so that it keeps its place in the queue.
        let mut permit = pin!(Arc::clone(&self.slots).acquire_owned());
        let mut next = self.parked.next();
        loop {
            match timeout_at(next.min(end), &mut permit).await {
                Ok(permit) => return permit.map_err(|_| HopError::Busy),
                Err(_) if Instant::now() >= end => return Err(HopError::Busy),
                Err(_) => {}
            }
            next = match self.parked.take_longest() {
                Some(connection) => {
                    self.put(connection, true);
                    // One is enough, unless the next hop does not answer RSET.
                    Instant::now() + parked::OWN
                }
                None => self.parked.next(),
            };
        }
    }

    /// Says goodbye on all connections that wait for their next message, for a second at most.
    pub(super) async fn disconnect(&self) {
        let idle = std::mem::take(&mut *self.idle());
        let farewells = idle.into_iter().map(|connection| connection.quit(FAREWELL));
        // A next hop that has not answered by then loses nothing.
        let _ = timeout(FAREWELL, farewells.collect::<JoinSet<_>>().join_all()).await;
    }

    fn is_stale(&self, connection: &Connection) -> bool {
        connection.last_used.elapsed() >= self.idle_limit || connection.opened.elapsed() >= OLDEST
    }

    /// Tries the targets in order. Those that failed a short time ago come last.
    async fn connect(&self, hostname: &str) -> Result<Connection, HopError> {
        let (dead, alive): (Vec<_>, Vec<_>) =
            self.targets.iter().enumerate().partition(|(_, target)| target.is_dead());
        let mut failure = None;
        for (number, target) in alive.into_iter().chain(dead) {
            match self.dial.connect(number, target, hostname).await {
                Ok(connection) => {
                    target.works();
                    return Ok(connection);
                }
                Err(error) => {
                    target.failed(&error);
                    failure = Some(error);
                }
            }
        }
        Err(failure.unwrap_or(HopError::Lacks("an address")))
    }

    /// Takes a connection back. One that is in a transaction is reset first; one whose state is not known is closed.
    pub(super) fn put(self: &Arc<Self>, mut connection: Connection, is_in_transaction: bool) {
        if connection.owed > 0 {
            return;
        }
        // At the end of the runtime there is nobody to talk to the next hop.
        let Ok(runtime) = Handle::try_current() else { return };
        if !is_in_transaction && !self.is_surplus(&connection) {
            return self.keep(connection, &runtime);
        }
        let pool = Arc::clone(self);
        runtime.spawn(async move {
            let limit = pool.dial.command_limit;
            if is_in_transaction {
                match connection.command("RSET", "RSET", limit).await {
                    Ok(reply) if reply.is_positive() => {}
                    _ => return,
                }
            }
            if pool.is_surplus(&connection) {
                connection.quit(limit).await;
            } else {
                pool.keep(connection, &Handle::current());
            }
        });
    }

    /// Returns whether a connection that was used just now does not wait for another message.
    fn is_surplus(&self, connection: &Connection) -> bool {
        connection.opened.elapsed() >= OLDEST || self.idle_limit.is_zero() || self.idle().len() >= MOST_IDLE
    }

    fn keep(self: &Arc<Self>, mut connection: Connection, runtime: &Handle) {
        connection.last_used = Instant::now();
        // Put first, so that the next one finds it.
        let permit = connection.permit.take();
        self.idle().push(connection);
        if !self.is_reaped.swap(true, Ordering::SeqCst) {
            runtime.spawn(reap(Arc::downgrade(self), self.idle_limit));
        }
        drop(permit);
    }

    /// Takes out the connections that have waited long enough, and says when the next one will have.
    fn expired(&self) -> (Vec<Connection>, Option<Instant>) {
        let mut idle = self.idle();
        let waited = idle.iter().take_while(|connection| self.is_stale(connection)).count();
        let expired = idle.drain(..waited).collect();
        let next = idle.first().map(|connection| connection.last_used + self.idle_limit);
        if next.is_none() {
            self.is_reaped.store(false, Ordering::SeqCst);
        }
        (expired, next)
    }
}

/// Closes connections that nobody has used for a while, as long as there are any.
async fn reap(pool: Weak<Pool>, idle_limit: Duration) {
    let mut next = Instant::now() + idle_limit;
    loop {
        sleep_until(next).await;
        let Some(pool) = pool.upgrade() else { return };
        let (expired, following) = pool.expired();
        for connection in expired {
            tokio::spawn(connection.quit(pool.dial.command_limit));
        }
        match following {
            Some(following) => next = following,
            None => return,
        }
    }
}
