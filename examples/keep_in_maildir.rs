//! Keep mail in a Maildir: one file per message, complete and on the disk before the client gets its reply.
//!
//! To try it, in another terminal:
//! ```sh
//! swaks --server 127.0.0.1:2525 --from alice@example.com --to bob@example.com  # 250 2.
//! cat mail/new/*  # Return-Path: <alice@example.com>
//! ```
//! Mail readers know the format: `mutt -f mail` shows the messages.

use std::error::Error;

use mailchute::Server;
use mailchute_examples::serve;
use mailchute_stores::Maildir;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder().store(Maildir::open("mail")?).build()?;

    serve(server).await?;
    Ok(())
}
