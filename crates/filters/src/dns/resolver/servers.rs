//! The servers, and which of them is asked.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer};
use hickory_resolver::net::{DnsError as BadResponse, NetError};
use hickory_resolver::proto::op::{DnsRequestOptions, Query};
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig};

use super::super::resolve::DnsError;
use super::answer::Response;

/// The rounds through the servers, if one of them is silent.
const ROUNDS: usize = 2;

/// The questions that one TCP connection carries at the same time.
const MAX_QUESTIONS_BY_TCP: usize = 256;

/// The servers that are asked.
pub(super) struct Servers {
    addresses: Vec<SocketAddr>,
    /// One pool for each server, so that a server that fails is not the last one that is asked.
    pools: Vec<NameServerPool<TokioRuntimeProvider>>,
    /// The server that answered last.
    preferred: AtomicUsize,
    request: DnsRequestOptions,
}

impl Servers {
    pub(super) fn new(addresses: Vec<SocketAddr>, timeout: Duration) -> io::Result<Self> {
        let mut options = ResolverOpts::default();
        // Two servers, or the same one twice, fit into the time of a question.
        options.timeout = timeout * 2 / 5;
        options.num_concurrent_reqs = 1;
        options.max_active_requests = MAX_QUESTIONS_BY_TCP;
        let mut request = DnsRequestOptions::default();
        request.recursion_desired = true;
        request.use_edns = options.edns0;
        request.edns_payload_len = options.edns_payload_len;
        let tls = TlsConfig::new().map_err(io::Error::other)?;
        let context = Arc::new(PoolContext::new(options, tls));
        let pool = |address| {
            NameServerPool::from_config(
                [config(address)],
                Arc::clone(&context),
                TokioRuntimeProvider::default(),
            )
        };
        let pools = addresses.iter().copied().map(pool).collect();
        Ok(Self { addresses, pools, preferred: AtomicUsize::new(0), request })
    }

    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Asks the servers, one after the other, until one answers.
    pub(super) async fn ask(&self, name: &Name, kind: RecordType) -> Result<Response, DnsError> {
        let mut failure = NetError::NoConnections;
        let preferred = self.preferred.load(Ordering::Relaxed);
        for _ in 0..ROUNDS {
            let mut is_silent = false;
            for turn in 0..self.pools.len() {
                let server = (preferred + turn) % self.pools.len();
                let query = Query::query(name.clone(), kind);
                let error = match self.pools[server].lookup(query, self.request).first_answer().await {
                    Ok(response) => return Ok(self.answered(server, Response::Records(response))),
                    Err(NetError::Dns(BadResponse::NoRecordsFound(nothing))) => {
                        return Ok(self.answered(server, Response::Nothing(nothing)));
                    }
                    Err(error) => error,
                };
                // A server that refuses, or says that it failed, says so again.
                is_silent |= !matches!(error, NetError::Dns(_));
                failure = error;
            }
            if !is_silent {
                break;
            }
        }
        Err(DnsError::new(failure))
    }

    fn answered(&self, server: usize, response: Response) -> Response {
        self.preferred.store(server, Ordering::Relaxed);
        response
    }
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.addresses.fmt(f)
    }
}

fn config(address: SocketAddr) -> NameServerConfig {
    let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut connections {
        connection.port = address.port();
    }
    NameServerConfig::new(address.ip(), true, connections)
}
