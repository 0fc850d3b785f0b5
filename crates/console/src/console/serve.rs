//! Connections of browsers: few, bounded in memory and time, so that they cost the mail server nothing.

use std::collections::HashMap;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures_util::future::{Either, select};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use mailchute::limits::ClientKey;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;

use crate::guard::Listening;

const MAX_CONNECTIONS: usize = 512;
/// No client takes all places.
const MAX_OF_A_CLIENT: usize = MAX_CONNECTIONS / 2;
/// The time for a request's header, and between requests.
const HEADER_TIME: Duration = Duration::from_secs(15);
/// The time in which a client takes some bytes of a response. Until then, the response is in memory.
const WRITE_TIME: Duration = Duration::from_secs(30);
const BUFFER: usize = 16 << 10;
/// The time that responses have to end after a stop. Streams of events never end by themselves.
const STOP_TIME: Duration = Duration::from_secs(2);
/// The wait after a connection could not be accepted: often there is no free file descriptor.
const RETRY_TIME: Duration = Duration::from_millis(200);

pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let local = listener.local_addr()?;
    let (graceful, places) = (GracefulShutdown::new(), Places::default());
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME).max_buf_size(BUFFER);
    loop {
        let accepted = match select(stop.as_mut(), pin!(listener.accept())).await {
            Either::Left(_) => break,
            Either::Right((accepted, _)) => accepted,
        };
        while connections.try_join_next().is_some() {}
        let (stream, client) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(name: "console-accept-failed", %error, "a connection to the console could not be accepted");
                if let Either::Left(_) = select(stop.as_mut(), pin!(tokio::time::sleep(RETRY_TIME))).await {
                    break;
                }
                continue;
            }
        };
        let Some(place) = places.take(ClientKey::of(client.ip())) else {
            tracing::debug!(name: "console-full", client = %client.ip(), "a connection to the console was closed: too many");
            continue;
        };
        let routes = TowerToHyperService::new(router.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Listening::new(local, client));
            hyper::service::Service::call(&routes, request)
        });
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(WRITE_TIME));
        let connection = graceful.watch(http.serve_connection(TokioIo::new(Box::pin(stream)), service));
        connections.spawn(async move {
            // Only the browser can know why its connection broke.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    // Connections that are still open then are dropped with the set.
    let _ = tokio::time::timeout(STOP_TIME, graceful.shutdown()).await;
    Ok(())
}

/// The places for connections of a listener, by client. So a second listener answers to probes when the first one is full.
#[derive(Debug, Default, Clone)]
struct Places(Arc<Mutex<HashMap<ClientKey, usize>>>);

/// A place, given back when it is dropped.
#[derive(Debug)]
struct Place {
    places: Places,
    client: ClientKey,
}

impl Places {
    fn take(&self, client: ClientKey) -> Option<Place> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let of_client = taken.get(&client).copied().unwrap_or_default();
        if all >= MAX_CONNECTIONS || of_client >= MAX_OF_A_CLIENT {
            return None;
        }
        taken.insert(client, of_client + 1);
        Some(Place { places: self.clone(), client })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.client) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                taken.remove(&self.client);
            }
        }
    }
}
