//! Options that take the place of those of a server that runs.
//!
//! # Why
//!
//! A session belongs to one configuration, which it looks up once, before it takes its slot. State that must stay
//! unique is carried over: the count of connections with its limits, the fair queue, the subscribers and the SCRAM
//! secret. So are the certificates: one that must not be used any more is not shown to a session that is still in the
//! clear either.

use std::sync::{Arc, Mutex, PoisonError};

use crate::driver::shared::Shared;
use crate::server::Server;
use crate::server::build_error::BuildError;
use crate::server::builder::Builder;
use crate::tls::{InForce, PerListener, TlsConfig};

/// Checked options that are not in force yet.
#[must_use = "nothing changes until it is put in force"]
pub(crate) struct Successor {
    pub(super) shared: Shared,
    /// On connections, in all and of one client.
    pub(super) limits: (usize, usize),
    pub(super) tls: PerListener<TlsConfig>,
    /// That of the server so far, which its sessions look at.
    pub(super) tls_in_force: PerListener<Arc<InForce>>,
}

impl Successor {
    /// Changes what the sessions that run share with those to come; what the latter begin with.
    pub(crate) fn put_in_force(self) -> Shared {
        let Self { shared, limits: (in_all, of_one_client), tls, tls_in_force } = self;
        shared.connections.limit(in_all, of_one_client);
        Shared { tls: tls_in_force.succeeded_by(tls), ..shared }
    }
}

impl Server {
    /// Replaces all options, the hooks and the store, for connections that come from now on. Sessions that run keep what
    /// they began with, to their end. The builder begins at the defaults, so what shall stay is given again.
    ///
    /// All of it is put in force, or nothing. What belongs to the server and not to a session goes on:
    ///
    /// - Open connections count towards the new limits on connections. Where there are more than these allow, none is
    ///   closed, and none is taken until there are fewer.
    /// - [Certificates](Builder::tls) are put in force as by [`reload_tls`](Self::reload_tls): a session that runs finds
    ///   the new ones if it says STARTTLS.
    /// - [Subscribers](Self::events) get the events of sessions of either kind.
    /// - The [secret of SCRAM](Builder::scram_secret) stays unless another is given.
    /// - [Counters](Self::stats) go on.
    ///
    /// What hooks and stores share with others is yours: what a closure has captured, or an `Arc` that a hook holds, lives
    /// as long as a session that began with it. If the new hooks are to go on with a value, such as a connection pool or
    /// the state of a greylist, give them a clone of the same `Arc`. The [state](crate::Session::state) of a session stays
    /// with it.
    ///
    /// Where the server listens is not changed by this; see [`Serving`](crate::Serving).
    ///
    /// # Errors
    /// [`BuildError`] as for [`Builder::build`], and when a listener had a certificate and would have none any more, as
    /// listeners inside TLS need one. Everything stays as it was.
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
    /// assert!(before.send("HELO client.example").await.expect(250).to_string().contains("old.example.com"));
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
        /// One at a time, so that none resolves against what another replaces. It is not the lock of the configuration, as hooks that
        /// are dropped meanwhile may ask the server something.
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let next = Arc::new(builder.resolve_after(&self.shared())?.put_in_force());
        let before = self.replace(next);
        drop(turn);
        drop(before);
        Ok(())
    }
}
