//! The smallest server: it accepts every message and prints its size.
//!
//! To try it, in another terminal:
//! ```sh
//! swaks --server 127.0.0.1:2525 --to bob@example.com  # 250 2.6.0 Message accepted
//! ```

use std::error::Error;

use mailchute::{Receipt, Server};
use mailchute_examples::listen_address;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder()
        .on_store(|mut message, _session| async move {
            let content = message.bytes().await?;
            println!("a message of {} bytes", content.len());
            Ok(Receipt::new("Message accepted"))
        })
        .build()?;

    let serving = server.listen(listen_address()).await?;
    println!("listening on {}", serving.addrs()[0]);
    serving.await?;
    Ok(())
}
