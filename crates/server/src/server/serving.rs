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

/// A server with its listening sockets; await it to serve, or [spawn](Self::spawn) it.
///
/// Clients can connect from the moment of [`listen`](Server::listen) on, and are answered once this is awaited.
///
/// A server may have several of these, but they end together: see [`Server::shutdown`].
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
#[must_use = "nobody is answered until this is awaited"]
pub struct Serving {
    server: Server,
    listeners: Vec<BoundListener>,
    addresses: Addresses,
}

/// The addresses of TCP listened on, with the names of their listeners.
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
    /// A server that listens nowhere yet, for listeners that come as a list: add them with [`Serving::listen`].
    pub fn serving(&self) -> Serving {
        Serving { server: self.clone(), listeners: Vec::new(), addresses: Addresses::default() }
    }

    /// Listens: `listener` is an address for SMTP, or a [`Listener`] that says more.
    ///
    /// # Errors
    /// - The address cannot be listened on: it is taken, not of this host, or needs rights. A Unix socket also where its
    ///   directory is missing, where another file is at its path, or where that is too long (107 bytes).
    /// - The address is none, as without a port.
    /// - The listener needs a certificate, and the server has none.
    /// - LMTP is to be spoken on port 25.
    ///
    /// The error says which address it is about, and where it can, what to write instead.
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
        self.server.shared().listener_names.add(Arc::clone(listener.name()));
        self.addresses.add(&listener);
        self.listeners.push(listener);
        Ok(self)
    }

    /// Everything listened on, in the order in which it was given, with the ports that were chosen for 0.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.listeners.iter().map(BoundListener::endpoint)
    }

    /// All sockets listened on once more, in the order of [`endpoints`](Self::endpoints), for another process that is
    /// to take them over. As long as one of them is open the socket listens, so drop those that are not handed on
    /// before this server is to stop. They are closed in programs that are started (`CLOEXEC`), unless these are given
    /// them.
    ///
    /// A restart without a gap:
    ///
    /// 1. This process starts the next one, and gives it the sockets.
    /// 2. The next process makes a [`ListeningSocket`] of each, takes it by [`Listener::inherited`], and says when it is
    ///    [ready](crate::Running::ready).
    /// 3. This process [leaves it the files](ListeningSocket::leave_file) of Unix sockets, drops the sockets, and
    ///    [stops](crate::Running::stop) with a grace for the messages that are under way.
    ///
    /// Both share the queue of each socket, so no client is refused. If the next process fails, this one serves on.
    ///
    /// # Errors
    /// When the process can open no more files.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn run(server: mailchute::Server) -> std::io::Result<()> {
    /// use std::time::Duration;
    ///
    /// use mailchute::ListeningSocket;
    ///
    /// /// Starts the next process with these sockets, and waits until it says that it is ready.
    /// async fn start_next(sockets: &[ListeningSocket]) -> std::io::Result<()> {
    ///     # let _ = sockets;
    ///     Ok(()) // … by the crate `command-fds`, for example
    /// }
    ///
    /// let serving = server.listen("127.0.0.1:2525").await?;
    /// let sockets = serving.sockets()?;
    /// let running = serving.spawn(Duration::from_secs(30));
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

    /// The addresses of TCP listened on, in the order in which they were given, with the ports that were chosen for 0.
    #[must_use]
    pub fn addrs(&self) -> &[SocketAddr] {
        self.addresses.all()
    }

    /// The address of the first TCP listener of this [name](Listener::name).
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

    /// Serves until `signal` completes; then [shuts the server down](Server::shutdown) with this grace, and returns when
    /// all its sessions are over. It also returns when the server is shut down from elsewhere.
    ///
    /// This ends the whole [`Server`], for good: every other `Serving` of it ends as well. Build another server for what
    /// shall stop by itself.
    ///
    /// # Errors
    /// When [`Builder::on`](crate::Builder::on) names a listener that the server does not have. What goes wrong with one
    /// connection is logged and ends that one only.
    ///
    /// # Cancel safety
    /// Dropping the future closes the sockets; sessions that run go on until the runtime ends.
    pub async fn with_graceful_shutdown(self, signal: impl Future, grace: Duration) -> io::Result<()> {
        self.serve(signal, grace, || {}).await
    }

    /// As [`with_graceful_shutdown`](Self::with_graceful_shutdown); calls `ready` once connections are answered.
    pub(super) async fn serve(
        self,
        signal: impl Future,
        grace: Duration,
        ready: impl FnOnce(),
    ) -> io::Result<()> {
        if let Some((name, names)) = self.server.shared().unknown_listener() {
            let text = format!(
                "on({name:?}, …) is the policy of a listener that there is not; the listeners are {names}; write \
                 Listener::new(…).name({name:?}), or one of these names"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let mut signal = pin!(signal);
        // A signal is caught from its first poll on, so that comes before the first client is let in.
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
        // The sockets close, and their files go, with the tasks that hold them.
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
