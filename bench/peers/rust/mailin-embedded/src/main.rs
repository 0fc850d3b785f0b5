//! mailin-embedded, whose handler accepts everything and keeps nothing: PORT CERTIFICATE KEY.
//!
//! THREADS in the environment is the size of its pool, and so how many sessions there can be.

use std::env;

use mailin_embedded::{Handler, Server, SslConfig};

#[derive(Clone)]
struct Discard;

impl Handler for Discard {}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let [_, port, certificate, key] = &arguments[..] else { panic!("write PORT CERTIFICATE KEY") };
    let threads = env::var("THREADS").ok().and_then(|number| number.parse().ok()).unwrap_or(64);
    let mut server = Server::new(Discard);
    server
        .with_name("bench.test")
        .with_num_threads(threads)
        .with_ssl(SslConfig::SelfSigned { cert_path: certificate.clone(), key_path: key.clone() })
        .expect("a certificate")
        .with_addr(format!("127.0.0.1:{port}"))
        .expect("a port");
    server.serve().expect("a server that runs");
}
