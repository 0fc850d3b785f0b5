//! The chain: hooks, authenticators, filters and the store, each asked in the order of registration.

use std::future::poll_fn;
use std::iter::once;
use std::sync::Arc;
use std::time::Duration;

use mailchute_proto::question::{Command, Ehlo};
use mailchute_proto::{
    Credentials, Envelope, Recipient, Reply, ScramVerifier, Sender, StandardReply, Verdict,
};
use tokio::time::{Instant, timeout};

use super::asking::report_late;
use super::catch_panic::{interrupt, poll_guarded, report_panic_of};
use super::condition::{Condition, Conditional};
use super::decision::Decision;
use super::erased::{
    BoxFuture, ErasedAuthenticator, ErasedFilter, ErasedHooks, ErasedScramVerifiers, ErasedStore,
};
use super::measured::{AllMeasured, Measured};
use super::named::{Measurable, Named};
use super::{Authenticator, Filter, Hooks, ScramVerifiers, Store};
use crate::events::stage::Stage;
use crate::message::Message;
use crate::session::Session;
use crate::session::disconnect::Disconnect;
use crate::tls::TlsFacts;

/// The decision of a stage's hooks. `None` if the stage has no hooks, which then costs nothing.
pub(crate) type HookFuture<'a> = Option<BoxFuture<'a, Decision>>;

/// All code of the application that a server asks, in order.
#[derive(Default)]
pub(crate) struct Chain {
    links: Vec<Link>,
    authenticators: Vec<Conditional<dyn ErasedAuthenticator>>,
    scram_verifiers: Vec<Conditional<dyn ErasedScramVerifiers>>,
    filters: Vec<Conditional<dyn ErasedFilter>>,
    reply_edits: Vec<Conditional<EditReply>>,
    store: Option<Arc<dyn ErasedStore>>,
    /// The counters of the store.
    store_measured: Arc<Measured>,
}

/// A closure that changes the texts of standard replies.
pub(crate) type EditReply = dyn Fn(&StandardReply<'_>, &Session) -> Option<Reply> + Send + Sync;

struct Link {
    /// `None` for a hook of all stages.
    stage: Option<Stage>,
    hooks: Conditional<dyn ErasedHooks>,
}

impl Chain {
    pub(crate) fn push(&mut self, stage: Option<Stage>, hooks: Named<impl Hooks>) {
        self.links.push(Link { stage, hooks: Conditional::always(Box::new(hooks)) });
    }

    pub(crate) fn push_authenticator(&mut self, authenticator: Named<impl Authenticator>) {
        self.authenticators.push(Conditional::always(Box::new(authenticator)));
    }

    pub(crate) fn push_scram_verifiers(&mut self, verifiers: Named<impl ScramVerifiers>) {
        self.scram_verifiers.push(Conditional::always(Box::new(verifiers)));
    }

    pub(crate) fn push_filter(&mut self, filter: Named<impl Filter>) {
        self.filters.push(Conditional::always(Box::new(filter)));
    }

    pub(crate) fn push_reply_edit(&mut self, edit: Box<EditReply>) {
        self.reply_edits.push(Conditional::always(edit));
    }

    pub(crate) fn keep_in(&mut self, store: Named<impl Store>) {
        self.store = Some(Arc::new(store));
    }

    pub(crate) fn has_store(&self) -> bool {
        self.store.is_some()
    }

    /// Returns whether there is an authenticator for clients of this listener, or of any listener for `None`.
    pub(crate) fn has_authenticator(&self, listener: Option<&str>) -> bool {
        self.authenticators.iter().any(|authenticator| authenticator.may_be_on(listener))
    }

    pub(crate) fn has_scram_verifiers(&self, listener: Option<&str>) -> bool {
        self.scram_verifiers.iter().any(|verifiers| verifiers.may_be_on(listener))
    }

    pub(crate) fn ever_has_scram_verifiers(&self) -> bool {
        !self.scram_verifiers.is_empty()
    }

    /// Asks all of it only where the condition holds.
    pub(crate) fn restrict(&mut self, condition: &Condition) {
        self.links.iter_mut().for_each(|link| link.hooks.add(condition.clone()));
        self.authenticators.iter_mut().for_each(|authenticator| authenticator.add(condition.clone()));
        self.scram_verifiers.iter_mut().for_each(|verifiers| verifiers.add(condition.clone()));
        self.filters.iter_mut().for_each(|filter| filter.add(condition.clone()));
        self.reply_edits.iter_mut().for_each(|edit| edit.add(condition.clone()));
    }

    /// Counts the time and the refusals of all that is not counted elsewhere.
    pub(crate) fn measure(&mut self, by: &Arc<Measured>) {
        self.each_measurable(|hook| hook.measure(by));
    }

    /// Goes on with the counters that the server has had.
    pub(crate) fn go_on_counting(&mut self, all: &AllMeasured) {
        self.each_measurable(|hook| hook.go_on_counting(all));
        self.store_measured = Arc::clone(all.store());
    }

    fn each_measurable(&mut self, mut change: impl FnMut(&mut dyn Measurable)) {
        self.links.iter_mut().for_each(|link| change(link.hooks.asked_mut()));
        self.authenticators.iter_mut().for_each(|authenticator| change(authenticator.asked_mut()));
        self.scram_verifiers.iter_mut().for_each(|verifiers| change(verifiers.asked_mut()));
        self.filters.iter_mut().for_each(|filter| change(filter.asked_mut()));
    }

    /// Adds another chain after this one. The other chain has no store.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.reply_edits.append(&mut other.reply_edits);
        self.links.append(&mut other.links);
        self.authenticators.append(&mut other.authenticators);
        self.scram_verifiers.append(&mut other.scram_verifiers);
        self.filters.append(&mut other.filters);
    }

    /// Returns the hooks of a stage that may be asked in sessions of this listener.
    fn links(&self, stage: Stage, session: &Session) -> impl Iterator<Item = &Link> + Send {
        self.links.iter().filter(move |link| {
            link.stage.is_none_or(|only| only == stage) && link.hooks.may_be_on(session.listener())
        })
    }

    /// Asks the hooks of a stage in order. A single hook needs no future but its own. Each predicate is asked
    /// just before its hook would be.
    fn each<'a>(
        &'a self,
        stage: Stage,
        session: &'a Session,
        ask: impl Fn(&'a dyn ErasedHooks) -> BoxFuture<'a, Decision> + Send + 'a,
    ) -> HookFuture<'a> {
        let mut links = self.links(stage, session);
        let first = links.find_map(|link| link.hooks.restricting(session))?;
        let Some(second) = links.next() else { return Some(ask(first)) };
        Some(Box::pin(async move {
            let rest = once(second).chain(links).filter_map(|link| link.hooks.restricting(session));
            let mut decision = Decision::ACCEPT;
            for hooks in once(first).chain(rest) {
                match ask(hooks).await {
                    Decision { answer: Ok(Verdict::Accept), .. } => {}
                    positive if positive.is_yes() => decision = positive,
                    refusal => return refusal,
                }
            }
            decision
        }))
    }

    pub(crate) fn connect<'a>(&'a self, session: &'a Session) -> HookFuture<'a> {
        self.each(Stage::Connect, session, move |hooks| hooks.connect(session))
    }

    pub(crate) fn ehlo<'a>(&'a self, ehlo: &'a Ehlo, session: &'a Session) -> HookFuture<'a> {
        self.each(Stage::Ehlo, session, move |hooks| hooks.ehlo(ehlo, session))
    }

    pub(crate) fn start_tls<'a>(&'a self, session: &'a Session) -> HookFuture<'a> {
        self.each(Stage::StartTls, session, move |hooks| hooks.start_tls(session))
    }

    pub(crate) fn secure<'a>(&'a self, tls: &'a TlsFacts, session: &'a Session) -> HookFuture<'a> {
        self.each(Stage::Secure, session, move |hooks| hooks.secure(tls, session))
    }

    /// Returns the first verifier that is known for this user.
    pub(crate) async fn scram_verifier(
        &self,
        user: &str,
        session: &Session,
    ) -> Result<Option<ScramVerifier>, Decision> {
        for verifiers in &self.scram_verifiers {
            let Some(verifiers) = verifiers.granting(session)? else { continue };
            if let Some(verifier) = verifiers.scram_verifier(user, session).await? {
                return Ok(Some(verifier));
            }
        }
        Ok(None)
    }

    /// Asks the authenticators. The first one that knows the user decides. A user whom none knows is refused.
    pub(crate) fn check<'a>(&'a self, credentials: &'a Credentials, session: &'a Session) -> HookFuture<'a> {
        if !self.has_authenticator(session.listener()) {
            return None;
        }
        Some(Box::pin(async move {
            for authenticator in &self.authenticators {
                let authenticator = match authenticator.granting(session) {
                    Ok(Some(authenticator)) => authenticator,
                    Ok(None) => continue,
                    Err(panicked) => return panicked.into(),
                };
                // An identity that another authenticator has set does not count.
                session.forget_identified();
                if let Some(decision) = authenticator.check(credentials, session).await {
                    return decision;
                }
            }
            Decision::from(Ok(Verdict::Refuse))
        }))
    }

    pub(crate) fn authenticated<'a>(&'a self, identity: &'a str, session: &'a Session) -> HookFuture<'a> {
        self.each(Stage::Auth, session, move |hooks| hooks.authenticated(identity, session))
    }

    pub(crate) fn mail_from<'a>(&'a self, from: &'a Sender, session: &'a Session) -> HookFuture<'a> {
        self.each(Stage::MailFrom, session, move |hooks| hooks.mail_from(from, session))
    }

    pub(crate) fn rcpt_to<'a>(&'a self, to: &'a Recipient, session: &'a Session) -> HookFuture<'a> {
        self.each(Stage::RcptTo, session, move |hooks| {
            // Makes the state here, so that all clones share it: those of closures, and that of the envelope.
            let _ = to.state();
            hooks.rcpt_to(to, session)
        })
    }

    pub(crate) fn data<'a>(&'a self, envelope: &'a Envelope, session: &'a Session) -> HookFuture<'a> {
        self.each(Stage::Data, session, move |hooks| hooks.data(envelope, session))
    }

    pub(crate) fn command<'a>(&'a self, command: &'a Command, session: &'a Session) -> HookFuture<'a> {
        self.each(Stage::Command, session, move |hooks| hooks.command(command, session))
    }

    /// Returns whether standard replies may be changed in sessions of this listener.
    pub(crate) fn may_edit_replies(&self, listener: Option<&str>) -> bool {
        self.reply_edits.iter().any(|edit| edit.may_be_on(listener))
    }

    /// Returns what the first closure that wants another reply puts in place of a standard one.
    pub(crate) fn edit_reply(&self, standard: &StandardReply<'_>, session: &Session) -> Option<Reply> {
        self.reply_edits.iter().find_map(|edit| edit.restricting(session)?(standard, session))
    }

    /// Runs the filters, then the store. Each of them reads the content from its first byte.
    pub(crate) async fn deliver(&self, mut message: Message, session: &Session) -> Decision {
        for filter in self.filters.iter().filter_map(|filter| filter.restricting(session)) {
            let began = Instant::now();
            let decision = filter.filter(&mut message.for_reader(true, filter.name()), session).await;
            if !decision.is_yes() {
                return decision;
            }
            if let Some(answer) = message.settle() {
                // A message that a filter discards is answered like one that is kept.
                let decision = Decision::new(answer, Stage::Message, filter.name(), || began.elapsed());
                if !decision.is_yes() {
                    filter.count_refusal();
                }
                return decision;
            }
        }
        match &self.store {
            Some(store) => {
                let decision =
                    store.store(message.for_reader(false, store.name()), session, &self.store_measured).await;
                if decision.is_yes() && !message.is_read() {
                    tracing::warn!(
                        name: "message-unread",
                        "the store accepted a message that it has not read to its end; its content is gone"
                    );
                }
                decision
            }
            // A server cannot be built without a store.
            None => Decision::FAILED,
        }
    }

    /// Tells the disconnect hooks. Each has the whole time limit, so that one that hangs does not hold up the
    /// others for ever.
    pub(crate) async fn disconnect(&self, cause: Disconnect, session: &Session, limit: Duration) {
        let links = self.links(Stage::Disconnect, session);
        for hooks in links.filter_map(|link| link.hooks.restricting(session)) {
            let mut hook = hooks.disconnect(cause, session);
            match timeout(limit, poll_fn(|context| poll_guarded(hook.as_mut(), context))).await {
                Ok(Ok(())) => {}
                Ok(Err(panic)) => report_panic_of(session.take_interrupted().as_deref(), &*panic),
                Err(_) => report_late(interrupt(hook, session).as_deref()),
            }
        }
    }
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stages: Vec<_> = self.links.iter().map(|link| link.stage).collect();
        f.debug_struct("Chain")
            .field("stages", &stages)
            .field("authenticators", &self.authenticators.len())
            .field("scram_verifiers", &self.scram_verifiers.len())
            .field("filters", &self.filters.len())
            .field("has_store", &self.store.is_some())
            .finish()
    }
}
