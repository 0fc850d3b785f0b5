//! Any of the stores of this crate.

use std::fmt;

use mailchute::{
    Answer, Builder, Hooks, Install, Message, Receipt, Recipient, Refusal, Session, Store, Verdict,
};

#[cfg(feature = "nats")]
use crate::JetStream;
#[cfg(feature = "s3")]
use crate::S3;
#[cfg(feature = "webhook")]
use crate::Webhook;
use crate::prepared::Prepared;
use crate::router::Routed;
use crate::{Discard, Forward, LineEnds, Maildir, Maildirs, url_options};

/// Any of the stores of this crate, as [`from_url`](crate::from_url) returns them.
///
/// Its `Display` is a URL that makes the same store, unless its path has a `?` in it.
///
/// # Examples
/// ```
/// use mailchute_stores::{AnyStore, Discard};
///
/// let store = AnyStore::from(Discard);
/// assert_eq!(store.to_string(), "discard:");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum AnyStore {
    /// Messages become files.
    Maildir(Maildir),
    /// Copies of messages become files, in a Maildir for each user.
    Maildirs(Maildirs),
    /// Messages are handed to another server.
    Forward(Forward),
    /// Messages go into a stream of NATS.
    #[cfg(feature = "nats")]
    JetStream(JetStream),
    /// Messages are posted to a web server.
    #[cfg(feature = "webhook")]
    Webhook(Webhook),
    /// Messages become objects in a bucket.
    #[cfg(feature = "s3")]
    S3(S3),
    /// Messages are forgotten.
    Discard(Discard),
}

impl AnyStore {
    /// Begins to connect, in a task of this runtime, if the store does so before the first message: see
    /// `JetStream::connect`.
    pub async fn connect(&self) {
        match self {
            #[cfg(feature = "nats")]
            Self::JetStream(store) => store.connect().await,
            _ => {}
        }
    }

    /// Says goodbye to another server, if the store keeps connections to one: see [`Forward::disconnect`].
    pub async fn disconnect(&self) {
        if let Self::Forward(store) = self {
            store.disconnect().await;
        }
    }

    /// Takes back messages that were not answered yet, if the store has any: see [`Maildir::close`].
    pub fn close(&self) {
        match self {
            Self::Maildir(store) => store.close(),
            Self::Maildirs(store) => store.close(),
            _ => {}
        }
    }

    /// Returns whether the store can take a message back that it has [prepared](Self::prepare).
    pub(crate) fn takes_back(&self) -> bool {
        match self {
            #[cfg(feature = "s3")]
            Self::S3(_) => true,
            _ => matches!(self, Self::Maildir(_) | Self::Maildirs(_)),
        }
    }

    /// Takes a message that other stores must take too. The store shows it as late as possible.
    pub(crate) async fn prepare(&self, message: Message, session: &Session) -> Result<Prepared, Refusal> {
        match self {
            Self::Maildir(store) => store.prepare(message, session).await,
            Self::Maildirs(store) => store.prepare(message, session).await,
            Self::Forward(store) => store.prepare(message, session).await,
            #[cfg(feature = "s3")]
            Self::S3(store) => store.prepare(message, session).await,
            store => {
                let receipt = store.store(message, session).await?;
                Ok(Prepared::taken(|| Ok(receipt)))
            }
        }
    }
}

impl Routed for AnyStore {
    async fn rcpt(&self, before: &[Recipient], to: &Recipient, session: &Session) -> Answer {
        match self {
            Self::Forward(store) => store.rcpt(before, to, session).await,
            Self::Maildirs(store) => store.rcpt(to, session).await,
            #[cfg(feature = "nats")]
            Self::JetStream(store) => store.rcpt(session).await,
            #[cfg(feature = "webhook")]
            Self::Webhook(_) => Ok(Verdict::Accept),
            #[cfg(feature = "s3")]
            Self::S3(_) => Ok(Verdict::Accept),
            Self::Maildir(_) | Self::Discard(_) => Ok(Verdict::Accept),
        }
    }
}

/// Each message has room for the largest of these futures, so those that wait for another server have a box of their own.
impl Store for AnyStore {
    async fn store(&self, message: Message, session: &Session) -> Result<Receipt, Refusal> {
        match self {
            Self::Maildir(store) => store.store(message, session).await,
            Self::Maildirs(store) => store.store(message, session).await,
            Self::Forward(store) => Box::pin(store.store(message, session)).await,
            #[cfg(feature = "nats")]
            Self::JetStream(store) => Box::pin(store.store(message, session)).await,
            #[cfg(feature = "webhook")]
            Self::Webhook(store) => Box::pin(store.store(message, session)).await,
            #[cfg(feature = "s3")]
            Self::S3(store) => Box::pin(store.store(message, session)).await,
            Self::Discard(store) => store.store(message, session).await,
        }
    }
}

/// Asks the store about each recipient, if it answers for recipients.
impl Hooks for AnyStore {
    async fn rcpt_to(&self, to: &Recipient, session: &Session) -> Answer {
        match self {
            Self::Forward(store) => store.rcpt_to(to, session).await,
            // The answers of the others do not depend on the recipients before.
            store => store.rcpt(&[], to, session).await,
        }
    }
}

/// Registers a store that answers for recipients as hooks too: see [`Forward`] and [`Maildirs`].
impl Install for AnyStore {
    fn install(self, builder: Builder) -> Builder {
        match self {
            Self::Forward(store) => store.install(builder),
            Self::Maildirs(store) => store.install(builder),
            #[cfg(feature = "nats")]
            Self::JetStream(store) => store.install(builder),
            store => builder.store(store),
        }
    }
}

impl From<Maildir> for AnyStore {
    fn from(store: Maildir) -> Self {
        Self::Maildir(store)
    }
}

impl From<Maildirs> for AnyStore {
    fn from(store: Maildirs) -> Self {
        Self::Maildirs(store)
    }
}

impl From<Forward> for AnyStore {
    fn from(store: Forward) -> Self {
        Self::Forward(store)
    }
}

#[cfg(feature = "nats")]
impl From<JetStream> for AnyStore {
    fn from(store: JetStream) -> Self {
        Self::JetStream(store)
    }
}

#[cfg(feature = "webhook")]
impl From<Webhook> for AnyStore {
    fn from(store: Webhook) -> Self {
        Self::Webhook(store)
    }
}

#[cfg(feature = "s3")]
impl From<S3> for AnyStore {
    fn from(store: S3) -> Self {
        Self::S3(store)
    }
}

impl From<Discard> for AnyStore {
    fn from(store: Discard) -> Self {
        Self::Discard(store)
    }
}

impl fmt::Display for AnyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Maildir(store) => {
                let path = store.path().display().to_string();
                write!(f, "maildir:{}", path.replace('{', "{{").replace('}', "}}"))?;
                let mode = store.file_mode().map(|mode| format!("mode={mode:04o}"));
                let line_ends = (store.line_ends() == LineEnds::Crlf).then(|| "line-ends=crlf".to_owned());
                let options: Vec<_> = [mode, line_ends].into_iter().flatten().collect();
                url_options::write(f, &options)
            }
            Self::Maildirs(store) => store.options().fmt(f),
            Self::Forward(store) => store.options().fmt(f),
            #[cfg(feature = "nats")]
            Self::JetStream(store) => store.options().fmt(f),
            #[cfg(feature = "webhook")]
            Self::Webhook(store) => store.options().fmt(f),
            #[cfg(feature = "s3")]
            Self::S3(store) => store.options().fmt(f),
            Self::Discard(_) => f.write_str("discard:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the size of what such a function returns.
    fn size<'a, S: 'a, F>(_: impl Fn(&'a S, Message, &'a Session) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_message_has_no_room_for_stores_that_wait_for_a_server() {
        let local = [size(Maildir::store), size(Maildirs::store), size(Discard::store)];
        let any = size(AnyStore::store);
        assert!(local.iter().any(|&local| any <= local + 512), "{any}, {local:?}");
    }
}
