//! Test tools for programs that send mail, and for your own hooks, filters and stores.
//!
//! | to test | use |
//! |---|---|
//! | a program that sends mail | an [`Inbox`] and a [`catch_all`] server on a port of its own |
//! | a server with your hooks | a [`Client`], which is [connected](connect) in memory |
//! | one hook, filter or store | a [`session`] and a [`message`], without a server |
//!
//! # Examples
//! ```
//! use mailchute::{Server, Verdict, testing};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), mailchute::BuildError> {
//! let inbox = testing::Inbox::new();
//! let server = Server::builder()
//!     .on_rcpt_to(|to, _session| async move { Verdict::accept_if(to.is_local_to(["example.com"])) })
//!     .store(inbox.clone())
//!     .build()?;
//!
//! let mut client = testing::connect(&server).open();
//! client.ready().await.expect(250);
//! client.command("MAIL FROM:<alice@client.example>").await.expect(250);
//! client.command("RCPT TO:<bob@elsewhere.example>").await.expect(550);
//! client.command("RCPT TO:<bob@example.com>").await.expect(250);
//! client.data("Subject: hello\r\n\r\nHello Bob\r\n").await.expect(250);
//! assert_eq!(inbox.messages()[0].body(), b"Hello Bob\r\n");
//! # Ok(())
//! # }
//! ```
//!
//! # Time
//!
//! The server measures time with [`tokio::time`]. So a test with paused time (feature `test-util` of tokio,
//! `start_paused = true`) can wait for hours in no time. Time passes only while every task waits. Hooks must
//! then use [`tokio::time::Instant`] and [`tokio::time::sleep`], since [`std::time::Instant`] follows the
//! real clock. Pause time only with clients in memory. The runtime does not know that a client on a socket is
//! at work, and would let timeouts pass.
//! ```
//! use std::time::Duration;
//!
//! use mailchute::{Refusal, Server, testing};
//! use tokio::time::Instant;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), mailchute::BuildError> {
//! let opens = Instant::now() + Duration::from_secs(3_600);
//! let server = Server::builder()
//!     .on_mail_from(move |_from, _session| async move {
//!         if Instant::now() < opens {
//!             return Err(Refusal::new(450, (4, 7, 1), "Come back in an hour"));
//!         }
//!         Ok(())
//!     })
//!     .store(testing::Inbox::new())
//!     .build()?;
//!
//! let mut early = testing::connect(&server).open();
//! early.ready().await.expect(250);
//! early.command("MAIL FROM:<alice@client.example>").await.expect(450);
//! tokio::time::advance(Duration::from_secs(3_600)).await;
//! let mut later = testing::connect(&server).open();
//! later.ready().await.expect(250);
//! later.command("MAIL FROM:<alice@client.example>").await.expect(250);
//! # Ok(())
//! # }
//! ```

mod client;
mod connect;
mod conversation;
mod delivery;
mod inbox;
mod listening;
mod mail;
mod message;
mod reply;
mod session;
mod tls;

pub use client::Client;
pub use connect::{Connect, connect};
pub use delivery::Delivery;
pub use inbox::{Inbox, NotReceived};
pub use listening::{TestServer, catch_all, listen};
pub use mail::Mail;
pub use message::{NotPassedOn, message, next_reader};
pub use reply::Reply;
pub use session::{SessionBuilder, recipient, sender, session};
pub use tls::{TlsBuilder, client_certificate, tls};
