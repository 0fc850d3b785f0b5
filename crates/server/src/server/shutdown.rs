//! Shutdown of a server, from anywhere.

use std::time::Duration;

use crate::server::Server;

impl Server {
    /// Begins to stop the whole server, for good, and returns at once. Any task, thread or hook may call
    /// this. [`stopped`](Self::stopped) waits for the end.
    ///
    /// 1. The sockets are closed, and no more connections are accepted. A connection that still comes, as by
    ///    [`serve_connection`](Self::serve_connection), is greeted and then told `421 4.3.2`.
    /// 2. Sessions between two transactions are told `421 4.3.2` and closed. Transactions go on, and their
    ///    sessions end after them.
    /// 3. After `grace` all remaining sessions are told 421 and cut off. A message without a 250 is not kept.
    ///
    /// Another call can only bring the end forward: the earliest end counts. `Duration::ZERO` cuts off at
    /// once.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn run(server: mailchute::Server) -> std::io::Result<()> {
    /// use std::time::Duration;
    ///
    /// server.shutdown(Duration::from_secs(30));
    /// tokio::select! {
    ///     () = server.stopped() => {}
    ///     _ = tokio::signal::ctrl_c() => server.shutdown(Duration::ZERO), // somebody is in a hurry
    /// }
    /// server.stopped().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(&self, grace: Duration) {
        self.connections().stop_by_itself(grace);
    }

    /// Waits until the server has been [shut down](Self::shutdown) and its sessions are over. Sessions that are cut off get
    /// five seconds for their last reply.
    ///
    /// A hook must not await this: its session would wait for itself until the grace is over.
    ///
    /// # Cancel safety
    /// Safe: dropping the future changes nothing.
    pub async fn stopped(&self) {
        self.connections().until_stopped().await;
    }
}
