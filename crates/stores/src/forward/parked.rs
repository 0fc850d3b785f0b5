//! Connections whose transactions wait for the next command of our client.
//!
//! # Why
//!
//! A client that names a recipient and then says nothing would keep a connection until the server's own timeout.
//! As many such clients as there may be connections would stop all mail. So a connection that has waited for a while is
//! given to a client that needs it. The transaction is opened again when its client goes on.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::connection::Connection;

/// How long a connection waits for its own client before others may have it. That is more than clients take between two
/// commands, and far less than others wait for it.
pub(super) const OWN: Duration = Duration::from_secs(1);

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Parked(Mutex<Lot>);

#[derive(Debug, Default)]
struct Lot {
    /// By their numbers, so the first has waited longest.
    connections: BTreeMap<u64, (Instant, Connection)>,
    last: u64,
}

impl Parked {
    fn lot(&self) -> MutexGuard<'_, Lot> {
        // Each change is complete before anything can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a connection, and returns the number that it is taken out by.
    pub(super) fn put(&self, connection: Connection) -> u64 {
        let mut lot = self.lot();
        lot.last += 1;
        let number = lot.last;
        lot.connections.insert(number, (Instant::now(), connection));
        number
    }

    /// Returns `None` if others have it.
    pub(super) fn take(&self, number: u64) -> Option<Connection> {
        self.lot().connections.remove(&number).map(|(_, connection)| connection)
    }

    /// Takes the one that has waited longest, if others may have it.
    pub(super) fn take_longest(&self) -> Option<Connection> {
        let mut lot = self.lot();
        let first = lot.connections.first_entry().filter(|entry| entry.get().0.elapsed() >= OWN)?;
        Some(first.remove().1)
    }

    /// Returns when there can be one that others may have.
    pub(super) fn next(&self) -> Instant {
        let first = self.lot().connections.first_key_value().map(|(_, (since, _))| *since);
        first.unwrap_or_else(Instant::now) + OWN
    }
}
