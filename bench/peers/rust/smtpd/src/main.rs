//! smtpd, whose handler accepts everything and keeps nothing: PORT CERTIFICATE KEY.

use std::fs::File;
use std::io::{self, BufReader};

use smtpd::{ServerConfig, SmtpConfig, SmtpHandler, SmtpHandlerFactory, TlsConfig, TlsMode, async_trait, start_server};

struct Discard;

#[async_trait]
impl SmtpHandler for Discard {}

struct EachDiscards;

impl SmtpHandlerFactory for EachDiscards {
    type Handler = Discard;

    fn new_handler(&self, _: &smtpd::Session) -> Discard {
        Discard
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, port, certificate, key] = &arguments[..] else { panic!("write PORT CERTIFICATE KEY") };
    let chain = rustls_pemfile::certs(&mut BufReader::new(File::open(certificate)?)).collect::<Result<_, _>>()?;
    let key = rustls_pemfile::private_key(&mut BufReader::new(File::open(key)?))?.expect("a key");
    let tls = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).expect("a certificate");
    let config = SmtpConfig {
        bind_addr: format!("127.0.0.1:{port}"),
        hostname: "bench.test".into(),
        disable_reverse_dns: true,
        max_message_size: Some(64 << 20),
        max_recipients: 1000,
        tls_mode: TlsMode::Explicit(TlsConfig::Rustls(tls)),
        ..SmtpConfig::default()
    };
    start_server(config, EachDiscards).await
}
