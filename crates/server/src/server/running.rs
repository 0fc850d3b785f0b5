//! A server that runs in its own task.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::server::Server;
use crate::server::serving::{Addresses, Serving};

/// A server that runs in its own task: see [`Serving::spawn`].
///
/// When it is dropped, it stops the server as [`stop`](Self::stop) does, but nobody waits for the end. A
/// runtime that ends cuts all sessions off, so call [`join`](Self::join) at the end of a program.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use mailchute::{Listener, Server};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::builder()
///     .on_store(|mut message, _session| async move {
///         message.bytes().await?;
///         Ok(mailchute::Receipt::new("Message accepted"))
///     })
///     .build()?;
/// let running = server.listen(Listener::new("127.0.0.1:0").name("mx")).await?.spawn(Duration::from_secs(30))?;
/// println!("listening on {:?}", running.addr_of("mx"));
/// // … until the program has to end:
/// running.stop();
/// running.join().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the server stops when this is dropped"]
pub struct Running {
    server: Server,
    addresses: Addresses,
    /// Notified to stop the server.
    stop: Arc<Notify>,
    is_ready: watch::Receiver<bool>,
    task: JoinHandle<io::Result<()>>,
}

impl Serving {
    /// Serves in its own task until the server is stopped. Messages that are under way then have `grace` to
    /// end.
    ///
    /// # Errors
    /// An error if [`Builder::on`](crate::Builder::on) names a listener that the server does not have. No client has
    /// been answered then, and the sockets are closed.
    ///
    /// # Panics
    /// Panics outside a tokio runtime.
    pub fn spawn(self, grace: Duration) -> io::Result<Running> {
        self.check_names()?;
        let stop = Arc::new(Notify::new());
        let (ready, is_ready) = watch::channel(false);
        let (server, addresses) = (self.server().clone(), self.addresses().clone());
        let told = Arc::clone(&stop);
        let serving = self.serve(async move { told.notified().await }, grace, move || {
            // An error means that nobody waits for it.
            let _ = ready.send(true);
        });
        Ok(Running { server, addresses, stop, is_ready, task: tokio::spawn(serving) })
    }
}

impl Running {
    /// Returns the server.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Returns the TCP addresses listened on, in the order in which they were given. A port 0 is replaced by
    /// the chosen port.
    #[must_use]
    pub fn addrs(&self) -> &[SocketAddr] {
        self.addresses.all()
    }

    /// Returns the address of the first TCP listener of this [name](crate::Listener::name).
    #[must_use]
    pub fn addr_of(&self, name: &str) -> Option<SocketAddr> {
        self.addresses.of(name)
    }

    /// Waits until connections are answered. From then on a program can tell its supervisor that it is ready,
    /// and the previous process on the same sockets may stop.
    ///
    /// # Cancel safety
    /// Safe: dropping the future changes nothing.
    pub async fn ready(&self) {
        if self.is_ready.clone().wait_for(|is_ready| *is_ready).await.is_err() {
            // The runtime has ended, so the server never becomes ready.
            pending::<()>().await;
        }
    }

    /// Begins to stop the whole server with the grace of [`spawn`](Serving::spawn), and returns at once.
    /// [`Server::shutdown`] can shorten the grace.
    pub fn stop(&self) {
        self.stop.notify_one();
    }

    /// Waits until the server has stopped. It stops after [`stop`](Self::stop), after [`Server::shutdown`], or with
    /// another [`Serving`] of the same server.
    ///
    /// # Errors
    /// [`io::ErrorKind::Other`] if the runtime ends first.
    ///
    /// # Cancel safety
    /// If the future is dropped, the server stops.
    pub async fn join(mut self) -> io::Result<()> {
        (&mut self.task).await.map_err(io::Error::other)?
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}
