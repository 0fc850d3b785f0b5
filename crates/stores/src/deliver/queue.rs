//! The stream as a queue: a durable pull consumer that all instances share.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_nats::jetstream::consumer::pull::Config;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer};
use async_nats::jetstream::context::GetStreamByNameErrorKind;
use async_nats::jetstream::{AckKind, Context, Message};
use async_nats::{HeaderMap, Subject};
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::time::{sleep, timeout};

use super::error::DeliverError;
use crate::nats::connect::Link;
use crate::nats::error::NatsError;

/// How long the stream waits for a word about a message before it hands it to another instance.
const ACK_WAIT: Duration = Duration::from_secs(30);

/// How often the stream is told that a message is being worked on.
const ALIVE: Duration = Duration::from_secs(8);

/// How long one request for a message waits in the stream. The end of the program waits as long.
const PULL: Duration = Duration::from_secs(3);

/// Messages without a final word, most of which wait for their next try. Beyond them the stream hands out no more.
const WAITING: i64 = 10_000;

/// A consumer, and the stream that it reads.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    link: Arc<Link>,
    consumer: PullConsumer,
    connected: Arc<Mutex<Connected>>,
}

/// The connection that was seen last.
#[derive(Debug)]
struct Connected {
    /// The connections so far.
    number: u64,
    since: SystemTime,
}

impl Queue {
    /// Finds the stream of a subject, and makes the consumer if there is none of this name.
    ///
    /// # Errors
    /// If there is no stream, if the consumer reads another subject, or if the server does not answer.
    pub(super) async fn open(link: &Arc<Link>, subject: &str, consumer: &str) -> Result<Self, DeliverError> {
        let context = link.connected().await.map_err(DeliverError::unreachable)?;
        let name = context.stream_by_subject(subject).await.map_err(|error| match error.kind() {
            GetStreamByNameErrorKind::NotFound => DeliverError::NoStream(subject.to_owned()),
            _ => DeliverError::unreachable(error),
        })?;
        let stream = context.get_stream(&name).await.map_err(DeliverError::unreachable)?;
        if let Ok(info) = stream.consumer_info(consumer).await
            && info.config.filter_subject != subject
        {
            return Err(DeliverError::OtherConsumer {
                name: consumer.to_owned(),
                subject: info.config.filter_subject.clone(),
            });
        }
        let config = Config {
            durable_name: Some(consumer.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            max_deliver: -1,
            filter_subject: subject.to_owned(),
            max_ack_pending: WAITING,
            ..Config::default()
        };
        let consumer = stream.create_consumer(config).await.map_err(DeliverError::unreachable)?;
        let connected = Arc::new(Mutex::new(Connected { number: 0, since: SystemTime::now() }));
        Ok(Self { link: Arc::clone(link), consumer, connected })
    }

    /// Returns whether a stream takes this subject.
    pub(super) async fn has_stream(&self, subject: &str) -> bool {
        let Ok(context) = self.link.connected().await else { return false };
        context.stream_by_subject(subject).await.is_ok()
    }

    /// Waits some seconds for the next message.
    ///
    /// # Cancel safety
    /// If the future is dropped, a message may be lost until [`ACK_WAIT`] is over.
    pub(super) async fn next(&self) -> Result<Option<Message>, async_nats::Error> {
        self.link.connected().await?;
        let mut batch = self.consumer.batch().max_messages(1).expires(PULL).messages().await?;
        // The client gives a request up by itself, but not if the connection is lost.
        match timeout(PULL + Duration::from_secs(5), batch.next()).await {
            Ok(message) => message.transpose(),
            Err(_) => Ok(None),
        }
    }

    /// Returns the time since which there is this connection, or a bit later. A server that was killed may have forgotten how
    /// often it has handed out the messages that it had before.
    pub(super) async fn connected_since(&self) -> SystemTime {
        let number = match self.link.connected().await {
            Ok(context) => context.client().statistics().connects.load(Ordering::Relaxed),
            // There will be another one.
            Err(_) => u64::MAX,
        };
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        if connected.number != number {
            *connected = Connected { number, since: SystemTime::now() };
        }
        connected.since
    }

    /// Puts a message into a stream, and waits until it is safe there.
    pub(super) async fn publish(
        &self,
        subject: String,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<(), async_nats::Error> {
        let context = self.link.connected().await?;
        let sent = context.publish_with_headers(Subject::from(subject), headers, payload).await?;
        sent.await?;
        Ok(())
    }

    /// Returns the context, if there is a connection.
    pub(super) async fn context(&self) -> Result<&Context, NatsError> {
        self.link.connected().await
    }

    /// Sends what was said last.
    pub(super) async fn flush(&self) {
        if let Ok(context) = self.link.connected().await {
            // A message whose word is not sent is handed out again.
            let _ = timeout(PULL, context.client().flush()).await;
        }
    }
}

/// Tells the stream again and again that a message is being worked on.
pub(super) async fn keep_alive(message: &Message) -> ! {
    loop {
        sleep(ALIVE).await;
        // If it cannot be told, another instance may get the message too.
        let _ = message.ack_with(AckKind::Progress).await;
    }
}

/// Puts a message off.
pub(super) async fn put_off(message: &Message, wait: Duration) {
    // If it cannot be told, the message comes when ACK_WAIT is over.
    let _ = timeout(ALIVE, message.ack_with(AckKind::Nak(Some(wait)))).await;
}

/// Takes a message out of the queue.
///
/// # Errors
/// If the stream does not confirm it. Then it may hand the message out again.
pub(super) async fn finish(message: &Message) -> Result<(), async_nats::Error> {
    timeout(ACK_WAIT, message.double_ack()).await?
}
