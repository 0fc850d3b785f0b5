//! Accept mail inside TLS only.
//!
//! To try it, in another terminal:
//! ```sh
//! swaks --server 127.0.0.1:2525 --to bob@example.com  # 530 5.7.0 Must issue a STARTTLS command first
//! swaks --server 127.0.0.1:2525 --to bob@example.com --tls  # 250 2.6.0 Message accepted
//! ```
//! A server for mail from the whole Internet may offer TLS but not require it (RFC 3207 §4): remove `require_tls`.

use std::error::Error;

use mailchute::Server;
use mailchute_examples::{print_and_forget, serve, throw_away_certificate};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder()
        // With files, write `.tls(TlsConfig::from_pem_files("cert.pem", "key.pem")?)`.
        .tls(throw_away_certificate()?)
        .require_tls()
        .on_secure(|tls, session| async move {
            println!("{} speaks {} with {}", session.client_ip(), tls.version, tls.cipher);
        })
        .on_store(print_and_forget)
        .build()?;

    serve(server).await?;
    Ok(())
}
