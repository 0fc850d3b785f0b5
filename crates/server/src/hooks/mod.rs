//! Hooks: the application's own code, which decides at each stage of a session.
//!
//! # Why
//!
//! Each role has its own trait and its own method to register it. If one trait had all methods, the server
//! could not tell a default method from the application's own. Whether clients are asked for credentials
//! would then depend on a flag that a type can forget. A value with several roles registers itself
//! (`Install`).
//!
//! A `bool` is not a verdict: a closure that ends in `HashSet::insert` would refuse a client's second
//! connection. A `Refusal` refuses however it is made. The store's receipt is the reply to a message, since
//! it names the message for the client's log. Filters only refuse or let pass.

pub(crate) mod arc;
mod asking;
pub(crate) mod authenticator;
pub(crate) mod catch_panic;
mod chain;
pub(crate) mod condition;
pub(crate) mod decision;
mod erased;
pub(crate) mod filter;
pub(crate) mod into_answer;
pub(crate) mod measured;
pub(crate) mod named;
pub(crate) mod scram_verifiers;
pub(crate) mod store;

use std::future::{Future, ready};

use mailchute_proto::question::{Command, Ehlo};
use mailchute_proto::{Answer, Envelope, Recipient, Sender, Verdict};

pub(crate) use asking::report_late;
pub(crate) use authenticator::Authenticator;
pub(crate) use catch_panic::{interrupt, panic_text, poll_guarded, report_panic_of};
pub(crate) use chain::{Chain, HookFuture};
pub(crate) use decision::{Decision, RefusedBy};
pub(crate) use erased::BoxFuture;
pub(crate) use filter::Filter;
pub(crate) use named::Named;
pub(crate) use scram_verifiers::ScramVerifiers;
pub(crate) use store::Store;

use crate::session::Session;
use crate::session::disconnect::Disconnect;
use crate::tls::TlsFacts;

/// Code that decides at each stage of a session. Implement the methods that you need, as plain `async fn`.
///
/// The conversation waits for the answer:
///
/// - [`Verdict::Accept`] goes on. [`Verdict::AcceptWith`] goes on with the text of its reply.
/// - `Err(refusal)` refuses with that [`Refusal`](crate::Refusal).
/// - A reply or refusal that [hangs up](crate::Refusal::hang_up) closes the connection, as every 421 does.
/// - `?` turns any [`std::error::Error`] into a `451 4.3.0`. The error goes to the log and never to the
///   client. Other errors, such as `Box<dyn Error + Send + Sync>` and `anyhow::Error`, need
///   `.map_err(Refusal::internal)?`.
/// - A panic also answers `451 4.3.0`, and so does a hook that exceeds its [time
///   limit](crate::Builder::hook_timeout).
///
/// Hooks are asked in the order of registration, closures and types alike. The first refusal refuses, and
/// later hooks are not asked. So a greylist that is registered before the check of recipients remembers every
/// attempt to relay. To keep a handle on hooks, give them in an [`Arc`](std::sync::Arc).
///
/// Other roles have other traits. An [`Authenticator`](crate::Authenticator) judges credentials, a
/// [`Filter`](crate::Filter) reads messages, and a [`Store`](crate::Store) keeps them. A type with several of
/// these roles implements [`Install`](crate::Install).
///
/// # Cancel safety
/// When the client disconnects while a hook is awaited, the hook's future is dropped at its next `.await`.
/// Work that must be done in any case belongs in its own task (`tokio::spawn`).
///
/// # Examples
/// ```
/// use mailchute::{Answer, Hooks, Recipient, Refusal, Session, Verdict};
///
/// struct OnlyFor(Vec<String>);
///
/// impl Hooks for OnlyFor {
///     async fn rcpt_to(&self, to: &Recipient, _session: &Session) -> Answer {
///         Verdict::accept_or(to.is_local_to(&self.0), Refusal::new(550, (5, 7, 1), "Relaying denied"))
///     }
/// }
/// ```
pub trait Hooks: Send + Sync + 'static {
    /// Decides on a new connection, before the greeting. A refusal is sent as the greeting (554, or what the
    /// reply says), and after it only QUIT is answered. A reply that hangs up closes the connection at once.
    /// The hook is asked again when a trusted proxy names its client by XCLIENT
    /// ([`Builder::xclient_from`](crate::Builder::xclient_from)).
    fn connect(&self, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = session;
        ready(Ok(Verdict::Accept))
    }

    /// Decides on EHLO or HELO, or in LMTP on LHLO. The standard refusal is `550`. The hook can
    /// [change](Session::disable) what EHLO announces in this session.
    fn ehlo(&self, ehlo: &Ehlo, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = (ehlo, session);
        ready(Ok(Verdict::Accept))
    }

    /// Decides on STARTTLS, before the handshake. The standard refusal is `454 4.7.0`, after which the session goes on
    /// in the clear.
    fn start_tls(&self, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = session;
        ready(Ok(Verdict::Accept))
    }

    /// Decides on a client once TLS is up. The client speaks next, so the server sends a refusal (standard:
    /// `421 4.7.0`) unasked and hangs up.
    fn secure(&self, tls: &TlsFacts, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = (tls, session);
        ready(Ok(Verdict::Accept))
    }

    /// Decides on a client that has authenticated as `identity`, by any mechanism. Its credentials are right,
    /// but the hook can still refuse it. The standard refusal is `535 5.7.8`. [`Session::identity`] has the
    /// identity once all hooks have accepted.
    ///
    /// ```
    /// use mailchute::{Answer, Hooks, Refusal, Session, Verdict};
    ///
    /// struct Suspended(Vec<String>);
    ///
    /// impl Hooks for Suspended {
    ///     async fn authenticated(&self, identity: &str, _session: &Session) -> Answer {
    ///         let is_suspended = self.0.iter().any(|user| user == identity);
    ///         Verdict::accept_or(!is_suspended, Refusal::new(535, (5, 7, 13), "User account disabled"))
    ///     }
    /// }
    /// ```
    fn authenticated(&self, identity: &str, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = (identity, session);
        ready(Ok(Verdict::Accept))
    }

    /// Decides on MAIL, which begins a transaction. The standard refusal is `550 5.7.1`.
    fn mail_from(&self, from: &Sender, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = (from, session);
        ready(Ok(Verdict::Accept))
    }

    /// Decides on RCPT, which adds a recipient. The standard refusal is `550 5.1.1`. The session has the
    /// [sender](Session::sender), and the [envelope](Session::envelope) with the recipients that were accepted before.
    ///
    /// ```
    /// use mailchute::{Answer, Hooks, Recipient, Refusal, Session, Verdict};
    ///
    /// struct NoReports;
    ///
    /// impl Hooks for NoReports {
    ///     async fn rcpt_to(&self, to: &Recipient, session: &Session) -> Answer {
    ///         let is_report = session.sender().is_some_and(|sender| sender.is_null());
    ///         let takes_reports = !to.as_str().starts_with("noreply@");
    ///         let refusal = Refusal::new(550, (5, 7, 1), "This mailbox takes no reports");
    ///         Verdict::accept_or(!is_report || takes_reports, refusal)
    ///     }
    /// }
    /// ```
    fn rcpt_to(&self, to: &Recipient, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = (to, session);
        ready(Ok(Verdict::Accept))
    }

    /// Decides on DATA or the first BDAT by the envelope, before the client sends the content. The standard
    /// refusal is `554 5.7.1`. If all hooks accept, the server sends the 354, whose text a hook cannot
    /// choose. [Filters](crate::Filter) read the content.
    fn data(&self, envelope: &Envelope, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = (envelope, session);
        ready(Ok(Verdict::Accept))
    }

    /// Decides on any other command: RSET, NOOP, QUIT, VRFY, EXPN, HELP, verbs of your own and unknown ones.
    /// [`Verdict::Accept`] gives the standard reply, which is a 500 for an unknown verb.
    fn command(&self, command: &Command, session: &Session) -> impl Future<Output = Answer> + Send {
        let _ = (command, session);
        ready(Ok(Verdict::Accept))
    }

    /// Learns that the session is over. The server calls it exactly once for every connection that
    /// [`connect`](Self::connect) was asked about, however the session ended.
    fn disconnect(&self, cause: Disconnect, session: &Session) -> impl Future<Output = ()> + Send {
        let _ = (cause, session);
        ready(())
    }
}
