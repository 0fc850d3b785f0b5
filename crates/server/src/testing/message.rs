//! Messages without a server.

use std::error::Error;
use std::fmt;
use std::task::{Context, Waker};

use bytes::Bytes;
use mailchute_proto::{Envelope, Refusal, ReversePath, Sender};

use crate::message::{ContentLimits, Message, body};
use crate::session::Session;

/// Makes a message with this content without a server, so that a test can call a filter or store directly.
///
/// Its envelope is that of the session's transaction. Lines of the content should end with CRLF. Dots are not
/// stuffed.
///
/// # Examples
/// ```
/// use mailchute::{Filter, Message, Refusal, Session, testing};
///
/// struct NoExecutables;
///
/// impl Filter for NoExecutables {
///     async fn filter(&self, message: &mut Message, _session: &Session) -> Result<(), Refusal> {
///         let content = message.bytes().await?;
///         if content.windows(5).any(|window| window == b".exe\"") {
///             return Err(Refusal::new(554, (5, 7, 1), "Executables are not accepted here"));
///         }
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let session = testing::session().sender("alice@client.example").recipient("bob@example.com").build();
/// let mut message = testing::message(&session, "Content-Disposition: attachment; filename=\"a.exe\"\r\n\r\n");
/// let refusal = NoExecutables.filter(&mut message, &session).await.unwrap_err();
/// assert_eq!(refusal.code().get(), 554);
///
/// let mut message = testing::message(&session, "Subject: hello\r\n\r\nHello Bob\r\n");
/// assert_eq!(NoExecutables.filter(&mut message, &session).await, Ok(()));
/// # }
/// ```
#[must_use]
pub fn message(session: &Session, content: impl Into<Bytes>) -> Message {
    let envelope = session.envelope().unwrap_or_else(|| Envelope::new(Sender::new(ReversePath::Null)).into());
    let (pump, mut body) = body::channel();
    // For the readers after the first.
    body.keep();
    let content = content.into();
    if !content.is_empty() {
        pump.push(content, &Context::from_waker(Waker::noop()));
    }
    pump.finish(Ok(()));
    let limits = ContentLimits { message: u64::MAX, header: 0 };
    Message::new(1, envelope, body, session.clone(), limits)
}

/// Returns the message as the next filter or the store gets it after a filter has returned. It begins at the
/// first byte, with the changes of the filter.
///
/// # Errors
/// [`NotPassedOn`] if no other reader would get it.
///
/// # Examples
/// ```
/// use mailchute::{Store as _, testing};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let session = testing::session().recipient("bob@example.com").build();
/// let mut message = testing::message(&session, "Subject: hello\r\n\r\nHello Bob\r\n");
/// message.add_above_trace("X-Spam", "no")?; // what a filter does
///
/// let mut next = testing::next_reader(&message)?;
/// assert_eq!(next.bytes().await?, "X-Spam: no\r\nSubject: hello\r\n\r\nHello Bob\r\n");
///
/// let inbox = testing::Inbox::new();
/// inbox.store(testing::next_reader(&message)?, &session).await.expect("it has room");
/// assert!(inbox.messages()[0].header().has("X-Spam"));
///
/// let mut message = testing::message(&session, "");
/// message.discard();
/// assert!(matches!(testing::next_reader(&message), Err(testing::NotPassedOn::Discarded)));
/// # Ok(())
/// # }
/// ```
pub fn next_reader(message: &Message) -> Result<Message, NotPassedOn> {
    let mut next = message.for_reader(true, "next_reader");
    match next.settle() {
        None => Ok(next),
        Some(Err(refusal)) => Err(NotPassedOn::Refused(refusal)),
        Some(Ok(_)) => Err(NotPassedOn::Discarded),
    }
}

/// The reason why no other reader gets a message: see [`next_reader`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotPassedOn {
    /// The filter [discarded](Message::discard) it, or dropped all recipients.
    Discarded,
    /// The filter [refused](Message::refuse) recipients. The client gets this reply for the message.
    Refused(Refusal),
}

impl fmt::Display for NotPassedOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discarded => f.write_str("the filter discarded the message"),
            Self::Refused(refusal) => write!(f, "the filter refused recipients: {refusal}"),
        }
    }
}

impl Error for NotPassedOn {}
