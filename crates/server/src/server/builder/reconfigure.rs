//! Options that replace those of a running server.
//!
//! # Why
//!
//! A session belongs to one configuration, which it looks up once, before it takes its slot. State that must
//! stay unique is carried over: the count of connections with its limits, the queue of turns, the subscribers and
//! the SCRAM secret. Running sessions share the certificates too. So a session that is still in the clear
//! never shows a certificate that was replaced.

use std::sync::{Arc, Mutex, PoisonError};

use crate::driver::shared::Shared;
use crate::server::Server;
use crate::server::build_error::BuildError;
use crate::server::builder::Builder;
use crate::tls::{InForce, PerListener, TlsConfig};

/// Checked options that are not active yet.
#[must_use = "nothing changes until it is applied"]
pub(crate) struct Successor {
    pub(super) shared: Shared,
    /// The limits on connections: of all clients, and of one client.
    pub(super) limits: (usize, usize),
    pub(super) tls: PerListener<TlsConfig>,
    /// The certificates of the running server, which its sessions use.
    pub(super) tls_in_force: PerListener<Arc<InForce>>,
}

impl Successor {
    /// Changes the state that running sessions share with new ones. Returns the state that new sessions begin
    /// with.
    pub(crate) fn put_in_force(self) -> Shared {
        let Self { shared, limits: (in_all, of_one_client), tls, tls_in_force } = self;
        shared.connections.limit(in_all, of_one_client);
        Shared { tls: tls_in_force.succeeded_by(tls), ..shared }
    }
}

impl Server {
    /// Replaces all options, the hooks and the store, for connections from now on. Running sessions keep what
    /// they began with, to their end. The builder begins at the defaults, so set again what must stay.
    ///
    /// Either all of it is applied, or nothing. The state of the server, other than that of its
    /// sessions, goes on:
    ///
    /// - Open connections count towards the new limits on connections. If there are more than the limits
    ///   allow, none is closed, and none is accepted until there are fewer.
    /// - [Certificates](Builder::tls) are applied as by [`reload_tls`](Self::reload_tls): a running
    ///   session gets the new ones if it says STARTTLS.
    /// - [Subscribers](Self::events) get the events of old and new sessions.
    /// - The [secret of SCRAM](Builder::scram_secret) stays unless another is given.
    /// - [Counters](Self::stats) go on.
    ///
    /// Values that hooks and stores share are yours. A value in a closure, or in an `Arc` of a hook, lives as
    /// long as a session that began with it. If the new hooks must go on with a value, such as a connection
    /// pool, give them a clone of the same `Arc`. The [state](crate::Session::state) of a session stays with
    /// it.
    ///
    /// The listening addresses stay as they are; see [`Serving`](crate::Serving).
    ///
    /// # Errors
    /// The errors of [`Builder::build`], and [`BuildError::TlsRemoved`] if a listener has a certificate and
    /// the new options have none for it, since listeners inside TLS need one. Everything stays as it was.
    ///
    /// # Examples
    /// ```
    /// use mailchute::{Builder, Receipt, Server, testing};
    ///
    /// fn options() -> Builder {
    ///     Server::builder()
    ///         .on_store(|mut message, _session| async move {
    ///             message.bytes().await?;
    ///             Ok(Receipt::new("Message accepted"))
    ///         })
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mailchute::BuildError> {
    /// let server = options().hostname("old.example.com").build()?;
    /// let mut before = testing::connect(&server).open();
    /// before.greeting().await.expect(220);
    ///
    /// server.reconfigure(options().hostname("new.example.com"))?;
    /// assert!(before.command("HELO client.example").await.expect(250).to_string().contains("old.example.com"));
    /// let mut after = testing::connect(&server).open();
    /// assert!(after.greeting().await.expect(220).to_string().contains("new.example.com"));
    ///
    /// // A mistake leaves everything as it is.
    /// assert!(server.reconfigure(options().hostname("no name")).is_err());
    /// assert_eq!(&*server.hostname(), "new.example.com");
    /// # Ok(())
    /// # }
    /// ```
    pub fn reconfigure(&self, builder: Builder) -> Result<(), BuildError> {
        /// One call at a time, so that none resolves against what another replaces. This is not the lock of
        /// the configuration, since hooks that are dropped meanwhile may use the server.
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let next = Arc::new(builder.resolve_after(&self.shared())?.put_in_force());
        let before = self.replace(next);
        drop(turn);
        drop(before);
        Ok(())
    }
}
