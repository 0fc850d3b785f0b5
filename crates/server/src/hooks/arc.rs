//! Hooks in an `Arc`, so that the application keeps a handle.

use std::future::Future;
use std::sync::Arc;

use mailchute_proto::question::{Command, Ehlo};
use mailchute_proto::{Answer, Envelope, Recipient, Sender};

use super::Hooks;
use crate::session::Session;
use crate::session::disconnect::Disconnect;
use crate::tls::TlsFacts;

/// Passes every method on. Methods with a default are no exception: the default would answer instead of the
/// inner hooks.
macro_rules! passed_on {
    ($($stage:ident($($argument:ident: $type:ty),*) -> $output:ty;)*) => {
        $(fn $stage(&self, $($argument: $type,)* session: &Session) -> impl Future<Output = $output> + Send {
            H::$stage(self, $($argument,)* session)
        })*
    };
}

/// Hooks in an `Arc`, so that the application keeps a handle. It can read what they count, or change what
/// they do, while the server runs.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// use mailchute::{Answer, Hooks, Recipient, Server, Session, Verdict};
/// # use mailchute_stores::Discard;
///
/// #[derive(Default)]
/// struct Counter(AtomicU32);
///
/// impl Hooks for Counter {
///     async fn rcpt_to(&self, _to: &Recipient, _session: &Session) -> Answer {
///         self.0.fetch_add(1, Ordering::Relaxed);
///         Ok(Verdict::Accept)
///     }
/// }
///
/// let counter = Arc::new(Counter::default());
/// let server = Server::builder().hooks(Arc::clone(&counter)).store(Discard).build()?;
/// assert_eq!(counter.0.load(Ordering::Relaxed), 0);
/// # Ok::<(), mailchute::BuildError>(())
/// ```
impl<H: Hooks> Hooks for Arc<H> {
    passed_on! {
        connect() -> Answer;
        ehlo(ehlo: &Ehlo) -> Answer;
        start_tls() -> Answer;
        secure(tls: &TlsFacts) -> Answer;
        authenticated(identity: &str) -> Answer;
        mail_from(from: &Sender) -> Answer;
        rcpt_to(to: &Recipient) -> Answer;
        data(envelope: &Envelope) -> Answer;
        command(command: &Command) -> Answer;
        disconnect(cause: Disconnect) -> ();
    }
}
