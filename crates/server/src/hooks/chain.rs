//! All hooks of a server, asked in order; the first refusal refuses.

use std::sync::Arc;
use std::time::Duration;

use mailchute_proto::question::{Command, Ehlo};
use mailchute_proto::{Credentials, Recipient, Reply, ScramVerifier, Sender, Verdict};
use tokio::time::timeout;

use super::Hooks;
use super::erased::{BoxFuture, ErasedHooks};
use crate::hooks::store::ErasedStore;
use crate::message::Message;
use crate::session::Session;
use crate::session::disconnect::Disconnect;
use crate::tls::TlsFacts;

/// The stages of a session at which hooks are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Connect,
    Ehlo,
    Secure,
    ScramVerifier,
    Auth,
    MailFrom,
    RcptTo,
    Data,
    Command,
    Disconnect,
}

/// The verdict of a stage's hooks, unless there are none: a stage without hooks costs nothing.
pub(crate) type Asked<'a> = Option<BoxFuture<'a, Verdict>>;

/// Hooks in their order, and the store behind them.
#[derive(Clone, Default)]
pub(crate) struct Chain {
    links: Vec<Link>,
    store: Option<Arc<dyn ErasedStore>>,
}

#[derive(Clone)]
struct Link {
    /// `None` for a hook of all stages.
    stage: Option<Stage>,
    hooks: Arc<dyn ErasedHooks>,
}

impl Chain {
    pub(crate) fn push(&mut self, stage: Option<Stage>, hooks: impl Hooks) {
        self.links.push(Link { stage, hooks: Arc::new(hooks) });
    }

    pub(crate) fn keep_in(&mut self, store: Arc<dyn ErasedStore>) {
        self.store = Some(store);
    }

    /// Whether messages end somewhere: in a store, or in a hook that takes them.
    pub(crate) fn has_destination(&self) -> bool {
        self.store.is_some() || self.asked(Stage::Data).any(ErasedHooks::reads_messages)
    }

    /// Whether anybody is to be asked, so that a stage without a hook costs nothing.
    pub(crate) fn is_asked(&self, stage: Stage) -> bool {
        self.asked(stage).next().is_some()
    }

    fn asked(&self, stage: Stage) -> impl Iterator<Item = &dyn ErasedHooks> {
        self.links
            .iter()
            .filter(move |link| match link.stage {
                None if stage == Stage::Auth => link.hooks.judges_credentials(),
                None if stage == Stage::ScramVerifier => link.hooks.gives_scram_verifiers(),
                None => true,
                Some(only) => only == stage,
            })
            .map(|link| link.hooks.as_ref())
    }

    /// A single hook's own future is all that it takes.
    fn each<'a>(
        &'a self,
        stage: Stage,
        ask: impl Fn(&'a dyn ErasedHooks) -> BoxFuture<'a, Verdict> + Send + 'a,
    ) -> Asked<'a> {
        let mut asked = self.asked(stage);
        let (first, second) = (asked.next()?, asked.next());
        if second.is_none() {
            return Some(ask(first));
        }
        Some(Box::pin(async move {
            let mut verdict = Verdict::Accept;
            for hooks in self.asked(stage) {
                match ask(hooks).await {
                    Verdict::Accept => {}
                    positive if positive.is_positive() => verdict = positive,
                    refusal => return refusal,
                }
            }
            verdict
        }))
    }

    pub(crate) fn connect<'a>(&'a self, session: &'a Session) -> Asked<'a> {
        self.each(Stage::Connect, move |hooks| hooks.connect(session))
    }

    pub(crate) fn ehlo<'a>(&'a self, ehlo: &'a Ehlo, session: &'a Session) -> Asked<'a> {
        self.each(Stage::Ehlo, move |hooks| hooks.ehlo(ehlo, session))
    }

    pub(crate) fn secure<'a>(&'a self, tls: &'a TlsFacts, session: &'a Session) -> Asked<'a> {
        self.each(Stage::Secure, move |hooks| hooks.secure(tls, session))
    }

    /// The first verifier that somebody has of this user.
    pub(crate) async fn scram_verifier(
        &self,
        user: &str,
        session: &Session,
    ) -> Result<Option<ScramVerifier>, Reply> {
        for hooks in self.asked(Stage::ScramVerifier) {
            if let Some(verifier) = hooks.scram_verifier(user, session).await? {
                return Ok(Some(verifier));
            }
        }
        Ok(None)
    }

    pub(crate) fn auth<'a>(&'a self, credentials: &'a Credentials, session: &'a Session) -> Asked<'a> {
        self.each(Stage::Auth, move |hooks| hooks.auth(credentials, session))
    }

    pub(crate) fn mail_from<'a>(&'a self, from: &'a Sender, session: &'a Session) -> Asked<'a> {
        self.each(Stage::MailFrom, move |hooks| hooks.mail_from(from, session))
    }

    pub(crate) fn rcpt_to<'a>(&'a self, to: &'a Recipient, session: &'a Session) -> Asked<'a> {
        self.each(Stage::RcptTo, move |hooks| hooks.rcpt_to(to, session))
    }

    pub(crate) fn command<'a>(&'a self, command: &'a Command, session: &'a Session) -> Asked<'a> {
        self.each(Stage::Command, move |hooks| hooks.command(command, session))
    }

    /// The data hooks, then the store. Whoever is not the last to read leaves the content to the next.
    pub(crate) async fn data(&self, mut message: Message, session: &Session) -> Verdict {
        let mut readers = self.asked(Stage::Data).filter(|hooks| hooks.reads_messages()).count()
            + usize::from(self.store.is_some());
        let mut verdict = Verdict::Accept;
        for hooks in self.asked(Stage::Data) {
            readers -= usize::from(hooks.reads_messages());
            match hooks.data(message.for_reader(readers > 0), session).await {
                Verdict::Accept => {}
                positive if positive.is_positive() => verdict = positive,
                refusal => return refusal,
            }
            match message.settle() {
                None => {}
                // Discarded: the client hears what it would hear of a message that is kept.
                Some(Verdict::Accept) => return verdict,
                Some(refusal) => return refusal,
            }
        }
        let Some(store) = &self.store else {
            if !message.is_read() {
                tracing::warn!(
                    name: "message-unread",
                    "accepted a message that no data hook has read to its end; its content is gone"
                );
            }
            return verdict;
        };
        Verdict::Reply(match store.store(message.for_reader(false), session).await {
            // The client hears from the store what the message is called; a hook can still hang up behind that.
            Ok(reply) if matches!(&verdict, Verdict::Reply(hooks) if hooks.hangs_up()) => reply.hang_up(),
            Ok(reply) | Err(reply) => reply,
        })
    }

    /// Each hook has the whole time limit: one that hangs keeps the word from nobody.
    pub(crate) async fn disconnect(&self, cause: Disconnect, session: &Session, limit: Duration) {
        for hooks in self.asked(Stage::Disconnect) {
            match timeout(limit, super::guarded(hooks.disconnect(cause, session))).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => tracing::error!(name: "hook-panicked", "a disconnect hook panicked"),
                Err(_) => tracing::error!(name: "hook-late", "a disconnect hook did not end in time"),
            }
        }
    }
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stages: Vec<_> = self.links.iter().map(|link| link.stage).collect();
        f.debug_struct("Chain").field("stages", &stages).field("has_store", &self.store.is_some()).finish()
    }
}
