//! The code that all examples share.

use std::error::Error;
use std::io;
use std::time::Duration;

use mailchute::tls::TlsConfig;
use mailchute::{Listener, Message, Receipt, Refusal, Server, Session};
use tokio::signal::unix::{SignalKind, signal};

/// The listen address of an example: the environment variable `MAILCHUTE_LISTEN`, else `127.0.0.1:2525`.
#[must_use]
pub fn listen_address() -> String {
    std::env::var("MAILCHUTE_LISTEN").unwrap_or_else(|_| "127.0.0.1:2525".to_owned())
}

/// Listens on [`listen_address`], says so, and serves until Ctrl-C. Running messages then have five seconds to end.
///
/// # Errors
/// If the address is in use, or needs more rights.
pub async fn serve(server: Server) -> io::Result<()> {
    serve_on(server, listen_address()).await
}

/// Like [`serve`], on a listener with more options than its address.
///
/// # Errors
/// As [`serve`].
pub async fn serve_on(server: Server, listener: impl Into<Listener>) -> io::Result<()> {
    const GRACE: Duration = Duration::from_secs(5);
    // It catches the signal from here on; `tokio::signal::ctrl_c()` does so only once it is polled.
    let mut ctrl_c = signal(SignalKind::interrupt())?;
    let serving = server.listen(listener).await?;
    for address in serving.addrs() {
        println!("listening on {address}");
    }
    serving.with_graceful_shutdown(ctrl_c.recv(), GRACE).await
}

/// A store for the examples about other topics: it reads a message, prints a line about it and stores nothing.
///
/// # Errors
/// If the message does not arrive completely.
pub async fn print_and_forget(mut message: Message, _session: Session) -> Result<Receipt, Refusal> {
    let mut bytes = 0;
    while let Some(chunk) = message.chunk().await? {
        bytes += chunk.len();
    }
    let envelope = message.envelope();
    println!("{bytes} bytes from <{}>, recipients: {}", envelope.sender, envelope.recipients.len());
    Ok(Receipt::new("Message accepted"))
}

/// A self-signed certificate for `localhost`, which lasts as long as the process.
///
/// A public server uses `.tls(TlsConfig::from_pem_files("cert.pem", "key.pem")?)` instead.
///
/// # Errors
/// If the host has no random numbers.
pub fn throw_away_certificate() -> Result<TlsConfig, Box<dyn Error>> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    Ok(TlsConfig::from_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes())?)
}
