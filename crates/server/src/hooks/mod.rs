//! Hooks: code of the application's own that decides at each stage of a session.

pub(crate) mod arc;
pub(crate) mod catch_panic;
mod chain;
mod erased;
pub(crate) mod store;
mod verdict;

use std::future::{Future, ready};

use mailchute_proto::question::{Command, Ehlo};
use mailchute_proto::{Credentials, Recipient, Reply, ScramVerifier, Sender, Verdict};

pub(crate) use catch_panic::{drop_guarded, guarded, poll_guarded};
pub(crate) use chain::{Asked, Chain, Stage};
pub(crate) use erased::BoxFuture;
pub use verdict::IntoVerdict;

use crate::message::Message;
use crate::session::Session;
use crate::session::disconnect::Disconnect;
use crate::tls::TlsFacts;

/// What a hook answers: a verdict, or by `?` any [`std::error::Error`], which becomes a logged `451 4.3.0`.
pub type Answer = Result<Verdict, Reply>;

/// A hook for every stage; implement those that you need, as plain `async fn`.
///
/// The conversation waits for the answer. [`Verdict::Accept`] goes on, `Err(reply)` refuses with that reply,
/// a positive [`Verdict::Reply`] goes on with its text, and a reply that [closes](Reply::hangs_up) (every 421, or
/// one made by [`Reply::hang_up`]) hangs up. Any [`std::error::Error`] that `?` passes on becomes a `451 4.3.0` that tells
/// the client nothing and the log everything; so does a panic, and an answer that takes longer than the
/// [time limit](crate::Builder::hook_timeout). Other errors, such as `Box<dyn Error + Send + Sync>` and
/// `anyhow::Error`, need `.map_err(Reply::internal)?`.
///
/// Several hooks are asked in the order in which they were given to the [builder](crate::Builder::hooks); the
/// first refusal refuses. Whoever wants to keep a handle on its own gives them in an [`Arc`](std::sync::Arc).
///
/// # Cancel safety
/// When the client goes while a hook is awaited, the hook's future is dropped at its next `.await`. What has to be
/// done in any case belongs in a task of its own (`tokio::spawn`).
///
/// # Examples
/// ```
/// use mailchute::{Answer, Hooks, Recipient, Reply, Session, Verdict};
///
/// struct OnlyFor(Vec<String>);
///
/// impl Hooks for OnlyFor {
///     async fn rcpt_to(&self, to: &Recipient, _session: &Session) -> Answer {
///         if to.is_local_to(&self.0) {
///             return Ok(Verdict::Accept);
///         }
///         Err(Reply::new(550, (5, 7, 1), "Relaying denied"))
///     }
/// }
/// ```
pub trait Hooks: Send + Sync + 'static {
    /// A client has connected; asked before the greeting. A refusal is the greeting (554, or what the reply
    /// says), after which only QUIT is answered; a reply that closes hangs up. Asked again when a trusted proxy
    /// names its client by XCLIENT ([`Builder::xclient_from`](crate::Builder::xclient_from)).
    fn connect(&self, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = session;
        ready(Ok(Verdict::Accept))
    }

    /// The client said EHLO or HELO, or in LMTP LHLO. The standard refusal is `550`. What EHLO announces can be
    /// [changed](Session::edit_ehlo) for this session.
    fn ehlo(&self, ehlo: &Ehlo, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = (ehlo, session);
        ready(Ok(Verdict::Accept))
    }

    /// TLS is up. The client speaks next, so a refusal (standard: `421 4.7.0`) is sent unasked and hangs up.
    fn secure(&self, tls: &TlsFacts, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = (tls, session);
        ready(Ok(Verdict::Accept))
    }

    /// Whether [`scram_verifier`](Self::scram_verifier) is implemented; whoever implements that says yes here.
    /// SCRAM-SHA-256 is offered only when some hook gives verifiers, and only those that do are asked. Default is no.
    fn gives_scram_verifiers(&self) -> bool {
        false
    }

    /// A client begins SCRAM as `user`, whose name is prepared by [`saslprep`](crate::saslprep). The answer is what is
    /// known of the user's password, or `None` for an unknown user; the client learns that only when its proof fails.
    /// Asked if [`gives_scram_verifiers`](Self::gives_scram_verifiers); the first verifier counts.
    ///
    /// A proof that holds is then put to [`auth`](Self::auth) as [`Credentials::Scram`], if any hook judges
    /// credentials; otherwise the client is in, unless it wants to act as somebody else.
    ///
    /// Unknown users get a [decoy](ScramVerifier::decoy). Where verifiers have parameters other than
    /// [`ScramVerifier::ITERATIONS`] and [`ScramVerifier::SALT`], answer with one that
    /// [imitates](ScramVerifier::imitate) them instead of `None`.
    ///
    /// # Errors
    /// A reply refuses; a `454` says that it cannot be told now.
    fn scram_verifier(
        &self,
        user: &str,
        session: &Session,
    ) -> impl Future<Output = Result<Option<ScramVerifier>, Reply>> + Send {
        let _ = (user, session);
        ready(Ok(None))
    }

    /// Whether [`auth`](Self::auth) is implemented; whoever implements that says yes here. The mechanisms that send
    /// something to judge are offered only when some hook judges credentials, and only those that do are asked. Default
    /// is no.
    fn judges_credentials(&self) -> bool {
        false
    }

    /// The client gave its credentials, or has proved by SCRAM to know its password, or by its certificate who it is; asked if
    /// [`judges_credentials`](Self::judges_credentials). The standard refusal is `535 5.7.8`.
    ///
    /// A type that has this and not `judges_credentials` is never asked: nothing can tell the default of a method from
    /// one's own. Where nobody else judges, AUTH is not offered either, and is answered `502 5.5.1`.
    ///
    /// ```
    /// use mailchute::{Answer, Credentials, Hooks, Session};
    ///
    /// struct OnlyAlice;
    ///
    /// impl Hooks for OnlyAlice {
    ///     fn judges_credentials(&self) -> bool {
    ///         true
    ///     }
    ///
    ///     async fn auth(&self, credentials: &Credentials, _session: &Session) -> Answer {
    ///         Ok(credentials.is("alice", "wonderland").into())
    ///     }
    /// }
    /// ```
    fn auth(&self, credentials: &Credentials, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = (credentials, session);
        ready(Ok(Verdict::Refuse))
    }

    /// MAIL: a transaction is to begin. The standard refusal is `550 5.7.1`.
    fn mail_from(&self, from: &Sender, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = (from, session);
        ready(Ok(Verdict::Accept))
    }

    /// RCPT: one more recipient. The standard refusal is `550 5.1.1`.
    fn rcpt_to(&self, to: &Recipient, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = (to, session);
        ready(Ok(Verdict::Accept))
    }

    /// Whether [`data`](Self::data) is implemented and reads messages; whoever implements that to read them says yes
    /// here. Default is no.
    ///
    /// Only hooks that read count as a place where messages go: a server whose hooks read none, and that has no
    /// store, is not [built](crate::Builder::build). What a hook reads is kept only for hooks after it that read, and for the
    /// store.
    fn reads_messages(&self) -> bool {
        false
    }

    /// DATA: the message. It is asked of the client (354) when its body is first read; a refusal before that
    /// spares the transfer. The standard refusal is `554 5.7.1`. [`Message::refuse`] refuses single recipients.
    ///
    /// With a [store](crate::Builder::store) a positive reply only lets the message pass: the client hears the store's reply,
    /// which may name the message. A reply that closes the connection still does so, after the store's.
    fn data(&self, message: &mut Message, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = (message, session);
        ready(Ok(Verdict::Accept))
    }

    /// Any other command: RSET, NOOP, QUIT, VRFY, EXPN, HELP, verbs of your own and unknown ones.
    /// [`Verdict::Accept`] gives the standard reply, which is a 500 for an unknown verb.
    fn command(&self, command: &Command, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = (command, session);
        ready(Ok(Verdict::Accept))
    }

    /// The session is over: told exactly once for every connection that [`connect`](Self::connect) was asked
    /// about, however it ended.
    fn disconnect(&self, cause: Disconnect, session: &Session) -> impl Future<Output = ()> + Send {
        let _ = (cause, session);
        ready(())
    }
}
