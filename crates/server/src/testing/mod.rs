//! For tests: of programs that send mail, and of your own hooks, filters and stores.
//!
//! | to test | use |
//! |---|---|
//! | a program that sends mail | an [`Inbox`] behind a [`catch_all`] server on a port of its own |
//! | a server with your hooks | a [`Client`] that is connected in memory |
//!
//! # Examples
//! ```
//! use mailchute::{Receipt, Server, Verdict, testing};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), mailchute::BuildError> {
//! let server = Server::builder()
//!     .on_rcpt_to(|to, _session| async move { Verdict::accept_if(to.is_local_to(["example.com"])) })
//!     .on_store(|mut message, _session| async move {
//!         message.bytes().await?;
//!         Ok(Receipt::new("Message accepted"))
//!     })
//!     .build()?;
//!
//! let mut client = testing::client(&server);
//! client.greeting().await.expect(220);
//! client.send("EHLO client.example").await.expect(250);
//! client.send("MAIL FROM:<alice@client.example>").await.expect(250);
//! client.send("RCPT TO:<bob@elsewhere.example>").await.expect(550);
//! client.send("RCPT TO:<bob@example.com>").await.expect(250);
//! client.send("DATA").await.expect(354);
//! client.send("Subject: hello\r\n\r\nHello Bob\r\n.").await.expect(250);
//! # Ok(())
//! # }
//! ```

mod client;
mod inbox;
mod listening;
mod mail;

pub use client::{Client, Reply, client, client_from, lmtp_client};
pub use inbox::{Inbox, NotReceived};
pub use listening::{TestServer, catch_all, listen};
pub use mail::Mail;
