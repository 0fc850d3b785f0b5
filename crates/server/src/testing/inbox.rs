//! A store in memory.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mailchute_proto::Refusal;
use tokio::sync::watch;
use tokio::time::timeout;

use super::mail::Mail;
use crate::hooks::store::{Receipt, Store};
use crate::message::Message;
use crate::session::Session;

/// A [`Store`] that keeps all messages in memory, so that a test can look at them. Clones are cheap and refer
/// to the same inbox.
///
/// # Examples
/// A test of a program that sends mail, with a real listener from [`catch_all`](super::catch_all):
/// ```
/// use std::time::Duration;
///
/// use mailchute::testing;
/// # use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let inbox = testing::Inbox::new();
/// let server = testing::catch_all(&inbox).await?;
/// # async fn send_mail_to(server: std::net::SocketAddr) -> std::io::Result<()> {
/// #     let mut stream = tokio::net::TcpStream::connect(server).await?;
/// #     let session = "HELO a.example\r\nMAIL FROM:<a@a.example>\r\nRCPT TO:<alice@example.com>\r\nDATA\r\n\
/// #         Subject: Welcome\r\n\r\nHello Alice\r\n.\r\nQUIT\r\n";
/// #     for line in session.split_inclusive("\r\nDATA\r\n") {
/// #         stream.write_all(line.as_bytes()).await?;
/// #     }
/// #     stream.read_to_end(&mut Vec::new()).await.map(drop)
/// # }
/// send_mail_to(server.addr()).await?; // the program under test
/// let mail = inbox.wait_for(|mail| mail.is_to("alice@example.com"), Duration::from_secs(5)).await?;
/// assert_eq!(mail.header().get("Subject").as_deref(), Some("Welcome"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Inbox(Arc<watch::Sender<Vec<Mail>>>);

impl Inbox {
    /// Creates an empty inbox.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns all messages so far, in the order in which they were accepted.
    #[must_use]
    pub fn messages(&self) -> Vec<Mail> {
        self.0.borrow().clone()
    }

    /// Forgets all messages so far.
    pub fn clear(&self) {
        self.0.send_modify(Vec::clear);
    }

    /// Returns the first message for which `is_wanted` returns true, as soon as it is there. A message that
    /// came before counts too.
    ///
    /// The time is that of tokio. With paused time, `limit` passes at once, however fast a real client on a
    /// socket is. So pause time only with clients in memory.
    ///
    /// # Errors
    /// [`NotReceived`] after `limit`. It lists what came instead.
    ///
    /// # Cancel safety
    /// Safe: dropping the future changes nothing.
    pub async fn wait_for(
        &self,
        mut is_wanted: impl FnMut(&Mail) -> bool,
        limit: Duration,
    ) -> Result<Mail, NotReceived> {
        let mut found = None;
        let receives = |messages: &Vec<Mail>| {
            found = messages.iter().find(|mail| is_wanted(mail)).cloned();
            found.is_some()
        };
        let is_there = self.wait_until(receives, limit).await;
        found.filter(|_| is_there).ok_or_else(|| self.not_received("a matching message", limit))
    }

    /// Waits for the message of an inbox that must get exactly one. Later messages are not noticed.
    ///
    /// # Errors
    /// [`NotReceived`] if there is none after `limit`, or more than one.
    ///
    /// # Cancel safety
    /// Safe: dropping the future changes nothing.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use std::time::Duration;
    ///
    /// use mailchute::testing::Inbox;
    ///
    /// let nothing = Inbox::new().wait_for_one(Duration::ZERO).await.expect_err("nobody sent a message");
    /// assert_eq!(nothing.to_string(), "expected exactly 1 message within 0ns; the inbox is empty");
    /// # }
    /// ```
    pub async fn wait_for_one(&self, limit: Duration) -> Result<Mail, NotReceived> {
        self.wait_until(|messages| !messages.is_empty(), limit).await;
        match &self.messages()[..] {
            [mail] => Ok(mail.clone()),
            _ => Err(self.not_received("exactly 1 message", limit)),
        }
    }

    /// Returns all messages as soon as there are at least `count`.
    ///
    /// # Errors
    /// [`NotReceived`] if there are fewer after `limit`.
    ///
    /// # Cancel safety
    /// Safe: dropping the future changes nothing.
    pub async fn wait_for_count(&self, count: usize, limit: Duration) -> Result<Vec<Mail>, NotReceived> {
        if self.wait_until(|messages| messages.len() >= count, limit).await {
            return Ok(self.messages());
        }
        Err(self.not_received(format!("at least {count} messages"), limit))
    }

    /// Returns whether it is there within `limit`.
    async fn wait_until(&self, is_there: impl FnMut(&Vec<Mail>) -> bool, limit: Duration) -> bool {
        let mut messages = self.0.subscribe();
        matches!(timeout(limit, messages.wait_for(is_there)).await, Ok(Ok(_)))
    }

    fn not_received(&self, expected: impl Into<Cow<'static, str>>, limit: Duration) -> NotReceived {
        NotReceived { expected: expected.into(), limit, received: self.messages() }
    }
}

impl Store for Inbox {
    async fn store(&self, mut message: Message, session: &Session) -> Result<Receipt, Refusal> {
        let header = message.header().await?;
        let content = message.bytes().await?;
        let envelope = message.envelope().clone();
        let mail = Mail::new(message.id(), envelope, header, content, message.directory(), session.clone());
        self.0.send_modify(|messages| messages.push(mail));
        Ok(Receipt::new("Message accepted"))
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Inbox").field(&*self.0.borrow()).finish()
    }
}

/// The error of an [`Inbox`] that did not receive what the test waited for. Its text lists what it received.
#[derive(Debug, Clone)]
pub struct NotReceived {
    expected: Cow<'static, str>,
    limit: Duration,
    received: Vec<Mail>,
}

impl NotReceived {
    /// Returns the messages that the inbox had at that time.
    #[must_use]
    pub fn received(&self) -> &[Mail] {
        &self.received
    }
}

impl fmt::Display for NotReceived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} within {:?}; the inbox ", self.expected, self.limit)?;
        match self.received.len() {
            0 => return f.write_str("is empty"),
            1 => f.write_str("has 1 message:")?,
            count => write!(f, "has {count} messages:")?,
        }
        self.received.iter().try_for_each(|mail| write!(f, "\n  {mail}"))
    }
}

impl std::error::Error for NotReceived {}
