//! Add a custom verb to SMTP, and answer a standard verb in a custom way.
//!
//! To try it, in another terminal (curl sends VRFY when it has no message to send):
//! ```sh
//! curl smtp://127.0.0.1:2525 --request 'XPING are you there?'  # 250 2.0.0 pong: are you there?
//! curl smtp://127.0.0.1:2525 --mail-rcpt alice  # 250 2.1.5 Alice <alice@example.com>
//! curl smtp://127.0.0.1:2525 --mail-rcpt mallory --verbose  # 550 5.1.1 Never heard of them
//! ```

use std::error::Error;

use mailchute::{Refusal, Reply, Server, Verdict};
use mailchute_examples::{print_and_forget, serve};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder()
        .on_command("XPING", |argument, _session| async move {
            Verdict::AcceptWith(Reply::new(250, (2, 0, 0), format!("pong: {argument}")))
        })
        // The standard reply, 252, tells spammers nothing. Reveal users only if you trust all clients.
        .on_command("VRFY", |user, _session| async move {
            if user.eq_ignore_ascii_case("alice") {
                return Ok(Verdict::AcceptWith(Reply::new(250, (2, 1, 5), "Alice <alice@example.com>")));
            }
            Err(Refusal::new(550, (5, 1, 1), "Never heard of them"))
        })
        .on_store(print_and_forget)
        .build()?;

    serve(server).await?;
    Ok(())
}
