//! Mail out of a stream of NATS JetStream, into any store.
//!
//! ```text
//!   stream ──► queue: a pull consumer ──► worker ──► entry: envelope, tries
//!                                           │ content ──► handover: LMTP in memory ──► server ──► store
//!                                           ▼
//!                        fate of each recipient: delivered, later, dead ──► ack, wait, dead letter
//! ```
//!
//! # Why
//!
//! A message leaves the queue when each of its recipients has a fate that is safe. The store has said 250, or a dead letter
//! is in a stream, or a new message for the rest is in the stream. So those who have the message do not get it again. The
//! stream acknowledges the new message first, and only then the old one is done. A process that is killed between the two
//! leaves both, and some recipients may get a second copy. A Maildir knows the message by its name and makes none.
//!
//! A message that all recipients may have later stays where it is. The stream hands it out again after a wait.

mod builder;
mod content;
mod dead_letters;
mod entry;
mod error;
mod fate;
mod letters;
mod queue;
mod report;
mod url;
mod worker;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use mailchute::Server;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

pub use builder::DeliverBuilder;
pub use error::DeliverError;

use crate::nats::connect::Link;
use builder::Options;
use queue::Queue;
use worker::{Phase, Shared, Worker};

/// Takes the mail of a stream that [`JetStream`](crate::JetStream) has filled, and gives it to a server.
///
/// - **The server** is any [`Server`] with a store. It gets each message by LMTP in memory, and listens nowhere. Its hooks
///   are asked as usual. Give it no lower limits than the server that took the mail.
/// - **Acknowledgement.** A message leaves the stream when the store has said 250 for each recipient.
/// - **Later.** After a temporary refusal it is tried again, after [waits](DeliverBuilder::backoff) that grow. If some
///   recipients have it, those who lack it get a message of their own in the stream.
/// - **Dead letters.** After a permanent refusal, or after the [last try](DeliverBuilder::tries), it goes to the subject of
///   [dead letters](DeliverBuilder::dead_letters). Until a stream has it there, it stays in the queue. So does a message
///   without an envelope. The header `Mailchute-Reason` says why.
/// - **Several instances** share the messages, by the name of the [consumer](DeliverBuilder::consumer).
/// - **Second copies.** If a process is killed after the store has the message and before the stream knows it, the message
///   is delivered again. A [`Maildir`](crate::Maildir) knows it by its name, as long as it is in `new/` or `cur/`. Other
///   stores may keep a second copy.
///
/// # Examples
/// ```no_run
/// # async fn run(stop: impl Future) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use mailchute::Server;
/// use mailchute_stores::{Deliver, from_url};
///
/// let server = Server::builder().with(from_url("maildir:/var/mail/{domain}/{user}")?).build()?;
/// let deliver = Deliver::from_url("nats://127.0.0.1:4222/mail.>")?.open()?;
/// let delivering = deliver.connect().await?;
/// delivering.run(server, stop, Duration::from_secs(30)).await;
/// # Ok(())
/// # }
/// ```
pub struct Deliver {
    link: Arc<Link>,
    options: Arc<Options>,
}

impl Deliver {
    /// Returns the options of taking mail from `nats://HOST/SUBJECT` or `tls://HOST/SUBJECT`, with commas between several
    /// hosts of a cluster. In the subject `*` stands for one word, and `>` for all words at the end. Options follow a `?`,
    /// with `&` between two: `user=NAME` with `secret=file:PATH` or `secret=env:NAME`, a secret alone as the token,
    /// `ca=FILE`, `cert=FILE` with `key=FILE`. If the [`JetStream`](crate::JetStream) puts large messages into a bucket of
    /// S3, repeat its `body=s3://BUCKET` and its options that begin with `s3-`.
    ///
    /// # Errors
    /// [`DeliverError::Option`].
    ///
    /// ```
    /// let error = mailchute_stores::Deliver::from_url("nats://127.0.0.1:4222").unwrap_err();
    /// assert!(error.to_string().contains("such as nats://HOST/mail.>"));
    /// ```
    pub fn from_url(url: &str) -> Result<DeliverBuilder, DeliverError> {
        DeliverBuilder::from_url(url)
    }

    fn new(link: Link, options: Options) -> Self {
        Self { link: link.into(), options: options.into() }
    }

    /// Connects, finds the stream, and makes the consumer if there is none.
    ///
    /// # Errors
    /// [`DeliverError`]. Try again after one that is [temporary](DeliverError::is_temporary).
    ///
    /// # Cancel safety
    /// If the future is dropped, the consumer may exist, and nothing else has changed.
    pub async fn connect(&self) -> Result<Delivering, DeliverError> {
        let options = Arc::clone(&self.options);
        let queue = Queue::open(&self.link, &options.subject, &options.consumer).await?;
        let subject = options.dead_letters.subject(&options.subject);
        if !queue.has_stream(&subject).await {
            tracing::warn!(
                name: "no-dead-letters",
                subject,
                "no stream has the subject of dead letters; until there is one, messages that cannot be delivered stay in \
                 the queue"
            );
        }
        Ok(Delivering { queue, options })
    }
}

impl fmt::Debug for Deliver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deliver").field("link", &self.link).field("options", &self.options).finish()
    }
}

/// A stream that is connected: see [`Deliver::connect`].
#[derive(Debug)]
#[must_use = "nothing is delivered until it runs"]
pub struct Delivering {
    queue: Queue,
    options: Arc<Options>,
}

impl Delivering {
    /// Gives mail to the server until `stop` completes. Then it finishes what has begun, but not longer than `grace`, and
    /// gives the rest back to the stream. It never ends because of an error: while the stream cannot be reached, it waits.
    ///
    /// # Cancel safety
    /// If the future is dropped, sessions are cut off. The stream hands their messages out again half a minute later.
    pub async fn run(self, server: Server, stop: impl Future, grace: Duration) {
        let (phase, receiver) = watch::channel(Phase::Working);
        let at_once = self.options.at_once;
        let shared = Arc::new(Shared { server, queue: self.queue.clone(), options: self.options });
        let mut workers = JoinSet::new();
        for _ in 0..at_once {
            let worker = Worker { shared: Arc::clone(&shared), phase: receiver.clone() };
            workers.spawn(worker.run());
        }
        drop(receiver);
        stop.await;
        // An error means that there are no workers.
        let _ = phase.send(Phase::Stopping);
        if timeout(grace, all(&mut workers)).await.is_err() {
            let _ = phase.send(Phase::CutOff);
            all(&mut workers).await;
        }
        self.queue.flush().await;
    }
}

/// Waits for all workers.
async fn all(workers: &mut JoinSet<()>) {
    while workers.join_next().await.is_some() {}
}
