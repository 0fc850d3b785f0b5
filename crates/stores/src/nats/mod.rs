//! Mail in a stream of NATS JetStream.
//!
//! ```text
//!   RCPT ──► connect: is there a server? ──► 451 at once if not
//!   DATA ──► subject: groups of recipients ──► transfer: content in memory, or uploads
//!                                                  └──► publish with the envelope as headers ──ack──► 250
//! ```

pub(crate) mod body;
mod builder;
pub(crate) mod connect;
mod envelope;
pub(crate) mod error;
mod header_error;
mod objects;
pub(crate) mod servers;
mod subject;
mod transfer;
pub(crate) mod uploads;
pub(crate) mod url;

use std::fmt;
use std::sync::Arc;

use mailchute::session::Protocol;
use mailchute::{
    Answer, Builder, Hooks, Install, Message, Receipt, Recipient, Refusal, Session, Store, Verdict,
};
use tokio::sync::Semaphore;

pub use builder::JetStreamBuilder;
pub use envelope::StreamEnvelope;
pub use header_error::HeaderError;

use connect::Link;
use error::{NatsError, TOO_LARGE};
use servers::Servers;
use subject::Group;
use transfer::Transfer;
use uploads::Bodies;

use crate::destination::expand;
use crate::{NextHop, Template};

/// Bytes of messages that may be in memory at a time, on their way to the stream.
const MEMORY: usize = 64 * 1024 * 1024;

/// Puts messages into a stream of NATS JetStream, from which any number of programs take them.
///
/// The client gets 250 when the stream has acknowledged the message. The stream decides how safe it is then. Three
/// replicas survive the loss of a server. One replica survives a crash of its server. It survives a power cut only if the
/// server flushes each message (`sync_interval: always`, from nats-server 2.10 on).
///
/// - **Messages.** The subject is a [`Template`], such as `mail.{domain}`. Recipients with the same subject share one
///   message. Its headers are a [`StreamEnvelope`]; its payload is the content, with `Received:` on top.
/// - **Retries.** `Nats-Msg-Id` is a hash of the sender, the recipients and the content as the client sent it. A message
///   that is sent again within the `duplicate_window` of the stream is not doubled. Its default of two minutes is short
///   for mail, so set two hours.
/// - **Large messages.** The server bounds a message by `max_payload`, 1 MiB by default, and this store holds at most
///   16 MiB in memory. The content of a larger one goes into a bucket, and the message in the stream names it. The bucket is
///   one of the [object store](JetStreamBuilder::objects), or with the feature `s3` one of S3 (`JetStreamBuilder::s3`).
///   Without a bucket the message is refused with `552 5.3.4`, at RCPT if the client declares its size.
/// - **A full stream** (`discard: new`) refuses mail with `452 4.3.1`. Never let a stream for mail discard old messages.
/// - **No connection** refuses mail with `451 4.4.1`, at RCPT if the store is registered by [`Builder::with`]. The store
///   connects again by itself.
/// - **Buckets.** Content of a message that was given up or refused is removed. It stays if nobody knows whether the stream
///   has the message. So give the bucket a `max_age`, or a rule for its lifecycle, above that of the stream.
///
/// The stream and the bucket must exist. Clones share the connection.
///
/// # Examples
/// ```
/// use mailchute::Server;
/// use mailchute_stores::{JetStream, NextHop, Template};
///
/// let store = JetStream::builder([NextHop::tcp("127.0.0.1", 4222)], Template::parse("mail.{domain}")?).open()?;
/// let server = Server::builder().with(store).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct JetStream(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: JetStreamBuilder,
    link: Link,
    /// Where content goes that is too large for the stream.
    bodies: Option<Bodies>,
    /// One permit for each byte.
    memory: Arc<Semaphore>,
}

impl JetStream {
    /// Returns the options for a stream of these servers. All of them are servers of one cluster: those that it tells of
    /// later are not used.
    pub fn builder(servers: impl IntoIterator<Item = NextHop>, subject: Template) -> JetStreamBuilder {
        let servers = Servers { next_hops: servers.into_iter().collect(), ..Servers::default() };
        JetStreamBuilder::new(servers, subject)
    }

    /// Begins to connect, in a task of this runtime, so that the log tells early whether the servers can be reached. The
    /// call does not wait for the connection.
    pub async fn connect(&self) {
        if let Err(error) = self.0.link.start().await {
            tracing::warn!(name: "nats-unreachable", servers = %self.0.link.servers(), %error, "NATS cannot be reached; mail is refused temporarily");
        }
    }

    pub(crate) fn options(&self) -> &JetStreamBuilder {
        &self.0.options
    }

    /// Answers for a recipient at RCPT.
    pub(crate) async fn rcpt(&self, session: &Session) -> Answer {
        let context = self.0.link.connected().await.map_err(NatsError::refusal)?;
        let envelope = session.envelope();
        let size = envelope.and_then(|envelope| envelope.sender.parameters().size).unwrap_or(0);
        if self.0.bodies.is_none() && size > transfer::most(context) as u64 {
            return Err(TOO_LARGE);
        }
        Ok(Verdict::Accept)
    }
}

impl Store for JetStream {
    async fn store(&self, mut message: Message, session: &Session) -> Result<Receipt, Refusal> {
        expand(&mut message, session);
        let shared = &*self.0;
        let context = shared.link.connected().await.map_err(NatsError::refusal)?;
        let id = message.id().to_string();
        let recipients = message.envelope().recipients.clone();
        let groups = Group::all(&shared.options.subject, &recipients, &id, session.hostname());
        let mut transfer = Transfer::new(shared, context, groups, &message, session)?;
        let mut content = message.for_relay().await?;
        for top in content.tops().to_vec() {
            transfer.push_top(&top).await?;
        }
        while let Some(chunk) = content.chunk().await? {
            transfer.push(&chunk).await?;
        }
        let mut refused = None;
        let mut is_kept = false;
        for (places, kept) in transfer.publish().await? {
            match kept {
                Ok(()) => is_kept = true,
                Err(refusal) if session.protocol() == Protocol::Smtp => return Err(refusal),
                Err(refusal) => {
                    places.iter().for_each(|place| message.refuse(*place, refusal.clone()));
                    refused = Some(refusal);
                }
            }
        }
        match refused {
            Some(refusal) if !is_kept => Err(refusal),
            _ => Ok(Receipt::new(format!("Message accepted as {id}"))),
        }
    }
}

/// Asks at RCPT whether there is a connection, and whether the server takes a message of the declared size.
impl Hooks for JetStream {
    async fn rcpt_to(&self, _to: &Recipient, session: &Session) -> Answer {
        self.rcpt(session).await
    }
}

impl Install for JetStream {
    fn install(self, builder: Builder) -> Builder {
        builder.hooks(self.clone()).store(self)
    }
}

impl fmt::Debug for JetStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JetStream").field(&format_args!("{}", self.0.options)).finish()
    }
}
