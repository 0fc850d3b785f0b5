//! What a server has done so far.

use crate::runtime::counters::Count;
use crate::server::Server;

/// What a server has done since it was built; [`Server::stats`] counts it.
///
/// The counters are exact, whoever subscribes to [events](Server::events) and whatever these miss. Each of them has
/// counted a command or message before its reply goes out. Two counters of one snapshot may be a moment apart. They go
/// on through [`Server::reconfigure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Connections that are open at this moment: those whose session goes on, and those that a PROXY header is awaited on.
    pub connections_open: u64,
    /// Sessions that have begun: connections that got a slot, and behind a proxy a good PROXY header.
    pub sessions: u64,
    /// Connections that were closed because a limit on connections was reached, before their session began.
    pub connections_refused: u64,
    /// Messages whose sender was told that they are kept; in LMTP, for at least one recipient.
    pub messages_accepted: u64,
    /// Messages that were refused at DATA or BDAT by a hook, or at their end by hook, store or limit; in LMTP, for all
    /// recipients. Not counted are transactions that ended before, a BDAT that is longer than a message may be, and messages
    /// whose client disconnected.
    pub messages_refused: u64,
    /// Bytes of the accepted messages, as a store gets them from the client.
    pub message_bytes: u64,
    /// Recipients that were accepted at RCPT, whatever became of their message.
    pub recipients_accepted: u64,
    /// Recipients that a hook refused at RCPT. Those that the server refuses by itself, as beyond a limit, are not counted.
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
    /// What the server has done so far, in numbers.
    ///
    /// To count costs no lock, and no cache line that processors contend for, so it is always on. To ask adds up the
    /// counters of all threads, about a microsecond.
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
