//! The library as the benchmarks measure it: TLS on offer, a no-op hook at every stage, a store that discards, and a
//! log.
//!
//! Limits on the number of connections and transactions are off, because a benchmark is one client that never stops.
//! All other limits have their defaults.

mod no_op;

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use mailchute::Server;
use mailchute::events::Events;
use mailchute::tls::TlsConfig;
use mailchute_stores::Discard;

use no_op::NoOp;

/// Receives mail for the benchmarks and forgets it.
#[derive(Debug, Parser)]
struct Args {
    /// Where to listen
    #[arg(long, value_name = "ADDR:PORT")]
    listen: SocketAddr,

    /// PEM file with the certificate chain
    #[arg(long, value_name = "FILE")]
    tls_cert: PathBuf,

    /// PEM file with the private key
    #[arg(long, value_name = "FILE")]
    tls_key: PathBuf,

    /// So many hooks are asked at each stage
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    hooks: usize,

    /// So many subscribers read all events
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    subscribers: usize,

    /// Log nothing; otherwise the events of the default level go to standard error, as lines of `tracing-subscriber`
    #[arg(long)]
    no_log: bool,

    /// Worker threads of the runtime [default: as many as the process has cores]
    #[arg(long, value_name = "NUMBER")]
    threads: Option<usize>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    if !args.no_log {
        tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = args.threads {
        runtime.worker_threads(threads);
    }
    runtime.enable_all().build()?.block_on(serve(&args))
}

async fn serve(args: &Args) -> Result<(), Box<dyn Error>> {
    let mut builder = Server::builder()
        .hostname("bench.test")
        .max_connections(0)
        .max_connections_per_client(0)
        .max_transactions(0)
        .tls(TlsConfig::from_pem_files(&args.tls_cert, &args.tls_key)?)
        .store(Discard);
    for _ in 0..args.hooks {
        builder = builder.hooks(NoOp);
    }
    let server = builder.build()?;
    for _ in 0..args.subscribers {
        tokio::spawn(read_all(server.events()));
    }
    server.listen(args.listen).await?.await?;
    Ok(())
}

async fn read_all(mut events: Events) {
    while events.next().await.is_some() {}
}
