//! Where sessions with much to answer wait for one another, so that those with little need not wait for all of them.
//!
//! # Why
//!
//! Tokio looks at its sockets when every task that yielded has had its turn. So a session with a single command would
//! wait for all greedy ones. Only as many greedy sessions as there are threads stand in the runtime's queue.
//!
//! A permit is held until the turn begins, and not until it ends. So a session that waits within its turn, for a
//! client or a hook, keeps no other out. If a hook blocks its thread, a session that cannot begin its turn delays
//! others by a fifth of a second at most.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::timeout;

/// What a session passes that has had a turn and is not done, or before what takes as long as one.
///
/// A task that merely yields stands in the queue again at once, and the runtime looks at its sockets when the whole
/// queue has had its turn: beside 200 greedy sessions one with a single command waited for 200 turns. So they queue
/// here, and as many as the runtime has threads go on to its queue.
#[derive(Debug, Default)]
pub(crate) struct FairQueue {
    /// Made by the first session that comes by, as only the runtime knows its threads.
    gate: OnceLock<Semaphore>,
}

impl FairQueue {
    /// Waits for the next turn.
    pub(crate) async fn pass(&self) {
        /// A turn takes a fraction of a millisecond; a hook that blocks its thread keeps those in its queue, and they
        /// their permits.
        const PATIENCE: Duration = Duration::from_millis(200);
        let gate = self.gate.get_or_init(|| Semaphore::new(Handle::current().metrics().num_workers()));
        // Held until the turn begins and not until it ends: the next session is woken behind this one all the same, and
        // none that waits for its client, a hook or a store within its turn keeps others out. It is never closed.
        let _permit = match gate.try_acquire() {
            Ok(permit) => Some(permit),
            Err(_) => timeout(PATIENCE, gate.acquire()).await.ok().and_then(Result::ok),
        };
        yield_now().await;
    }
}
