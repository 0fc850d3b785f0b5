//! Look up recipients in a slow directory, while other sessions go on.
//!
//! To try it, in another terminal:
//! ```sh
//! swaks --server 127.0.0.1:2525 --to bob@example.com  # 250 2.1.5 Hello Bob
//! swaks --server 127.0.0.1:2525 --to BOB@Example.com  # 250 2.1.5 Hello Bob
//! swaks --server 127.0.0.1:2525 --to nobody@example.com  # 550 5.1.1 No such user here
//! swaks --server 127.0.0.1:2525 --to broken@example.com  # 451 4.3.0 Internal error; try again later
//! ```
//! The cause of the last failure goes to the log and not to the client: the example prints it.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use mailchute::{Refusal, Reply, Server, Verdict};
use mailchute_examples::{print_and_forget, serve};

/// Stands for a database or an LDAP server.
struct Directory {
    names: HashMap<&'static str, &'static str>,
}

impl Directory {
    /// The name of the person that an address belongs to, if there is one. The address is in the form of
    /// `Recipient::lookup_key`, so `BOB@Example.com` is found too.
    async fn look_up(&self, address: &str) -> io::Result<Option<&'static str>> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if address.starts_with("broken@") {
            return Err(io::Error::other("the directory's disk is on fire"));
        }
        Ok(self.names.get(address).copied())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Prints the server's log.
    tracing_subscriber::fmt::init();

    let names = HashMap::from([
        ("alice@example.com", "Alice"),
        ("bob@example.com", "Bob"),
        // Every server must accept mail for its postmaster, also without a domain (RFC 5321 §4.5.1).
        ("postmaster@example.com", "Postmaster"),
        ("postmaster", "Postmaster"),
    ]);
    let directory = Arc::new(Directory { names });

    let server = Server::builder()
        .on_rcpt_to(move |to, _session| {
            let directory = Arc::clone(&directory);
            async move {
                // `?` turns any error into `451 4.3.0`, so the client will try again.
                match directory.look_up(&to.lookup_key()).await? {
                    Some(name) => {
                        Ok(Verdict::AcceptWith(Reply::new(250, (2, 1, 5), format!("Hello {name}"))))
                    }
                    None => Err(Refusal::new(550, (5, 1, 1), "No such user here")),
                }
            }
        })
        .on_store(print_and_forget)
        .build()?;

    serve(server).await?;
    Ok(())
}
