//! The private twin of [`Hooks`] that can be a trait object, so that nothing outside has a type parameter.

use std::future::Future;
use std::pin::Pin;

use mailchute_proto::question::{Command, Ehlo};
use mailchute_proto::{Credentials, Recipient, Reply, ScramVerifier, Sender, Verdict};

use super::{Hooks, IntoVerdict as _};
use crate::message::Message;
use crate::session::Session;
use crate::session::disconnect::Disconnect;
use crate::tls::TlsFacts;

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

pub(crate) trait ErasedHooks: Send + Sync {
    fn connect<'a>(&'a self, session: &'a Session) -> BoxFuture<'a, Verdict>;
    fn ehlo<'a>(&'a self, ehlo: &'a Ehlo, session: &'a Session) -> BoxFuture<'a, Verdict>;
    fn secure<'a>(&'a self, tls: &'a TlsFacts, session: &'a Session) -> BoxFuture<'a, Verdict>;
    fn gives_scram_verifiers(&self) -> bool;
    fn scram_verifier<'a>(
        &'a self,
        user: &'a str,
        session: &'a Session,
    ) -> BoxFuture<'a, Result<Option<ScramVerifier>, Reply>>;
    fn judges_credentials(&self) -> bool;
    fn reads_messages(&self) -> bool;
    fn auth<'a>(&'a self, credentials: &'a Credentials, session: &'a Session) -> BoxFuture<'a, Verdict>;
    fn mail_from<'a>(&'a self, from: &'a Sender, session: &'a Session) -> BoxFuture<'a, Verdict>;
    fn rcpt_to<'a>(&'a self, to: &'a Recipient, session: &'a Session) -> BoxFuture<'a, Verdict>;
    fn data<'a>(&'a self, message: Message, session: &'a Session) -> BoxFuture<'a, Verdict>;
    fn command<'a>(&'a self, command: &'a Command, session: &'a Session) -> BoxFuture<'a, Verdict>;
    fn disconnect<'a>(&'a self, cause: Disconnect, session: &'a Session) -> BoxFuture<'a, ()>;
}

macro_rules! boxed {
    ($($stage:ident($($argument:ident: $type:ty)?);)*) => {
        $(fn $stage<'a>(&'a self, $($argument: $type,)? session: &'a Session) -> BoxFuture<'a, Verdict> {
            Box::pin(async move { Hooks::$stage(self, $($argument,)? session).await.into_verdict() })
        })*
    };
}

impl<H: Hooks> ErasedHooks for H {
    boxed! {
        connect();
        ehlo(ehlo: &'a Ehlo);
        secure(tls: &'a TlsFacts);
        auth(credentials: &'a Credentials);
        mail_from(from: &'a Sender);
        rcpt_to(to: &'a Recipient);
        command(command: &'a Command);
    }

    fn gives_scram_verifiers(&self) -> bool {
        Hooks::gives_scram_verifiers(self)
    }

    fn scram_verifier<'a>(
        &'a self,
        user: &'a str,
        session: &'a Session,
    ) -> BoxFuture<'a, Result<Option<ScramVerifier>, Reply>> {
        Box::pin(async move { Hooks::scram_verifier(self, user, session).await })
    }

    fn judges_credentials(&self) -> bool {
        Hooks::judges_credentials(self)
    }

    fn reads_messages(&self) -> bool {
        Hooks::reads_messages(self)
    }

    fn data<'a>(&'a self, mut message: Message, session: &'a Session) -> BoxFuture<'a, Verdict> {
        Box::pin(async move { Hooks::data(self, &mut message, session).await.into_verdict() })
    }

    fn disconnect<'a>(&'a self, cause: Disconnect, session: &'a Session) -> BoxFuture<'a, ()> {
        // As with the others: a panic on the way to the future comes when it is polled, where it is caught.
        Box::pin(async move { Hooks::disconnect(self, cause, session).await })
    }
}
