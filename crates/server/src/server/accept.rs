//! Admission: a connection takes a slot, a proxy names its client, and a session begins.
//!
//! # Why
//!
//! A connection over capacity gets no session. It gets `421` and is closed. `Event::TurnedAway` tells of it,
//! but no hook is asked. So `disconnect` is called exactly for the sessions that `connect` was asked about.
//!
//! An accepted connection takes a slot of the server. It takes a slot of its client once the client is known:
//! after the PROXY header, or after XCLIENT if that may come. A client that is never named takes no slot of
//! its own.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::connection::shutdown_signal::ShutdownSignal;
use crate::connection::slots::{FAREWELL, Full, Slot};
use crate::connection::wire::Wire;
use crate::driver::Driver;
use crate::driver::handshake::Assumed;
use crate::driver::shared::Shared;
use crate::events::event::Event;
use crate::events::kind::Kind;
use crate::listen::bound::BoundListener;
use crate::net::arrival::{Arrival, Opening};
use crate::net::io::Io;
use crate::net::peer::Peer;
use crate::proxy::{Header, ProxyError};
use crate::runtime::counters::Count;
use crate::server::Server;
use crate::session::Session;
use crate::session::disconnect::Disconnect;

/// Tells a client that gets no slot why, and closes. The time for it is short, since a client without a slot
/// is not counted by the limits on connections.
async fn bid_farewell(mut io: Box<dyn Io>, refusal: &[u8]) {
    // The buffer of a new socket takes it at once.
    let _ = timeout(FAREWELL, async {
        io.write_all(refusal).await?;
        io.shutdown().await
    })
    .await;
}

/// Connections that are accepted before other tasks have their turn. In a flood thousands wait, and each is a
/// session to be greeted before the runtime looks at its sockets again.
const TURN: u32 = 4;

/// Accepts connections and begins their sessions, for ever.
pub(crate) async fn accept(listener: BoundListener, server: Server) {
    /// How long to wait when the process can open no more files.
    const PAUSE: Duration = Duration::from_millis(100);
    let mut taken = 0;
    loop {
        if taken == TURN {
            taken = 0;
            yield_now().await;
        }
        taken += 1;
        match listener.next().await {
            Ok((stream, arrival)) => admit(&server, stream, arrival),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(name: "accept-failed", %error, "cannot accept connections");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn admit(server: &Server, stream: Box<dyn Io>, arrival: Arrival) {
    let shared = server.shared();
    match shared.acquire(arrival.origin) {
        Ok(slot) => shared.spawn(slot, stream, arrival),
        // A client that expects TLS could not read the reply.
        Err(_) if arrival.service.opening == Opening::Tls => {}
        Err(refusal) => {
            tokio::spawn(async move { bid_farewell(stream, &refusal).await });
        }
    }
}

/// Returns whether an error of `accept` concerns a client that left before it was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | ConnectionRefused)
}

impl Shared {
    /// Returns a slot for a client, or the bytes of the reply that there is none.
    pub(crate) fn acquire(&self, origin: Peer) -> Result<Slot, Vec<u8>> {
        // Behind a proxy the client of the proxy counts, and that one is not known yet.
        let named = self.proxies.countable_address(origin).filter(|_| !self.proxies.is_proxy(origin));
        self.connections.acquire(named).map_err(|full| self.turn_away(origin, full))
    }

    /// Serves a connection to its end.
    pub(crate) async fn serve(self: Arc<Self>, io: Box<dyn Io>, arrival: Arrival, assumed: Assumed) {
        match self.acquire(arrival.origin) {
            Ok(slot) => {
                let wire = Wire::new(io, slot);
                if self.proxies.is_proxy(arrival.origin) {
                    self.serve_introduced(wire, arrival, assumed).await;
                } else {
                    self.driver(wire, arrival, None).assuming(assumed).run().await;
                }
            }
            Err(refusal) => bid_farewell(io, &refusal).await,
        }
    }

    /// Serves a connection that has its slot, in its own task.
    pub(crate) fn spawn(self: Arc<Self>, slot: Slot, io: Box<dyn Io>, arrival: Arrival) {
        let wire = Wire::new(io, slot);
        // Two kinds of tasks: the room for reading a PROXY header would be the largest part of a task that
        // reads none.
        if self.proxies.is_proxy(arrival.origin) {
            tokio::spawn(self.serve_introduced(wire, arrival, Assumed::default()));
        } else {
            tokio::spawn(self.driver(wire, arrival, None).run());
        }
    }

    async fn serve_introduced(self: Arc<Self>, mut wire: Wire, arrival: Arrival, assumed: Assumed) {
        if let Some(header) = self.introduction(&mut wire, arrival.origin, arrival.service.opening).await {
            self.driver(wire, arrival, Some(header)).assuming(assumed).run().await;
        }
    }

    fn driver(self: Arc<Self>, wire: Wire, arrival: Arrival, header: Option<Header>) -> Driver {
        let service = arrival.service;
        let stop: Arc<ShutdownSignal> = Arc::clone(wire.stop());
        let hears_findings = Arc::downgrade(&self.findings);
        let session = Session::new(Arc::clone(&self.hostname), arrival, header, stop.clone(), hears_findings);
        stop.tells(&session);
        self.count(Count::Sessions, &session);
        Driver::new(self, wire, session, service, header)
    }

    /// Reads the PROXY header of a proxy, and takes a slot for its client. If that fails, the connection is
    /// closed.
    async fn introduction(&self, wire: &mut Wire, peer: Peer, opening: Opening) -> Option<Header> {
        let header = match wire.proxy_header(self.timeouts.proxy).await {
            Ok(header) => header,
            Err(error) => {
                let client = peer.addr().ip().to_canonical();
                if matches!(error, ProxyError::Silent) {
                    // A health check of the proxy, or a check whether the port is open.
                    tracing::debug!(name: "turned-away", client = %peer, %error, "turned away");
                } else {
                    tracing::warn!(name: "turned-away", client = %peer, %error, "turned away");
                    self.counters.add(Count::ProxyFailures, 1);
                }
                self.subscribers.tell(Kind::TurnedAway, || Event::turned_away(client));
                return None;
            }
        };
        let (client, counted) = match header {
            Header::Local => (peer, peer.countable_address()),
            Header::Proxied { client, .. } => {
                let client = Peer::Network(client);
                (client, self.proxies.countable_address(client))
            }
        };
        let Err(full) = wire.reassign(counted) else { return Some(header) };
        let mut refusal = self.turn_away(client, full);
        // A client that expects TLS could not read the reply.
        if opening == Opening::Plain && wire.flush(&mut refusal, FAREWELL).await.is_ok() {
            wire.close(Disconnect::Limit).await;
        }
        None
    }

    fn turn_away(&self, origin: Peer, full: Full) -> Vec<u8> {
        self.kinds.turn_away(full);
        let client = origin.addr().ip().to_canonical();
        tracing::warn!(name: "turned-away", client = %origin, error = %full, "turned away");
        self.subscribers.tell(Kind::TurnedAway, || Event::turned_away(client));
        let mut octets = Vec::new();
        full.reply().encode(&mut octets);
        octets
    }
}
