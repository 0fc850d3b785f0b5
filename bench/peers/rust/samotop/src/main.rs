//! samotop, which keeps nothing: PORT CERTIFICATE KEY.

use std::error::Error;
use std::fs::File;
use std::io::BufReader;

use async_tls::TlsAcceptor;
use rustls::internal::pemfile::{certs, pkcs8_private_keys};
use rustls::{NoClientAuth, ServerConfig};
use samotop::io::tls::RustlsProvider;
use samotop::mail::{Builder, Name, NullDispatch};
use samotop::server::TcpServer;
use samotop::smtp::{Esmtp, EsmtpStartTls, SmtpParser};

#[async_std::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, port, certificate, key] = &arguments[..] else { panic!("write PORT CERTIFICATE KEY") };
    let chain = certs(&mut BufReader::new(File::open(certificate)?)).expect("a certificate");
    let mut keys = pkcs8_private_keys(&mut BufReader::new(File::open(key)?)).expect("a key");
    let mut config = ServerConfig::new(NoClientAuth::new());
    config.set_single_cert(chain, keys.remove(0))?;
    let tls = RustlsProvider::from(TlsAcceptor::from(config));
    let service = Builder
        + Name::new("bench.test")
        + NullDispatch
        + Esmtp.with(SmtpParser)
        + EsmtpStartTls.with(SmtpParser, tls);
    TcpServer::on(format!("127.0.0.1:{port}")).serve(service.build()).await
}
