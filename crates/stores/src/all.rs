//! Several stores, each of which gets every message.
//!
//! ```text
//!   message ──► Maildirs: drafts in tmp/, flushed ──► other stores, one after the other ──► drafts become visible ──► 250
//!          └──► buckets: objects                                                      └──► objects stay
//! ```
//!
//! # Why
//!
//! Only a Maildir and a bucket can take a message back. So their part is done first. A Maildir shows it last, as no reader
//! sees drafts. A refusal of any store then leaves nothing, unless two of the stores cannot take back what they have.

use std::fmt;
use std::sync::Arc;

use mailchute::message::MessageId;
use mailchute::session::Protocol;
use mailchute::{
    Answer, Builder, Hooks, Install, Message, Receipt, Recipient, Refusal, Session, Store, Verdict,
};
use tokio::task::JoinSet;

use crate::AnyStore;
use crate::router::Routed;

/// Gives each message to several stores, all of which must take it before the client gets 250.
///
/// The order is such that as little as possible is left of a message that one of them refuses:
///
/// 1. Each [`Maildir`](crate::Maildir) and [`Maildirs`](crate::Maildirs) writes and flushes its files, where no reader
///    finds them. Each `S3` uploads its objects, which readers can see.
/// 2. All other stores get the message, one after the other, in the order in which they were added. They cannot take it
///    back.
/// 3. The files become visible, and the objects stay.
///
/// Files and objects are removed if a store refuses the message, or if the client disconnects within the content. So they
/// are when the [time for the store](Builder::store_timeout) is over. Then the stores that come later are not asked. If the
/// server of a bucket cannot be reached at that moment, the store tries for ten minutes.
///
/// # Answers
///
/// The client gets the first refusal, as it is. A store of step 2 that has taken the message before still has it. Then the
/// log says so at level warn (`kept-by-some`), with the stores that have it. A [`Forward`](crate::Forward) also remembers
/// it for a day, so a client that tries again does not double it there. A web server and a stream get it once more, under
/// the same name.
///
/// A 5xx stays a 5xx, although some store has the message then. With a 4xx the client would send it again for days, always
/// with the same result, and might double it in other stores each time. So the sender gets a bounce.
///
/// In LMTP each recipient has its own answer. One that a store refuses is refused, and later stores get the message for
/// the others only. At RCPT all stores that answer for recipients are asked. The first refusal decides.
///
/// The content is received once. The stores after the first read it from memory, or from a temporary file if it is longer
/// than 1 MiB. With a single store, nothing of all this is done.
///
/// # Examples
/// ```
/// use mailchute::Server;
/// use mailchute_stores::{All, Forward, Maildir, NextHop};
///
/// # let directory = tempfile::tempdir()?;
/// # let (path, state) = (directory.path().join("archive"), directory.path().join("state"));
/// let archive = Maildir::open(path)?;
/// let dovecot = Forward::lmtp([NextHop::unix("/run/dovecot/lmtp")]).state(state).open()?;
/// let server = Server::builder().with(All::new(archive).and(dovecot)).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct All {
    /// First those that can take a message back.
    stores: Arc<[AnyStore]>,
}

impl All {
    /// Begins with one store.
    #[must_use]
    pub fn new(store: impl Into<AnyStore>) -> Self {
        Self { stores: [store.into()].into() }
    }

    /// Adds a store.
    #[must_use]
    pub fn and(self, store: impl Into<AnyStore>) -> Self {
        let mut stores = self.stores.to_vec();
        stores.push(store.into());
        stores.sort_by_key(|store| !store.takes_back());
        Self { stores: stores.into() }
    }

    /// Begins to connect, in all stores that do so before the first message: see [`AnyStore::connect`].
    pub async fn connect(&self) {
        for store in &*self.stores {
            store.connect().await;
        }
    }

    /// Says goodbye to other servers, in all stores at once: see [`AnyStore::disconnect`].
    pub async fn disconnect(&self) {
        let farewells = self.stores.iter().cloned().map(|store| async move { store.disconnect().await });
        farewells.collect::<JoinSet<_>>().join_all().await;
    }

    /// Takes back messages that were not answered yet, in all stores that have any: see
    /// [`Maildir::close`](crate::Maildir::close).
    pub fn close(&self) {
        self.stores.iter().for_each(AnyStore::close);
    }
}

impl Routed for All {
    async fn rcpt(&self, before: &[Recipient], to: &Recipient, session: &Session) -> Answer {
        for store in &*self.stores {
            match store.rcpt(before, to, session).await {
                Ok(Verdict::Accept) => {}
                other => return other,
            }
        }
        Ok(Verdict::Accept)
    }
}

impl Store for All {
    async fn store(&self, message: Message, session: &Session) -> Result<Receipt, Refusal> {
        if let [only] = &*self.stores {
            return only.store(message, session).await;
        }
        let mut progress = Progress::new(&message, session);
        let mut prepared = Vec::new();
        for (number, store) in self.stores.iter().enumerate() {
            // The content is kept for a second reader only if there is one.
            let readers = if number + 1 < self.stores.len() { 2 } else { 1 };
            let part = message.split(&vec![&progress.left; readers]).into_iter().next();
            let part = part.ok_or_else(|| Refusal::internal("a message cannot be split"))?;
            let outcome = store.prepare(part, session).await;
            prepared.push(progress.note(outcome)?);
            if !store.takes_back() {
                progress.have_it.push(store.to_string());
            }
        }
        let mut taken = Vec::new();
        for prepared in prepared {
            let outcome = prepared.publish().await;
            taken.push(progress.note(outcome)?);
        }
        // From here to the answer nothing is awaited, so the message cannot be given up any more.
        let mut receipt = None;
        for taken in taken {
            receipt = receipt.or(Some(progress.note(taken.keep())?));
        }
        progress.have_it.clear();
        receipt.ok_or_else(|| Refusal::internal("there is no store"))
    }
}

/// Asks at RCPT each store that answers for recipients.
impl Hooks for All {
    async fn rcpt_to(&self, to: &Recipient, session: &Session) -> Answer {
        let envelope = session.envelope();
        let before = envelope.as_ref().map_or(&[][..], |envelope| &envelope.recipients);
        self.rcpt(before, to, session).await
    }
}

impl Install for All {
    fn install(self, builder: Builder) -> Builder {
        match &*self.stores {
            [only] => builder.with(only.clone()),
            _ => builder.hooks(self.clone()).store(self),
        }
    }
}

/// The URLs of the stores, with spaces between them.
impl fmt::Display for All {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let urls: Vec<_> = self.stores.iter().map(ToString::to_string).collect();
        f.write_str(&urls.join(" "))
    }
}

/// A message on its way through the stores. If it is dropped half-way, the log tells which stores have the message.
struct Progress<'m> {
    id: MessageId,
    message: &'m Message,
    protocol: Protocol,
    /// The places of the recipients that no store has refused.
    left: Vec<usize>,
    /// The stores that have the message and cannot take it back.
    have_it: Vec<String>,
}

impl<'m> Progress<'m> {
    fn new(message: &'m Message, session: &Session) -> Self {
        let left = (0..message.envelope().recipients.len()).collect();
        Self { id: message.id(), message, protocol: session.protocol(), left, have_it: Vec::new() }
    }

    /// Notes what the next store says, of the message and of single recipients.
    fn note<T>(&mut self, outcome: Result<T, Refusal>) -> Result<T, Refusal> {
        let value = outcome.map_err(|refusal| self.end(refusal))?;
        let (left, refused) =
            self.left.iter().copied().partition::<Vec<_>, _>(|&place| self.message.refusal(place).is_none());
        let Some(refusal) = refused.first().and_then(|&place| self.message.refusal(place)) else {
            return Ok(value);
        };
        if self.protocol == Protocol::Smtp || left.is_empty() {
            return Err(self.end(refusal));
        }
        self.warn(&refused, &refusal);
        self.left = left;
        Ok(value)
    }

    /// Ends with a refusal of the whole message.
    fn end(&mut self, refusal: Refusal) -> Refusal {
        self.warn(&self.left, &refusal);
        self.have_it.clear();
        refusal
    }

    /// Says which stores have a message that these recipients are refused.
    fn warn(&self, refused: &[usize], refusal: &dyn fmt::Display) {
        if self.have_it.is_empty() {
            return;
        }
        let recipients = &self.message.envelope().recipients;
        let to: Vec<_> =
            refused.iter().filter_map(|&place| recipients.get(place)).map(Recipient::as_str).collect();
        tracing::warn!(
            name: "kept-by-some",
            id = %self.id,
            stores = self.have_it.join(" "),
            to = to.join(", "),
            %refusal,
            "some stores have a message that the client was refused"
        );
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.warn(&self.left, &"the server no longer waits for the stores");
    }
}
