//! Private twins of the traits. They can be trait objects, so that no public type needs a type parameter.
//!
//! Each decision has its origin: the stage, the name of the hook and the time that it took.

use std::future::Future;
use std::pin::Pin;

use mailchute_proto::question::{Command, Ehlo};
use mailchute_proto::{Credentials, Envelope, Recipient, ScramVerifier, Sender, Verdict};

use super::Hooks;
use super::asking::{Asking, asked};
use super::authenticator::{Authenticator, Check};
use super::decision::Decision;
use super::filter::Filter;
use super::measured::Measured;
use super::named::{Measurable, Named};
use super::scram_verifiers::ScramVerifiers;
use super::store::Store;
use crate::events::stage::Stage;
use crate::message::Message;
use crate::session::Session;
use crate::session::disconnect::Disconnect;
use crate::tls::TlsFacts;

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

pub(crate) trait ErasedHooks: Measurable + Send + Sync {
    fn connect<'a>(&'a self, session: &'a Session) -> BoxFuture<'a, Decision>;
    fn ehlo<'a>(&'a self, ehlo: &'a Ehlo, session: &'a Session) -> BoxFuture<'a, Decision>;
    fn start_tls<'a>(&'a self, session: &'a Session) -> BoxFuture<'a, Decision>;
    fn secure<'a>(&'a self, tls: &'a TlsFacts, session: &'a Session) -> BoxFuture<'a, Decision>;
    fn authenticated<'a>(&'a self, identity: &'a str, session: &'a Session) -> BoxFuture<'a, Decision>;
    fn mail_from<'a>(&'a self, from: &'a Sender, session: &'a Session) -> BoxFuture<'a, Decision>;
    fn rcpt_to<'a>(&'a self, to: &'a Recipient, session: &'a Session) -> BoxFuture<'a, Decision>;
    fn data<'a>(&'a self, envelope: &'a Envelope, session: &'a Session) -> BoxFuture<'a, Decision>;
    fn command<'a>(&'a self, command: &'a Command, session: &'a Session) -> BoxFuture<'a, Decision>;
    fn disconnect<'a>(&'a self, cause: Disconnect, session: &'a Session) -> BoxFuture<'a, ()>;
}

pub(crate) trait ErasedAuthenticator: Measurable + Send + Sync {
    /// `None` for [`Check::NotMine`].
    fn check<'a>(
        &'a self,
        credentials: &'a Credentials,
        session: &'a Session,
    ) -> BoxFuture<'a, Option<Decision>>;
}

pub(crate) trait ErasedScramVerifiers: Measurable + Send + Sync {
    fn scram_verifier<'a>(
        &'a self,
        user: &'a str,
        session: &'a Session,
    ) -> BoxFuture<'a, Result<Option<ScramVerifier>, Decision>>;
}

pub(crate) trait ErasedFilter: Measurable + Send + Sync {
    fn name(&self) -> &'static str;
    fn filter<'a>(&'a self, message: &'a mut Message, session: &'a Session) -> BoxFuture<'a, Decision>;
}

pub(crate) trait ErasedStore: Send + Sync {
    fn name(&self) -> &'static str;
    fn store<'a>(
        &'a self,
        message: Message,
        session: &'a Session,
        measured: &'a Measured,
    ) -> BoxFuture<'a, Decision>;
}

macro_rules! boxed {
    ($($method:ident, $stage:ident, ($($argument:ident: $type:ty)?);)*) => {
        $(fn $method<'a>(&'a self, $($argument: $type,)? session: &'a Session) -> BoxFuture<'a, Decision> {
            Box::pin(async move {
                let asking = Asking::new(Stage::$stage, self, session);
                asking.decide(asked!(Hooks::$method(&self.value, $($argument,)? session)))
            })
        })*
    };
}

impl<H: Hooks> ErasedHooks for Named<H> {
    boxed! {
        connect, Connect, ();
        ehlo, Ehlo, (ehlo: &'a Ehlo);
        start_tls, StartTls, ();
        secure, Secure, (tls: &'a TlsFacts);
        authenticated, Auth, (identity: &'a str);
        mail_from, MailFrom, (from: &'a Sender);
        rcpt_to, RcptTo, (to: &'a Recipient);
        data, Data, (envelope: &'a Envelope);
        command, Command, (command: &'a Command);
    }

    fn disconnect<'a>(&'a self, cause: Disconnect, session: &'a Session) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let mut asking = Asking::new(Stage::Disconnect, self, session);
            asking.ends(asked!(Hooks::disconnect(&self.value, cause, session)));
        })
    }
}

impl<A: Authenticator> ErasedAuthenticator for Named<A> {
    fn check<'a>(
        &'a self,
        credentials: &'a Credentials,
        session: &'a Session,
    ) -> BoxFuture<'a, Option<Decision>> {
        Box::pin(async move {
            let mut asking = Asking::new(Stage::Auth, self, session);
            let outcome = match asked!(self.value.check(credentials, session)) {
                Ok(Ok(Check::NotMine)) => {
                    asking.ends(Ok(()));
                    return None;
                }
                Ok(Ok(Check::Right)) => Ok(Ok(Verdict::Accept)),
                Ok(Ok(Check::Wrong)) => Ok(Ok(Verdict::Refuse)),
                Ok(Err(refusal)) => Ok(Err(refusal)),
                Err(panic) => Err(panic),
            };
            Some(asking.decide(outcome))
        })
    }
}

impl<V: ScramVerifiers> ErasedScramVerifiers for Named<V> {
    fn scram_verifier<'a>(
        &'a self,
        user: &'a str,
        session: &'a Session,
    ) -> BoxFuture<'a, Result<Option<ScramVerifier>, Decision>> {
        Box::pin(async move {
            let mut asking = Asking::new(Stage::Auth, self, session);
            let outcome = match asked!(self.value.scram_verifier(user, session)) {
                Ok(Ok(verifier)) => {
                    asking.ends(Ok(()));
                    return Ok(verifier);
                }
                Ok(Err(refusal)) => Ok(Err(refusal)),
                Err(panic) => Err(panic),
            };
            Err(asking.decide(outcome))
        })
    }
}

impl<F: Filter> ErasedFilter for Named<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn filter<'a>(&'a self, message: &'a mut Message, session: &'a Session) -> BoxFuture<'a, Decision> {
        Box::pin(async move {
            let asking = Asking::new(Stage::Message, self, session).starting_at_end_of(message);
            let outcome = asked!(self.value.filter(message, session));
            asking.decide(outcome.map(|passed| passed.map(|()| Verdict::Accept)))
        })
    }
}

impl<S: Store> ErasedStore for Named<S> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn store<'a>(
        &'a self,
        message: Message,
        session: &'a Session,
        measured: &'a Measured,
    ) -> BoxFuture<'a, Decision> {
        Box::pin(async move {
            let asking = Asking::new(Stage::Message, self, session);
            let asking = asking.measured_by(measured).starting_at_end_of(&message);
            let outcome = asked!(self.value.store(message, session));
            asking.decide(outcome.map(|kept| kept.map(|receipt| Verdict::AcceptWith(receipt.into()))))
        })
    }
}
