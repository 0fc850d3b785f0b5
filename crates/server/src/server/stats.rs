//! Counters of a server.

use crate::runtime::counters::Count;
use crate::server::Server;

/// The counters of a server since it was built. Returned by [`Server::stats`].
///
/// The counters are exact, even if subscribers to [events](Server::events) miss some. A command or message is
/// counted before its reply goes out. Two counters of one snapshot may be a moment apart. They go on through
/// [`Server::reconfigure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Connections that are open now: those with a session, and those whose PROXY header has not come yet.
    pub connections_open: u64,
    /// Sessions that have begun. Their connections got a slot, and behind a proxy a good PROXY header.
    pub sessions: u64,
    /// Connections that were closed because a limit on connections was reached, before their session began.
    pub connections_refused: u64,
    /// Messages whose client was told that they are kept; in LMTP, for at least one recipient.
    pub messages_accepted: u64,
    /// Messages that a hook refused at DATA or BDAT, or that a filter, the store or a limit refused at their
    /// end. In LMTP, only messages that were refused for all recipients. Not counted are transactions that
    /// ended earlier, a BDAT that exceeds the size limit, and messages whose client disconnected.
    pub messages_refused: u64,
    /// Bytes of the accepted messages, as the client sent them.
    pub message_bytes: u64,
    /// Recipients that were accepted at RCPT, whatever happened to their message.
    pub recipients_accepted: u64,
    /// Recipients that a hook refused at RCPT. Refusals by the server itself, such as at a limit, are not
    /// counted.
    pub recipients_refused: u64,
    /// Logins that succeeded.
    pub logins_accepted: u64,
    /// Logins whose credentials were refused, or could not be checked.
    pub logins_refused: u64,
    /// TLS handshakes that succeeded, by STARTTLS or from the first byte.
    pub tls_handshakes: u64,
    /// TLS handshakes that failed or took too long. A client that connects to a listener with implicit TLS and leaves
    /// without a byte is not counted.
    pub tls_failures: u64,
}

impl Server {
    /// Returns the counters.
    ///
    /// Counting takes no lock, and no cache line that processors contend for, so it is always on. This call
    /// adds up the counters of all threads, which takes about a microsecond.
    ///
    /// # Examples
    /// ```
    /// use mailchute::{Server, testing};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mailchute::BuildError> {
    /// let server = Server::builder()
    ///     .on_store(|mut message, _session| async move {
    ///         message.bytes().await?;
    ///         Ok(mailchute::Receipt::new("Message accepted"))
    ///     })
    ///     .build()?;
    /// let mut client = testing::connect(&server).open();
    /// client.greeting().await.expect(220);
    /// let stats = server.stats();
    /// assert_eq!((stats.connections_open, stats.sessions, stats.messages_accepted), (1, 1, 0));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        let shared = self.shared();
        let sum = |count| shared.counters.sum(count);
        Stats {
            connections_open: shared.connections.count() as u64,
            sessions: sum(Count::Sessions),
            connections_refused: sum(Count::ConnectionsRefused),
            messages_accepted: sum(Count::MessagesAccepted),
            messages_refused: sum(Count::MessagesRefused),
            message_bytes: sum(Count::MessageBytes),
            recipients_accepted: sum(Count::RecipientsAccepted),
            recipients_refused: sum(Count::RecipientsRefused),
            logins_accepted: sum(Count::LoginsAccepted),
            logins_refused: sum(Count::LoginsRefused),
            tls_handshakes: sum(Count::TlsHandshakes),
            tls_failures: sum(Count::TlsFailures),
        }
    }
}
