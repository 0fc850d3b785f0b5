//! A store for each domain.

use std::future::Future;

use mailchute::address::AddressError;
use mailchute::reply::Severity;
use mailchute::session::Protocol;
use mailchute::{
    Answer, Builder, Hooks, Install, Message, Receipt, Recipient, Refusal, Session, Store, Verdict,
};

use crate::destination::{Destination, Destinations, expand};
use crate::recipients::domain::{DomainIndex, pattern};

/// A store that a [`Router`] can choose.
pub trait Routed: Store {
    /// Answers for a recipient at RCPT. `before` are the recipients of the transaction that this store has accepted.
    ///
    /// # Errors
    /// The refusal that the client gets.
    fn rcpt(
        &self,
        before: &[Recipient],
        to: &Recipient,
        session: &Session,
    ) -> impl Future<Output = Answer> + Send;
}

/// Hands each recipient to the store of its domain.
///
/// The domain is that of the recipient's [`Destinations`]. So the members of an alias may be in different stores. Each
/// store gets the message for its own recipients only, and one after the other reads the whole of it.
///
/// SMTP has one reply for all recipients. The first store that refuses the message decides, and the others are not asked.
/// Recipients of the stores before it have the message then, and get it again when the client tries again. In LMTP each
/// recipient has the reply of its own store.
///
/// Register it by [`Builder::with`], after the hooks that resolve recipients.
///
/// # Examples
/// ```
/// use mailchute::Server;
/// use mailchute_stores::{AnyStore, Discard, Router, from_url};
///
/// let router = Router::<AnyStore>::new(Discard.into()).domain("app.example.com", from_url("discard:")?)?;
/// let server = Server::builder().with(router).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Router<S> {
    /// The first is that of all other domains.
    stores: Vec<S>,
    index: DomainIndex,
}

impl<S: Routed + Clone> Router<S> {
    /// Begins with the store of all domains that have no other.
    #[must_use]
    pub fn new(store: S) -> Self {
        Self { stores: vec![store], index: DomainIndex::default() }
    }

    /// Adds the store of a domain, written as for [`LocalDomain::new`](crate::recipients::LocalDomain::new). The last
    /// store of a name stays.
    ///
    /// # Errors
    /// [`AddressError`] if the name is not a domain.
    pub fn domain(mut self, name: &str, store: S) -> Result<Self, AddressError> {
        self.index.add(&pattern(name)?, self.stores.len());
        self.stores.push(store);
        Ok(self)
    }

    /// Returns all stores.
    pub fn stores(&self) -> impl Iterator<Item = &S> {
        self.stores.iter()
    }

    fn route(&self, destination: &Destination) -> usize {
        self.index.find(destination.domain()).unwrap_or(0)
    }

    /// Returns the recipients of this session's transaction that a store has accepted.
    fn accepted(&self, store: usize, session: &Session) -> Vec<Recipient> {
        let Some(envelope) = session.envelope() else { return Vec::new() };
        let mut accepted = Vec::new();
        for recipient in &envelope.recipients {
            let destinations = Destinations::of(recipient, session.hostname());
            let own = destinations.iter().filter(|destination| self.route(destination) == store);
            accepted.extend(own.filter_map(|destination| destination.recipient(recipient)));
        }
        accepted
    }

    /// Asks the store of one destination.
    async fn ask(&self, destination: &Destination, of: &Recipient, session: &Session) -> Answer {
        let store = self.route(destination);
        let to =
            destination.recipient(of).ok_or_else(|| Refusal::internal("a destination is not an address"))?;
        self.stores[store].rcpt(&self.accepted(store, session), &to, session).await
    }
}

impl<S: Routed + Clone> Hooks for Router<S> {
    /// Asks the store of each destination. A member of an alias that its store refuses permanently is left out, if another
    /// one is accepted.
    async fn rcpt_to(&self, to: &Recipient, session: &Session) -> Answer {
        let destinations = Destinations::of(to, session.hostname());
        let (mut accepted, mut refused) = (Vec::new(), None);
        for destination in &*destinations {
            match self.ask(destination, to, session).await {
                Ok(Verdict::Refuse) => refused = Some(Ok(Verdict::Refuse)),
                Ok(_) => accepted.push(destination.clone()),
                Err(refusal) if refusal.code().severity() == Severity::Transient || refusal.hangs_up() => {
                    return Err(refusal);
                }
                Err(refusal) => {
                    if destinations.len() > 1 {
                        let (member, reply) = (destination.mailbox(), refusal.reply());
                        tracing::warn!(name: "alias-member-refused", %to, %member, %reply, "a member of an alias is refused");
                    }
                    refused = Some(Err(refusal));
                }
            }
        }
        match refused {
            Some(answer) if accepted.is_empty() => answer,
            Some(_) => {
                to.state().insert(Destinations::new(accepted));
                Ok(Verdict::Accept)
            }
            None => Ok(Verdict::Accept),
        }
    }
}

impl<S: Routed + Clone> Store for Router<S> {
    async fn store(&self, mut message: Message, session: &Session) -> Result<Receipt, Refusal> {
        expand(&mut message, session);
        let mut groups: Vec<(usize, Vec<usize>)> = Vec::new();
        for (place, recipient) in message.envelope().recipients.iter().enumerate() {
            let destinations = Destinations::of(recipient, session.hostname());
            let store = destinations.first().map_or(0, |destination| self.route(destination));
            match groups.iter_mut().find(|(of, _)| *of == store) {
                Some((_, places)) => places.push(place),
                None => groups.push((store, vec![place])),
            }
        }
        if let [(store, _)] = *groups {
            return self.stores[store].store(message, session).await;
        }
        let (stores, places): (Vec<_>, Vec<_>) = groups.into_iter().unzip();
        let mut receipt = None;
        let mut refusal = None;
        for ((store, part), places) in stores.into_iter().zip(message.split(&places)).zip(&places) {
            match self.stores[store].store(part, session).await {
                Ok(own) => receipt = receipt.or(Some(own)),
                Err(own) if session.protocol() == Protocol::Smtp => return Err(own),
                Err(own) => {
                    places.iter().for_each(|place| message.refuse(*place, own.clone()));
                    refusal = refusal.or(Some(own));
                }
            }
        }
        receipt.ok_or_else(|| refusal.unwrap_or_else(|| Refusal::internal("a message without recipients")))
    }
}

impl<S: Routed + Clone> Install for Router<S> {
    fn install(self, builder: Builder) -> Builder {
        builder.hooks(self.clone()).store(self)
    }
}
