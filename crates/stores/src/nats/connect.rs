//! The connection to NATS: made at its first use, kept, and made again.
//!
//! # Why
//!
//! `async-nats` connects again by itself, and keeps what is published meanwhile in a queue of commands. A message in that
//! queue would take memory, and would be published after its client was told to try again. So nothing is published
//! without a connection, and the queue is short.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::ContextBuilder;
use async_nats::{ClientError, ConnectOptions, Event, ServerAddr};
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};

use super::error::NatsError;
use super::servers::Servers;

/// How long a server may take to answer.
pub(super) const ANSWER: Duration = Duration::from_secs(10);

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How often a silent server is asked whether it is there. The connection is given up after the third question.
const PING: Duration = Duration::from_secs(5);

/// How long a use waits for a connection that has broken a short time ago: another server of the cluster takes over.
const PATIENCE: Duration = Duration::from_secs(3);

/// Commands that wait for the connection. Each may hold a message.
const COMMANDS: usize = 16;

/// A connection to one of the servers.
pub(crate) struct Link {
    servers: Servers,
    options: ConnectOptions,
    context: OnceCell<Context>,
    /// Nothing has been reached for longer than [`PATIENCE`]. Then a use does not wait.
    is_down: AtomicBool,
}

impl Link {
    /// Reads the files that the options name. The call blocks, and does not connect.
    ///
    /// # Errors
    /// If a file cannot be read, or if the options contradict each other.
    pub(crate) fn new(servers: Servers) -> io::Result<Self> {
        let options = servers.connect_options()?;
        Ok(Self { servers, options, context: OnceCell::new(), is_down: AtomicBool::new(false) })
    }

    /// Begins to connect, in a task of this runtime. Later calls do nothing.
    ///
    /// # Errors
    /// If an address cannot be parsed.
    pub(crate) async fn start(&self) -> Result<&Context, NatsError> {
        self.context.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Context, NatsError> {
        let addresses: Vec<ServerAddr> =
            self.servers.addresses().iter().map(|address| address.parse()).collect::<Result<_, _>>()?;
        let watch = Arc::new(Watch { servers: self.servers.to_string(), is_told: AtomicBool::new(false) });
        let client = self
            .options
            .clone()
            .name("mailchute")
            .retry_on_initial_connect()
            .max_reconnects(None)
            .connection_timeout(CONNECT)
            .request_timeout(Some(ANSWER))
            .ping_interval(PING)
            .client_capacity(COMMANDS)
            // The sandbox allows the ports of the URL only.
            .ignore_discovered_servers()
            .event_callback(move |event| {
                watch.log(&event);
                std::future::ready(())
            })
            .connect(addresses)
            .await
            .map_err(NatsError::Connect)?;
        Ok(ContextBuilder::new().timeout(ANSWER).ack_timeout(ANSWER).build(client))
    }

    /// Returns the context, if there is a connection. It waits a short time for one.
    ///
    /// # Errors
    /// [`NatsError::NotConnected`].
    ///
    /// # Cancel safety
    /// If the future is dropped, nothing is lost.
    pub(crate) async fn connected(&self) -> Result<&Context, NatsError> {
        let context = self.start().await?;
        let client = context.client();
        let until = Instant::now() + PATIENCE;
        while client.connection_state() != State::Connected {
            if self.is_down.load(Ordering::Relaxed) || Instant::now() >= until {
                self.is_down.store(true, Ordering::Relaxed);
                return Err(NatsError::NotConnected);
            }
            sleep(Duration::from_millis(20)).await;
        }
        self.is_down.store(false, Ordering::Relaxed);
        Ok(context)
    }

    pub(crate) fn servers(&self) -> &Servers {
        &self.servers
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&format_args!("{}", self.servers)).finish()
    }
}

/// Tells the log what becomes of the connection.
struct Watch {
    servers: String,
    /// The log knows that there is no connection.
    is_told: AtomicBool,
}

impl Watch {
    fn log(&self, event: &Event) {
        let servers = &self.servers;
        match event {
            Event::Connected => {
                self.is_told.store(false, Ordering::Relaxed);
                tracing::info!(name: "nats-connected", servers, "NATS takes mail");
            }
            Event::Disconnected if self.is_news() => {
                tracing::warn!(name: "nats-disconnected", servers, "the connection to NATS was lost; it is made again");
            }
            Event::ClientError(ClientError::Other(error)) if self.is_news() => {
                tracing::warn!(name: "nats-unreachable", servers, error, "NATS cannot be reached; mail is refused temporarily");
            }
            Event::ServerError(error) => {
                tracing::warn!(name: "nats-error", servers, %error, "NATS reports an error");
            }
            _ => {}
        }
    }

    /// Returns whether the log does not know yet that there is no connection.
    fn is_news(&self) -> bool {
        !self.is_told.swap(true, Ordering::Relaxed)
    }
}
