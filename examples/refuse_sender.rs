//! Refuse mail by the domain of its sender.
//!
//! To try it, in another terminal:
//! ```sh
//! swaks --server 127.0.0.1:2525 --to bob@example.com --from alice@example.com  # 250 2.6.0 Message accepted
//! swaks --server 127.0.0.1:2525 --to bob@example.com --from eve@blacklisted.example  # 550 5.7.1 Sender address rejected
//! ```

use std::error::Error;

use mailchute::{Refusal, Server};
use mailchute_examples::{print_and_forget, serve};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder()
        .on_mail_from(|from, _session| async move {
            if from.domain_is("blacklisted.example") {
                return Err(Refusal::new(550, (5, 7, 1), "Sender address rejected"));
            }
            // The null sender `<>`, which sends delivery reports, has no domain and is accepted.
            Ok(())
        })
        .on_store(print_and_forget)
        .build()?;

    serve(server).await?;
    Ok(())
}
