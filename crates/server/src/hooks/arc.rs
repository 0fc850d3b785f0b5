//! Hooks that the application keeps a handle on.

use std::future::Future;
use std::sync::Arc;

use mailchute_proto::question::{Command, Ehlo};
use mailchute_proto::{Credentials, Recipient, Reply, ScramVerifier, Sender};

use super::{Answer, Hooks};
use crate::message::Message;
use crate::session::Session;
use crate::session::disconnect::Disconnect;
use crate::tls::TlsFacts;

/// Every method is passed on. Those with a default have to be as well: the default would answer in the place of the
/// hooks inside.
macro_rules! passed_on {
    ($($stage:ident($($argument:ident: $type:ty),*) -> $output:ty;)*) => {
        $(fn $stage(&self, $($argument: $type,)* session: &Session) -> impl Future<Output = $output> + Send {
            H::$stage(self, $($argument,)* session)
        })*
    };
}

/// The same hooks, of which the application keeps a handle: what they count, or are told to do, while the server runs.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// use mailchute::{Answer, Hooks, Message, Server, Session, Verdict};
///
/// #[derive(Default)]
/// struct Counter(AtomicU32);
///
/// impl Hooks for Counter {
///     fn reads_messages(&self) -> bool {
///         true
///     }
///
///     async fn data(&self, message: &mut Message, _session: &Session) -> Answer {
///         while message.chunk().await?.is_some() {}
///         self.0.fetch_add(1, Ordering::Relaxed);
///         Ok(Verdict::Accept)
///     }
/// }
///
/// let counter = Arc::new(Counter::default());
/// let server = Server::builder().hooks(Arc::clone(&counter)).build()?;
/// assert_eq!(counter.0.load(Ordering::Relaxed), 0);
/// # Ok::<(), mailchute::BuildError>(())
/// ```
impl<H: Hooks> Hooks for Arc<H> {
    passed_on! {
        connect() -> Answer;
        ehlo(ehlo: &Ehlo) -> Answer;
        secure(tls: &TlsFacts) -> Answer;
        scram_verifier(user: &str) -> Result<Option<ScramVerifier>, Reply>;
        auth(credentials: &Credentials) -> Answer;
        mail_from(from: &Sender) -> Answer;
        rcpt_to(to: &Recipient) -> Answer;
        data(message: &mut Message) -> Answer;
        command(command: &Command) -> Answer;
        disconnect(cause: Disconnect) -> ();
    }

    fn gives_scram_verifiers(&self) -> bool {
        H::gives_scram_verifiers(self)
    }

    fn judges_credentials(&self) -> bool {
        H::judges_credentials(self)
    }

    fn reads_messages(&self) -> bool {
        H::reads_messages(self)
    }
}
