//! The options of taking mail out of a stream.

use std::time::Duration;

use super::Deliver;
use super::dead_letters::DeadLetters;
use super::error::DeliverError;
use super::fate::Backoff;
use super::url;
use crate::NextHop;
use crate::nats::body::Body;
use crate::nats::connect::Link;
use crate::nats::servers::Servers;
use crate::nats::uploads::Bodies;

/// The name of the consumer, if no other is given.
const CONSUMER: &str = "mailchute-deliver";

/// Tries until a message is a dead letter.
const TRIES: u32 = 20;

/// Messages that are delivered at a time.
const AT_ONCE: usize = 16;

/// The seconds between tries.
const BACKOFF: [u64; 5] = [5, 30, 120, 600, 1_800];

/// The options of [`Deliver`], made by [`Deliver::from_url`].
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use mailchute_stores::Deliver;
///
/// let deliver = Deliver::from_url("nats://127.0.0.1:4222/mail.>")?
///     .backoff([5, 60, 600].map(Duration::from_secs))
///     .tries(10)
///     .dead_letters("mail-dead")
///     .open()?;
/// # Ok::<(), mailchute_stores::DeliverError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is opened"]
pub struct DeliverBuilder {
    servers: Servers,
    subject: String,
    body: Option<Body>,
    consumer: String,
    backoff: Vec<Duration>,
    tries: u32,
    dead_letters: Option<String>,
    at_once: usize,
}

/// The checked options.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) subject: String,
    pub(super) consumer: String,
    pub(super) backoff: Backoff,
    pub(super) tries: u32,
    pub(super) dead_letters: DeadLetters,
    pub(super) at_once: usize,
    /// A bucket next to the stream.
    pub(super) bodies: Option<Bodies>,
}

impl DeliverBuilder {
    pub(super) fn from_url(url: &str) -> Result<Self, DeliverError> {
        let (servers, subject, body) = url::parse(url).map_err(DeliverError::Option)?;
        Ok(Self {
            servers,
            subject,
            body,
            consumer: CONSUMER.to_owned(),
            backoff: BACKOFF.map(Duration::from_secs).to_vec(),
            tries: TRIES,
            dead_letters: None,
            at_once: AT_ONCE,
        })
    }

    /// Sets the name of the durable consumer, which is made if it does not exist. All instances with this name share the
    /// messages. Default is `mailchute-deliver`.
    pub fn consumer(mut self, name: impl Into<String>) -> Self {
        self.consumer = name.into();
        self
    }

    /// Sets the waits before the second try, the third, and so on. The last wait recurs. Default is 5 s, 30 s, 2 min,
    /// 10 min and 30 min.
    pub fn backoff(mut self, waits: impl IntoIterator<Item = Duration>) -> Self {
        self.backoff = waits.into_iter().collect();
        self
    }

    /// Sets how often a message is tried before it is a dead letter. Default is 20, which takes about eight hours with the
    /// default waits. A try that a killed process has begun counts too.
    pub fn tries(mut self, tries: u32) -> Self {
        self.tries = tries;
        self
    }

    /// Sets the subject of dead letters. `{subject}` stands for the one that the message had. A stream must take it.
    /// Default is `dead.{subject}`.
    pub fn dead_letters(mut self, subject: impl Into<String>) -> Self {
        self.dead_letters = Some(subject.into());
        self
    }

    /// Sets how many messages are delivered at a time. Default is 16. Each is a session of the server.
    pub fn at_once(mut self, messages: usize) -> Self {
        self.at_once = messages;
        self
    }

    /// Returns the servers to which it connects, so that a sandbox can allow it: those of NATS, and that of a bucket.
    #[must_use]
    pub fn next_hops(&self) -> Vec<NextHop> {
        let body = self.body.iter().flat_map(Body::next_hops);
        self.servers.next_hops.iter().chain(body).cloned().collect()
    }

    /// Returns whether it reads the authorities of the system while it runs, so that a sandbox can allow it.
    #[must_use]
    pub fn reads_authorities(&self) -> bool {
        self.servers.is_tls
    }

    /// Checks the options.
    ///
    /// # Errors
    /// [`DeliverError::Option`].
    pub fn check(&self) -> Result<(), DeliverError> {
        self.options().map(drop)
    }

    /// Checks the options, and reads the files that they name. It does not connect. The call blocks.
    ///
    /// # Errors
    /// [`DeliverError::Option`] and [`DeliverError::File`].
    pub fn open(self) -> Result<Deliver, DeliverError> {
        let mut options = self.options()?;
        options.bodies = self.body.map(Bodies::open).transpose().map_err(DeliverError::File)?;
        Ok(Deliver::new(Link::new(self.servers).map_err(DeliverError::File)?, options))
    }

    fn options(&self) -> Result<Options, DeliverError> {
        let wrong = |text: String| Err(DeliverError::Option(text));
        let is_wrong =
            |c: char| c.is_whitespace() || c.is_control() || matches!(c, '.' | '*' | '>' | '/' | '\\');
        if self.consumer.is_empty() || self.consumer.contains(is_wrong) {
            return wrong(format!(
                "{:?} cannot be the name of a consumer; write letters, digits and hyphens",
                self.consumer
            ));
        }
        if self.backoff.is_empty() || self.backoff.contains(&Duration::ZERO) {
            return wrong(
                "there is no wait between tries; write at least one that is longer than 0".to_owned(),
            );
        }
        if self.tries == 0 {
            return wrong("a message is tried once at least".to_owned());
        }
        if !(1..=256).contains(&self.at_once) {
            return wrong(format!(
                "{} messages at a time are too many or too few; write 1 to 256",
                self.at_once
            ));
        }
        let dead_letters = match &self.dead_letters {
            Some(template) => DeadLetters::parse(template, &self.subject),
            None => DeadLetters::parse(&DeadLetters::default().to_string(), &self.subject),
        };
        Ok(Options {
            subject: self.subject.clone(),
            consumer: self.consumer.clone(),
            backoff: Backoff(self.backoff.clone()),
            tries: self.tries,
            dead_letters: dead_letters.map_err(DeliverError::Option)?,
            at_once: self.at_once,
            bodies: None,
        })
    }
}
