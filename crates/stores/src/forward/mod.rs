//! Forwarding to another server by LMTP or SMTP, while the client waits.
//!
//! ```text
//!   RCPT ──► hop: same transaction at the next hop ──► pool ──► dial ──► target
//!   DATA ──► transfer: content, with backpressure  ──► answers for each recipient
//!                                                        └──► outcome: 250, refusal, put off, undelivered
//! ```
//!
//! # Why
//!
//! There is no queue. The client keeps the message until the next hop has it, so nothing is lost here. Refusals reach the
//! sender's own server, not forged senders.

mod ask;
mod builder;
pub(crate) mod connection;
mod dial;
pub(crate) mod error;
mod facts;
mod forwarding;
mod hop;
mod login;
mod outcome;
mod parked;
mod pool;
mod remembered;
mod target;
pub(crate) mod tls;
pub(crate) mod transfer;
mod undelivered;
pub(crate) mod url;

use std::fmt;
use std::sync::Arc;

use mailchute::session::Protocol;
use mailchute::{
    Answer, Builder, Hooks, Install, Message, Receipt, Recipient, Refusal, Sender, Session, Store, Verdict,
};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

pub use builder::ForwardBuilder;
pub use target::NextHop;
pub use tls::HopTls;

use forwarding::{Delivered, Forwarding};
use hop::{Hop, Hops};
use pool::Pool;
use remembered::{Key, Remembered};
use transfer::Limits;
use undelivered::Undelivered;

use crate::prepared::Prepared;

/// Hands messages to another server by LMTP or SMTP while the client waits, and keeps none itself.
///
/// The next hop is opened at the first recipient of a transaction. Each recipient is passed on at RCPT and gets the next
/// hop's answer. So an unknown user is refused there, with the code and the text of the next hop. The content streams as
/// fast as the next hop takes it, in the memory of a few chunks. The client's answer is that of the next hop.
///
/// Register it by [`Builder::with`]: it is a store that must be asked at RCPT too. Register it after all hooks that
/// refuse recipients, as each recipient that comes to it is named to the next hop.
///
/// # Answers
///
/// | the next hop | the client |
/// |---|---|
/// | accepts all | `250`, with the next hop's text |
/// | refuses all | that refusal |
/// | cannot be reached, or says 421 | the next target is tried, else `451 4.4.1` |
/// | closes the connection in the middle of the content | `451 4.4.2`, and the next hop keeps nothing |
/// | by LMTP accepts some and refuses others temporarily | `451` or so; who has the message is remembered for a day, over restarts, and does not get it again when the client tries again |
/// | by LMTP accepts some and refuses others permanently | `250`; the message is kept for the others in the Maildir `undelivered` of the [state directory](ForwardBuilder::state), and the log warns |
/// | accepts after the client was told to try again | as in the case before: it is remembered |
///
/// A client that speaks LMTP gets the answer for each recipient, so there nothing is mixed.
///
/// # What is passed on
///
/// `Received:` stands on top; `Return-Path:` and `Delivered-To:` are the final server's. Edits of filters are honoured,
/// also of recipients. The next hop gets SIZE, BODY, SMTPUTF8, DSN, REQUIRETLS, DELIVERBY, FUTURERELEASE and MT-PRIORITY as
/// far as it offers them. A message that it then cannot take is refused: `554 5.6.1` for BINARYMIME, `550 5.6.7` for
/// addresses or a header in UTF-8, `550 5.7.30` for REQUIRETLS. DSN is left out where it is not offered. So is
/// `BODY=8BITMIME`: the bytes go on as they are, since a refusal would cost the message.
///
/// A message that a filter [files into a directory](mailchute::Message::file_into) has `X-Quarantine:` with the name of the
/// directory, below `Received:`. For the directories `Junk` and `Spam` it also has `X-Spam-Flag: YES`, which many mail
/// programs and Sieve scripts know. A client may send such fields too, so a rule for them should only put mail aside.
///
/// If the next hop offers XFORWARD, it learns the client's address and names for its log. If it offers XCLIENT but not
/// XFORWARD, it takes the session for one of that client. Servers offer these to those that they are configured to trust.
///
/// Clones share the connections.
///
/// # Examples
/// ```
/// use mailchute::Server;
/// use mailchute_stores::{Forward, NextHop};
///
/// let dovecot = Forward::lmtp([NextHop::unix("/run/dovecot/lmtp")]).open()?;
/// let server = Server::builder().with(dovecot).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Forward(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: ForwardBuilder,
    pool: Arc<Pool>,
    limits: Limits,
    remembered: Remembered,
    undelivered: Undelivered,
}

/// The refusal of a second backend in one transaction. Clients send the other recipients at once, in another transaction.
const ONE_AT_A_TIME: Refusal =
    Refusal::from_static(452, (4, 5, 3), "Too many recipients: this one goes to another server");

impl Forward {
    /// Forwards by LMTP to the first of these that takes mail, such as the mail store itself.
    pub fn lmtp(next_hops: impl IntoIterator<Item = NextHop>) -> ForwardBuilder {
        ForwardBuilder::new(Protocol::Lmtp, next_hops.into_iter().collect())
    }

    /// Forwards by SMTP to the first of these that takes mail.
    pub fn smtp(next_hops: impl IntoIterator<Item = NextHop>) -> ForwardBuilder {
        ForwardBuilder::new(Protocol::Smtp, next_hops.into_iter().collect())
    }

    /// The options that it was made of.
    pub(crate) fn options(&self) -> &ForwardBuilder {
        &self.0.options
    }

    /// Says QUIT on the connections that wait for their next message, and waits for the answers for a second at most. Call
    /// it before the runtime ends, when no session is left; without it the connections close without a word.
    ///
    /// # Cancel safety
    /// A dropped future closes them without waiting.
    pub async fn disconnect(&self) {
        self.0.pool.disconnect().await;
    }

    /// Asks the next hop about one more recipient of the session's transaction. It has accepted those `before`.
    pub(crate) async fn rcpt(&self, before: &[Recipient], to: &Recipient, session: &Session) -> Answer {
        let pool = &self.0.pool;
        let envelope = session.envelope().ok_or_else(|| Refusal::internal("RCPT without MAIL"))?;
        let wanted: Vec<_> = before.iter().chain([to]).collect();
        let own = Hops::take(session, pool);
        if Hops::have_others(session, &wanted) {
            own.into_iter().for_each(|hop| Hops::put(session, hop));
            return Err(ONE_AT_A_TIME);
        }
        let mut hop = own.unwrap_or_else(|| Hop::new(Arc::clone(pool)));
        let answers = hop.agree(&envelope.sender, &wanted, session).await;
        Hops::put(session, hop);
        answers?.pop().unwrap_or(Ok(())).map(|()| Verdict::Accept)
    }

    /// Hands the message on.
    async fn deliver(&self, message: Message, session: &Session) -> Result<Delivered, Refusal> {
        let shared = &self.0;
        let hop = Hops::take(session, &shared.pool);
        let hop = hop.unwrap_or_else(|| Hop::new(Arc::clone(&shared.pool)));
        let sender = message.envelope().sender.clone();
        let is_known = {
            let (shared, sender) = (Arc::clone(shared), sender.clone());
            spawn_blocking(move || shared.remembered.knows(&sender)).await.unwrap_or(false)
        };
        let is_mixed = shared.pool.dial.protocol == Protocol::Lmtp
            && session.protocol() == Protocol::Smtp
            && message.envelope().recipients.len() > 1;
        let all: Vec<_> = (0..message.envelope().recipients.len()).collect();
        let readers = 1 + usize::from(is_known) + usize::from(is_mixed);
        let mut parts = if readers == 1 { vec![message] } else { message.split(&vec![all; readers]) };
        let mut have_it = Vec::new();
        if is_known && let Some(message) = parts.pop() {
            have_it = self.who_has(message, &sender).await?;
        }
        let rest = if is_mixed { parts.pop() } else { None };
        let Some(message) = parts.pop() else {
            return Err(Refusal::internal("a message cannot be split"));
        };
        Forwarding { forward: self, session, hop, message, rest, sender, have_it }.run().await
    }

    /// Hands the message on for a client whose message other stores must take too. If one of them refuses it, those who
    /// have it are remembered.
    pub(crate) async fn prepare(&self, message: Message, session: &Session) -> Result<Prepared, Refusal> {
        let Delivered { receipt, key, have_it } = self.deliver(message, session).await?;
        let unanswered = Unanswered { forward: self.clone(), have_it: key.map(|key| (key, have_it)) };
        Ok(Prepared::taken(|| {
            unanswered.forget();
            Ok(receipt)
        }))
    }

    /// Reads the message, and returns the addresses of those who have it.
    async fn who_has(&self, mut message: Message, sender: &Sender) -> Result<Vec<String>, Refusal> {
        let mut copies = message.for_relay().await?;
        let mut hash = Sha256::new();
        while let Some(chunk) = copies.chunk().await? {
            hash.update(&chunk);
        }
        let (shared, key) = (Arc::clone(&self.0), Key::new(sender, hash));
        Ok(spawn_blocking(move || shared.remembered.get(&key)).await??)
    }

    /// Remembers who has the message. The log tells if that fails: then the client's retry doubles their copies.
    async fn remember(&self, key: Key, addresses: Vec<String>) {
        let shared = Arc::clone(&self.0);
        let added = spawn_blocking(move || shared.remembered.add(&key, &addresses)).await;
        if let Err(error) = added.map_err(std::io::Error::other).flatten() {
            tracing::error!(name: "forward-not-remembered", %error, "some recipients may get a message twice");
        }
    }
}

/// The recipients who have a message whose client is not told so yet. They are remembered when this is dropped.
struct Unanswered {
    forward: Forward,
    have_it: Option<(Key, Vec<String>)>,
}

impl Unanswered {
    fn forget(mut self) {
        self.have_it = None;
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        let Some((key, have_it)) = self.have_it.take() else { return };
        let forward = self.forward.clone();
        // Without a runtime nothing can be written any more.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { forward.remember(key, have_it).await });
        }
    }
}

impl Hooks for Forward {
    async fn rcpt_to(&self, to: &Recipient, session: &Session) -> Answer {
        let envelope = session.envelope();
        let before = envelope.as_ref().map_or(&[][..], |envelope| &envelope.recipients);
        self.rcpt(before, to, session).await
    }
}

impl Store for Forward {
    async fn store(&self, message: Message, session: &Session) -> Result<Receipt, Refusal> {
        Ok(self.deliver(message, session).await?.receipt)
    }
}

impl Install for Forward {
    fn install(self, builder: Builder) -> Builder {
        builder.hooks(self.clone()).store(self)
    }
}

impl fmt::Debug for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Forward").field(&format_args!("{}", self.0.options)).finish()
    }
}
