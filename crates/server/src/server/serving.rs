//! A server that listens.

use std::future::{Future, IntoFuture, pending, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::listen::bound::BoundListener;
use crate::listen::inherited::ListeningSocket;
use crate::listen::listener::Listener;
use crate::net::arrival::Opening;
use crate::net::endpoint::Endpoint;
use crate::server::Server;
use crate::server::accept::accept;

/// A server with its listening sockets. Await it to serve, or [spawn](Self::spawn) it.
///
/// Clients can connect as soon as [`listen`](Server::listen) has returned. They are answered once this is
/// awaited.
///
/// A server may have several of these, but all of them end together: see [`Server::shutdown`].
///
/// # Examples
/// ```no_run
/// # async fn run(server: mailchute::Server) -> std::io::Result<()> {
/// use std::time::Duration;
///
/// use mailchute::Listener;
///
/// server
///     .listen("0.0.0.0:25")
///     .await?
///     .listen(Listener::new("0.0.0.0:465").implicit_tls())
///     .await?
///     .with_graceful_shutdown(tokio::signal::ctrl_c(), Duration::from_secs(30))
///     .await
/// # }
/// ```
#[derive(Debug)]
#[must_use = "clients are not answered until this is awaited"]
pub struct Serving {
    server: Server,
    listeners: Vec<BoundListener>,
    addresses: Addresses,
}

/// The TCP addresses listened on, with the names of their listeners.
#[derive(Debug, Clone, Default)]
pub(super) struct Addresses {
    all: Vec<SocketAddr>,
    names: Vec<Arc<str>>,
}

impl Addresses {
    fn add(&mut self, listener: &BoundListener) {
        if let Endpoint::Tcp(address) = listener.endpoint() {
            self.all.push(*address);
            self.names.push(Arc::clone(listener.name()));
        }
    }

    pub(super) fn all(&self) -> &[SocketAddr] {
        &self.all
    }

    pub(super) fn of(&self, name: &str) -> Option<SocketAddr> {
        let named = self.names.iter().position(|known| &**known == name)?;
        self.all.get(named).copied()
    }
}

impl Server {
    /// Returns a server that does not listen yet, for listeners that come as a list. Add them with
    /// [`Serving::listen`].
    pub fn serving(&self) -> Serving {
        Serving { server: self.clone(), listeners: Vec::new(), addresses: Addresses::default() }
    }

    /// Listens. `listener` is an address for SMTP, or a [`Listener`] with more settings.
    ///
    /// # Errors
    /// - The address cannot be listened on: it is taken, does not belong to this host, or needs privileges.
    /// - The directory of a Unix socket is missing, another file is at its path, or its path is longer than
    ///   107 bytes.
    /// - The text is not an address, for example because the port is missing.
    /// - The listener needs a certificate, and the server has none.
    /// - The listener speaks LMTP on port 25.
    ///
    /// The error names the address, and says what to write instead if it can.
    ///
    /// # Cancel safety
    /// Safe: dropping the future closes what was opened.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn run(server: mailchute::Server) -> std::io::Result<()> {
    /// server.listen("127.0.0.1:2525").await?.await
    /// # }
    /// ```
    pub async fn listen(&self, listener: impl Into<Listener>) -> io::Result<Serving> {
        self.serving().listen(listener).await
    }
}

impl Serving {
    /// Listens on one more address, as [`Server::listen`] does.
    ///
    /// # Errors
    /// As [`Server::listen`]. Everything listened on so far is closed then.
    ///
    /// # Cancel safety
    /// As [`Server::listen`].
    pub async fn listen(mut self, listener: impl Into<Listener>) -> io::Result<Self> {
        let listener = listener.into();
        let needs_certificate = listener.service().opening == Opening::Tls;
        let listener = BoundListener::bind(listener).await?;
        if needs_certificate && !self.server.has_certificate(listener.name()) {
            let text = format!(
                "a listener inside TLS needs a certificate: write .tls(…), or .on({:?}, |b| b.tls(…))",
                listener.name()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        self.server.shared().listener_names.add(Arc::clone(listener.entrance()));
        self.addresses.add(&listener);
        self.listeners.push(listener);
        Ok(self)
    }

    /// Returns all endpoints listened on, in the order in which they were given. A port 0 is replaced by the
    /// chosen port.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.listeners.iter().map(BoundListener::endpoint)
    }

    /// Duplicates all listening sockets, in the order of [`endpoints`](Self::endpoints), for another process
    /// that takes them over. A socket listens as long as one of its duplicates is open. So before this server
    /// stops, drop those that are not passed on. The duplicates are `CLOEXEC`: a program that is started gets
    /// only those that are passed to it on purpose.
    ///
    /// A restart without a gap:
    ///
    /// 1. This process starts the next one, and gives it the sockets.
    /// 2. The next process makes a [`ListeningSocket`] of each, takes it by [`Listener::inherited`], and says when it is
    ///    [ready](crate::Running::ready).
    /// 3. This process [leaves it the files](ListeningSocket::leave_file) of Unix sockets, drops the sockets, and
    ///    [stops](crate::Running::stop) with a grace for the messages that are under way.
    ///
    /// Both processes share the queue of each socket, so no client is refused. If the next process fails,
    /// this one serves on.
    ///
    /// # Errors
    /// An error if the process can open no more files.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn run(server: mailchute::Server) -> std::io::Result<()> {
    /// use std::time::Duration;
    ///
    /// use mailchute::listen::ListeningSocket;
    ///
    /// /// Starts the next process with these sockets, and waits until it says that it is ready.
    /// async fn start_next(sockets: &[ListeningSocket]) -> std::io::Result<()> {
    ///     # let _ = sockets;
    ///     Ok(()) // … by the crate `command-fds`, for example
    /// }
    ///
    /// let serving = server.listen("127.0.0.1:2525").await?;
    /// let sockets = serving.sockets()?;
    /// let running = serving.spawn(Duration::from_secs(30))?;
    /// start_next(&sockets).await?;
    /// sockets.iter().for_each(ListeningSocket::leave_file);
    /// drop(sockets);
    /// running.stop();
    /// running.join().await
    /// # }
    /// ```
    pub fn sockets(&self) -> io::Result<Vec<ListeningSocket>> {
        self.listeners.iter().map(BoundListener::share).collect()
    }

    /// Returns the TCP addresses listened on, in the order in which they were given. A port 0 is replaced by
    /// the chosen port.
    #[must_use]
    pub fn addrs(&self) -> &[SocketAddr] {
        self.addresses.all()
    }

    /// Returns the address of the first TCP listener of this [name](Listener::name).
    #[must_use]
    pub fn addr_of(&self, name: &str) -> Option<SocketAddr> {
        self.addresses.of(name)
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    pub(super) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Serves until `signal` completes. Then it [shuts the server down](Server::shutdown) with this grace,
    /// and returns when all sessions are over. It also returns when the server is shut down from elsewhere.
    ///
    /// This ends the whole [`Server`], for good, with every other `Serving` of it. Build another server for
    /// listeners that must stop separately.
    ///
    /// # Errors
    /// An error if [`Builder::on`](crate::Builder::on) names a listener that the server does not have. An
    /// error of one connection is logged, and ends only that connection.
    ///
    /// # Cancel safety
    /// If the future is dropped, the sockets close. Sessions go on until the runtime ends.
    pub async fn with_graceful_shutdown(self, signal: impl Future, grace: Duration) -> io::Result<()> {
        self.serve(signal, grace, || {}).await
    }

    /// Checks that each name in a policy is that of a listener.
    pub(super) fn check_names(&self) -> io::Result<()> {
        let shared = self.server.shared();
        let Some((name, names)) = shared.unknown_listener() else { return Ok(()) };
        let text = format!(
            "on({name:?}, …) names a listener that does not exist; the listeners are {names}; write \
             Listener::new(…).name({name:?}), or one of these names"
        );
        Err(io::Error::new(io::ErrorKind::InvalidInput, text))
    }

    /// Does the same as [`with_graceful_shutdown`](Self::with_graceful_shutdown), and calls `ready` once
    /// connections are answered.
    pub(super) async fn serve(
        self,
        signal: impl Future,
        grace: Duration,
        ready: impl FnOnce(),
    ) -> io::Result<()> {
        self.check_names()?;
        let mut signal = pin!(signal);
        // A signal is caught from its first poll on, so this poll comes before the first client is accepted.
        let mut is_over = poll_fn(|context| Poll::Ready(signal.as_mut().poll(context).is_ready())).await;
        let connections = self.server.connections();
        let mut accepting = JoinSet::new();
        for listener in self.listeners {
            accepting.spawn(accept(listener, self.server.clone()));
        }
        ready();
        if !is_over {
            let mut stopping = pin!(connections.until_stopping());
            is_over = poll_fn(|context| {
                if signal.as_mut().poll(context).is_ready() {
                    return Poll::Ready(true);
                }
                stopping.as_mut().poll(context).map(|()| false)
            })
            .await;
        }
        // The sockets close, and their files are removed, with the tasks that hold them.
        accepting.shutdown().await;
        if is_over {
            connections.stop(grace);
        }
        connections.until_stopped().await;
        Ok(())
    }
}

/// Serves for ever.
impl IntoFuture for Serving {
    type Output = io::Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.with_graceful_shutdown(pending::<()>(), Duration::ZERO))
    }
}
