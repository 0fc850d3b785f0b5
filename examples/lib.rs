//! What the examples need and none of them is about.

use std::error::Error;
use std::io;
use std::time::Duration;

use mailchute::tls::TlsConfig;
use mailchute::{Listener, Message, Receipt, Refusal, Server, Session};
use tokio::signal::unix::{SignalKind, signal};

/// Where an example listens: what the environment variable `MAILCHUTE_LISTEN` says, else `127.0.0.1:2525`.
#[must_use]
pub fn listen_address() -> String {
    std::env::var("MAILCHUTE_LISTEN").unwrap_or_else(|_| "127.0.0.1:2525".to_owned())
}

/// Listens on [`listen_address`], says so, and serves until Ctrl-C; messages that are under way then have five
/// seconds to end.
///
/// # Errors
/// When the address cannot be listened on: it is taken, or needs rights.
pub async fn serve(server: Server) -> io::Result<()> {
    serve_on(server, listen_address()).await
}

/// As [`serve`], on a listener that says more than its address.
///
/// # Errors
/// As [`serve`].
pub async fn serve_on(server: Server, listener: impl Into<Listener>) -> io::Result<()> {
    const GRACE: Duration = Duration::from_secs(5);
    // Heard from here on; `tokio::signal::ctrl_c()` hears it from when it is first polled.
    let mut ctrl_c = signal(SignalKind::interrupt())?;
    let serving = server.listen(listener).await?;
    for address in serving.addrs() {
        println!("listening on {address}");
    }
    serving.with_graceful_shutdown(ctrl_c.recv(), GRACE).await
}

/// A store for the examples that are about something else: it reads a message, prints a line about it and
/// keeps nothing.
///
/// # Errors
/// When the message does not come to its end.
pub async fn print_and_forget(mut message: Message, _session: Session) -> Result<Receipt, Refusal> {
    let mut octets = 0;
    while let Some(chunk) = message.chunk().await? {
        octets += chunk.len();
    }
    let envelope = message.envelope();
    println!("{octets} octets from <{}>, recipients: {}", envelope.sender, envelope.recipients.len());
    Ok(Receipt::new("Message accepted"))
}

/// A certificate for `localhost` that nobody has signed and that is gone with the process.
///
/// A server with a name has `.tls(TlsConfig::from_pem_files("cert.pem", "key.pem")?)` instead.
///
/// # Errors
/// When the host has no random numbers.
pub fn throw_away_certificate() -> Result<TlsConfig, Box<dyn Error>> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    Ok(TlsConfig::from_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes())?)
}
