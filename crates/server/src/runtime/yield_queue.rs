//! A queue for sessions with many commands to answer, so that a session with few does not wait for all of them.
//!
//! # Why
//!
//! Tokio looks at its sockets after every task that yielded has had its turn. So a session with a single
//! command would wait for all greedy ones. Here only as many greedy sessions as there are threads stand in
//! the runtime's queue.
//!
//! A permit is held until the turn begins, not until it ends. So a session that waits within its turn, for a
//! client or a hook, does not keep others out. If a hook blocks its thread, a session that cannot begin its
//! turn delays others by a fifth of a second at most.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::timeout;

/// A queue that a session passes between two turns, and before work that takes as long as a turn.
///
/// A task that only yields is in the runtime's queue again at once, and the runtime looks at its sockets
/// after the whole queue. So sessions queue here, and only as many as the runtime has threads go on to its
/// queue.
#[derive(Debug, Default)]
pub(crate) struct YieldQueue {
    /// The first session makes it, since only the runtime knows its number of threads.
    gate: OnceLock<Semaphore>,
}

impl YieldQueue {
    /// Waits for the next turn.
    pub(crate) async fn pass(&self) {
        /// A turn takes a fraction of a millisecond. Only a hook that blocks its thread keeps a session from its turn,
        /// and that session keeps its permit.
        const PATIENCE: Duration = Duration::from_millis(200);
        let gate = self.gate.get_or_init(|| Semaphore::new(Handle::current().metrics().num_workers()));
        // The next session is woken after this one anyway. The semaphore is never closed.
        let _permit = match gate.try_acquire() {
            Ok(permit) => Some(permit),
            Err(_) => timeout(PATIENCE, gate.acquire()).await.ok().and_then(Result::ok),
        };
        yield_now().await;
    }
}
