//! Servers with certificates, and clients that have sent STARTTLS.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;

use mailchute::tls::TlsConfig;
use mailchute::{Builder, Message, Receipt, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::runtime::{self, Runtime};

const CLIENT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 40_000);

/// One runtime, as servers live on.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        runtime::Builder::new_current_thread().enable_time().build().expect("it needs nothing of the system")
    });
    runtime.block_on(future)
}

/// A certificate and its key, which stand in one text.
pub(crate) fn tls(pem: &str) -> TlsConfig {
    TlsConfig::from_pem(pem.as_bytes(), pem.as_bytes()).expect("both are in the file")
}

/// A server that takes all mail.
pub(crate) fn builder(tls: TlsConfig) -> Builder {
    Server::builder().hostname("mx.example.com").tls(tls).on_store(|mut message: Message, _| async move {
        while message.chunk().await?.is_some() {}
        Ok(Receipt::new("Message accepted"))
    })
}

/// Has a client go on where the server expects its handshake.
pub(crate) async fn behind_starttls<T, F: Future<Output = T>>(
    server: &Server,
    client: impl FnOnce(DuplexStream) -> F,
) -> T {
    let (mut ours, theirs) = tokio::io::duplex(64 * 1024);
    let talk = async {
        ours.write_all(b"EHLO client.example\r\nSTARTTLS\r\n").await.expect("the session listens");
        let mut replies = Vec::new();
        while !replies.ends_with(b"220 2.0.0 Ready to start TLS\r\n") {
            assert_ne!(ours.read_buf(&mut replies).await.expect("the session answers"), 0);
        }
        client(ours).await
    };
    let ((), result) = tokio::join!(server.serve_connection(theirs, CLIENT), talk);
    result
}
