//! Ready-made stores for [Mailchute](mailchute), each of which implements [`Store`](mailchute::Store).
//!
//! | store | URL | what it does with a message |
//! |---|---|---|
//! | [`Maildir`] | `maildir:PATH`, `maildir:PATH?line-ends=crlf&mode=0660` | writes it to a file of its own, which is durable before the client gets 250 |
//! | [`Maildirs`] | `maildir:/var/mail/{domain}/{user}` | writes a copy to the Maildir of each user that it goes to |
//! | [`Forward`] | `lmtp:HOST:PORT`, `lmtp:unix:PATH`, `smtp://HOST`, `smtps://HOST` | hands it to another server while the client waits |
//! | `JetStream` | `nats://HOST/mail.{domain}` | puts it into a NATS stream, with the feature `nats` |
//! | [`Webhook`] | `https://HOST/PATH`, `https://HOST/{domain}/{user}?format=json` | posts it to a web server while the client waits, with the feature `webhook` (on by default) |
//! | [`S3`] | `s3://BUCKET/{domain}/{id}` | keeps it as an object in a bucket of S3, with the feature `s3` |
//! | [`Discard`] | `discard:` | reads it to its end and forgets it |
//!
//! [`All`] gives each message to several of them, and [`Router`] chooses one by the recipient's domain.
//!
//! [`recipients`] knows which addresses exist, and what they stand for.
//!
//! With the feature `nats`, `Deliver` takes mail out of a stream of NATS, and gives it to a server with any of these stores.
//!
//! [`from_url`] makes a store from a URL, for programs whose users choose the store.
//!
//! # Examples
//! ```
//! use mailchute::{Server, testing};
//! use mailchute_stores::Maildir;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("mail");
//! let server = Server::builder().store(Maildir::open(&path)?).build()?;
//!
//! let mut client = testing::connect(&server).open();
//! client.greeting().await.expect(220);
//! client.command("EHLO client.example").await.expect(250);
//! client.command("MAIL FROM:<alice@client.example>").await.expect(250);
//! client.command("RCPT TO:<bob@example.com>").await.expect(250);
//! client.command("DATA").await.expect(354);
//! client.command("Subject: hello\r\n\r\nHello Bob\r\n.").await.expect(250);
//!
//! assert_eq!(std::fs::read_dir(path.join("new"))?.count(), 1);
//! # Ok(())
//! # }
//! ```

mod all;
mod any;
#[cfg(feature = "nats")]
mod deliver;
mod destination;
mod discard;
mod forward;
mod group;
mod handover;
#[cfg(feature = "webhook")]
mod http_users;
mod lookup_url;
mod maildir;
mod maildirs;
#[cfg(feature = "nats")]
mod nats;
mod prepared;
pub mod recipients;
mod router;
#[cfg(feature = "s3")]
mod s3;
#[cfg(any(feature = "webhook", feature = "s3"))]
mod seconds;
mod secret;
mod template;
#[cfg(any(feature = "nats", feature = "s3"))]
mod unique;
mod url;
mod url_options;
#[cfg(feature = "webhook")]
mod webhook;

pub use all::All;
pub use any::AnyStore;
#[cfg(feature = "nats")]
pub use deliver::{Deliver, DeliverBuilder, DeliverError, Delivering};
pub use destination::{Destination, Destinations};
pub use discard::Discard;
pub use forward::{Forward, ForwardBuilder, HopTls, NextHop};
pub use handover::hand_over;
pub use lookup_url::LookupUrl;
pub use maildir::{LineEnds, Maildir, MaildirBuilder};
pub use maildirs::{Maildirs, MaildirsBuilder, PlaceError};
#[cfg(feature = "nats")]
pub use nats::{HeaderError, JetStream, JetStreamBuilder, StreamEnvelope};
pub use router::{Routed, Router};
#[cfg(feature = "s3")]
pub use s3::{S3, S3Builder};
pub use secret::{SecretError, SecretSource};
pub use template::{Template, TemplateError, path_component};
pub use url::{StoreUrl, StoreUrlError, check_url, from_url};
#[cfg(feature = "webhook")]
pub use webhook::{Webhook, WebhookBuilder, WebhookError, WebhookFormat};
