//! Counters of a server.

use crate::runtime::counters::Count;
use crate::server::Server;
#[cfg(doc)]
use crate::session::disconnect::Disconnect;

/// The counters of a server since it was built. Returned by [`Server::stats`].
///
/// The counters are exact, even if subscribers to [events](Server::events) miss some. A command or message is
/// counted before its reply goes out. Two counters of one snapshot may be a moment apart. They go on through
/// [`Server::reconfigure`].
///
/// | what | ends in exactly one of |
/// |---|---|
/// | a connection that sends something | `sessions`, `connections_refused`, `proxy_failures` |
/// | a session | one counter of [`ended`](Self::ended) |
/// | a message | `messages_accepted`, `messages_refused`, `messages_cut_off` |
/// | a recipient that hooks were asked about | `recipients_accepted`, `recipients_refused` |
/// | a login | `logins_accepted`, `logins_refused` |
/// | a TLS handshake | `tls_handshakes`, `tls_failures` |
///
/// All other refusals count among the `refusals` only.
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
    /// ended earlier, and a BDAT that exceeds the size limit.
    pub messages_refused: u64,
    /// Messages that began and ended without an answer: the client disconnected, a timeout ran out, the server stopped, or
    /// a command between two chunks ended the transaction.
    pub messages_cut_off: u64,
    /// Bytes of the accepted messages, as the client sent them.
    pub message_bytes: u64,
    /// Recipients that were accepted at RCPT, whatever happened to their message.
    pub recipients_accepted: u64,
    /// Recipients that a hook refused at RCPT. Refusals by the server itself, such as at a limit, are not
    /// counted.
    pub recipients_refused: u64,
    /// Logins that succeeded.
    pub logins_accepted: u64,
    /// Logins whose credentials were refused, or could not be checked, as when a verifier for SCRAM cannot be had. It also
    /// counts right credentials whose client did not wait for the outcome. Not counted is an AUTH that ended before its
    /// credentials were complete, or a session that ended meanwhile.
    pub logins_refused: u64,
    /// TLS handshakes that succeeded, by STARTTLS or from the first byte.
    pub tls_handshakes: u64,
    /// TLS handshakes that failed or took too long. A client that connects to a listener with implicit TLS and leaves
    /// without a byte is not counted.
    pub tls_failures: u64,
    /// Connections of a proxy that were closed for want of a good PROXY header. A proxy that leaves without a byte is not
    /// counted.
    pub proxy_failures: u64,
    /// Refused commands, lines, greetings and messages, for whatever reason. Those that have a counter of their own are
    /// counted here too.
    pub refusals: u64,
    /// Events that [subscribers](Server::events) have missed. An event counts for each subscriber that wanted it.
    pub events_missed: u64,
    /// Sessions that have ended, by the cause. With those that go on, they are all [sessions](Self::sessions).
    pub ended: EndedSessions,
}

/// Sessions that have ended, each by one cause: see [`Stats::ended`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct EndedSessions {
    /// By [`Disconnect::Quit`].
    pub quit: u64,
    /// By [`Disconnect::ClientGone`].
    pub client_gone: u64,
    /// By [`Disconnect::Timeout`].
    pub timeout: u64,
    /// By [`Disconnect::Refused`].
    pub refused: u64,
    /// By [`Disconnect::Hook`].
    pub hook: u64,
    /// By [`Disconnect::Limit`].
    pub limit: u64,
    /// By [`Disconnect::Violation`]: the client talked before its turn, or sent something after which nothing can be
    /// believed.
    pub violation: u64,
    /// By [`Disconnect::TlsFailure`].
    pub tls_failure: u64,
    /// By [`Disconnect::Shutdown`].
    pub shutdown: u64,
    /// By [`Disconnect::Closed`].
    pub closed: u64,
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
            connections_refused: shared.kinds.all_turned_away(),
            messages_accepted: sum(Count::MessagesAccepted),
            messages_refused: sum(Count::MessagesRefused),
            message_bytes: sum(Count::MessageBytes),
            recipients_accepted: sum(Count::RecipientsAccepted),
            recipients_refused: sum(Count::RecipientsRefused),
            logins_accepted: shared.kinds.all_logins(true),
            logins_refused: shared.kinds.all_logins(false),
            tls_handshakes: shared.kinds.all_handshakes(),
            tls_failures: sum(Count::TlsFailures),
            messages_cut_off: sum(Count::MessagesCutOff),
            proxy_failures: sum(Count::ProxyFailures),
            refusals: sum(Count::Refusals),
            events_missed: shared.subscribers.missed(),
            ended: EndedSessions {
                quit: sum(Count::EndedByQuit),
                client_gone: sum(Count::EndedByClient),
                timeout: sum(Count::EndedByTimeout),
                refused: sum(Count::EndedByConnectHook),
                hook: sum(Count::EndedByHook),
                limit: sum(Count::EndedByLimit),
                violation: sum(Count::EndedByViolation),
                tls_failure: sum(Count::EndedByTlsFailure),
                shutdown: sum(Count::EndedByShutdown),
                closed: sum(Count::EndedByApplication),
            },
        }
    }
}
