//! Hooks: code of the application's own that decides at each stage of a session.
//!
//! # Why
//!
//! Each role has a trait, registered by a method of its own. In one trait the default of a method cannot be told from the
//! application's own method, so whether anybody is asked for credentials would hang on a flag that a type can forget.
//! A value with several roles registers itself (`Install`).
//!
//! A `bool` is not a verdict: a closure that ends in `HashSet::insert` would refuse a client's second connection. A
//! `Refusal` refuses however it is made. The store's receipt is the reply to a message, as it names the message for the
//! client's log; hooks and filters refuse or let pass.

pub(crate) mod arc;
pub(crate) mod authenticator;
pub(crate) mod catch_panic;
mod chain;
pub(crate) mod condition;
pub(crate) mod decision;
mod erased;
pub(crate) mod filter;
pub(crate) mod into_answer;
pub(crate) mod named;
pub(crate) mod scram_verifiers;
pub(crate) mod store;

use std::future::{Future, ready};

use mailchute_proto::question::{Command, Ehlo};
use mailchute_proto::{Answer, Envelope, Recipient, Sender, Verdict};

pub(crate) use authenticator::Authenticator;
pub(crate) use catch_panic::{drop_guarded, guarded, panic_text, poll_guarded};
pub(crate) use chain::{Asked, Chain};
pub(crate) use decision::{Decision, RefusedBy, Stage};
pub(crate) use erased::BoxFuture;
pub(crate) use filter::Filter;
pub(crate) use named::Named;
pub(crate) use scram_verifiers::ScramVerifiers;
pub(crate) use store::Store;

use crate::session::Session;
use crate::session::disconnect::Disconnect;
use crate::tls::TlsFacts;

/// A hook for every stage; implement those that you need, as plain `async fn`.
///
/// The conversation waits for the answer. [`Verdict::Accept`] goes on, [`Verdict::AcceptWith`] goes on with the text of its
/// reply, and `Err(refusal)` refuses with that [`Refusal`](crate::Refusal). A reply or refusal that
/// [hangs up](crate::Refusal::hang_up) closes the connection, as every 421 does. `?` turns any [`std::error::Error`] into a
/// `451 4.3.0` that tells the client nothing and the log everything. A panic does the same, and an answer that takes longer
/// than the [time limit](crate::Builder::hook_timeout). Other errors, such as `Box<dyn Error + Send + Sync>` and
/// `anyhow::Error`, need `.map_err(Refusal::internal)?`.
///
/// Hooks are asked in the order of registration, closures and types alike, and the first refusal refuses: hooks after
/// it are not asked. So a greylist that is registered before the check of recipients remembers every attempt to
/// relay. To keep a handle on hooks, give them in an [`Arc`](std::sync::Arc).
///
/// Credentials are judged by an [`Authenticator`](crate::Authenticator), messages are read by a
/// [`Filter`](crate::Filter) and kept by a [`Store`](crate::Store). A type with several of these roles implements
/// [`Install`](crate::Install).
///
/// # Cancel safety
/// When the client disconnects while a hook is awaited, the hook's future is dropped at its next `.await`. What has to be
/// done in any case belongs in its own task (`tokio::spawn`).
///
/// # Examples
/// ```
/// use mailchute::{Answer, Hooks, Recipient, Refusal, Session, Verdict};
///
/// struct OnlyFor(Vec<String>);
///
/// impl Hooks for OnlyFor {
///     async fn rcpt_to(&self, to: &Recipient, _session: &Session) -> Answer {
///         if to.is_local_to(&self.0) {
///             return Ok(Verdict::Accept);
///         }
///         Err(Refusal::new(550, (5, 7, 1), "Relaying denied"))
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

    /// The client has authenticated as `identity`, by whatever mechanism: its credentials are right, and this is the place
    /// to refuse it all the same. The standard refusal is `535 5.7.8`. [`Session::identity`] has the identity once all hooks
    /// have accepted.
    ///
    /// ```
    /// use mailchute::{Answer, Hooks, Refusal, Session, Verdict};
    ///
    /// struct Suspended(Vec<String>);
    ///
    /// impl Hooks for Suspended {
    ///     async fn authenticated(&self, identity: &str, _session: &Session) -> Answer {
    ///         if self.0.iter().any(|user| user == identity) {
    ///             return Err(Refusal::new(535, (5, 7, 13), "User account disabled"));
    ///         }
    ///         Ok(Verdict::Accept)
    ///     }
    /// }
    /// ```
    fn authenticated(&self, identity: &str, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = (identity, session);
        ready(Ok(Verdict::Accept))
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

    /// DATA, or the first BDAT: decides on a message by its envelope, before the content is sent. The standard refusal is
    /// `554 5.7.1`. To accept is to send the 354, whose text is not a hook's to choose. The content is read by
    /// [filters](crate::Filter).
    fn data(&self, envelope: &Envelope, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = (envelope, session);
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
