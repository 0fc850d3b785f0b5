//! Decide by the address of a client whether to serve it, and how many connections it may have.
//!
//! To try it, in another terminal (bash, whose `/dev/tcp` opens two connections here):
//! ```sh
//! swaks --server 127.0.0.1:2525 --to bob@example.com  # 250 2.6.0 Message accepted
//! swaks --server 127.0.0.1:2525 --to bob@example.com --local-interface 127.0.0.2  # 554 5.7.1 You are not welcome here
//! (exec 3<>/dev/tcp/127.0.0.1/2525 4<>/dev/tcp/127.0.0.1/2525; swaks --server 127.0.0.1:2525 --to bob@example.com)  # 421 4.7.0 Too many connections from your address
//! ```

use std::error::Error;
use std::net::IpAddr;

use mailchute::{Refusal, Server, Verdict};
use mailchute_examples::{print_and_forget, serve};

/// The refused clients: 127.0.0.2, and networks that are reserved for documentation.
fn is_unwelcome(client: IpAddr) -> bool {
    match client {
        IpAddr::V4(client) => matches!(client.octets(), [127, 0, 0, 2] | [192, 0, 2, _]),
        IpAddr::V6(client) => matches!(client.segments(), [0x2001, 0xdb8, ..]),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder()
        // In total, and for one client.
        .max_connections(100)
        .max_connections_per_client(2)
        .on_connect(|session| async move {
            let is_welcome = !is_unwelcome(session.client_ip());
            Verdict::accept_or(is_welcome, Refusal::new(554, (5, 7, 1), "You are not welcome here"))
        })
        .on_store(print_and_forget)
        .build()?;

    serve(server).await?;
    Ok(())
}
