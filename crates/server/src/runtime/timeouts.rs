//! The times that a session waits for its client, its hooks and its store.
//!
//! # Why
//!
//! A transaction gets the session's time once more, checked whenever the server waits for the client.
//! Otherwise NOOPs, empty chunks or trickled bytes would hold it open for hours. A wanted message that
//! arrives steadily may go on, since the size limit bounds it.

use std::time::Duration;

/// The timeouts of a session, and the greeting delay. A client that is too late gets `421 4.4.2`, and the server
/// closes the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// For a PROXY header. Default is 5 s.
    pub(crate) proxy: Duration,
    /// For the next command. Default is 300 s (RFC 5321 §4.5.3.2.7).
    pub(crate) command: Duration,
    /// For the next bytes of a message. Default is 180 s (RFC 5321 §4.5.3.2.5).
    pub(crate) data: Duration,
    /// For the TLS handshake. Default is 30 s.
    pub(crate) handshake: Duration,
    /// For all hooks of one stage. After it the reply is `451 4.3.0`. Default is 300 s.
    pub(crate) hook: Duration,
    /// For the store and the filters after the end of the message. After it the reply is `451 4.3.0`. Default
    /// is 300 s, half of what a client waits (RFC 5321 §4.5.3.2.6).
    pub(crate) store: Duration,
    /// For the whole session, checked between transactions, and for each transaction again. A message that comes at
    /// [`STEADY_RATE`] may take longer. Default is an hour.
    pub(crate) session: Duration,
    /// How long a client must be silent before it is greeted. Default is none.
    pub(crate) greeting_delay: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            proxy: Duration::from_secs(5),
            command: Duration::from_secs(300),
            data: Duration::from_secs(180),
            handshake: Duration::from_secs(30),
            hook: Duration::from_secs(300),
            store: Duration::from_secs(300),
            session: Duration::from_secs(3_600),
            greeting_delay: Duration::ZERO,
        }
    }
}

/// The lowest rate of a message in bytes per second. It is the average over the time that the server waited for the
/// client, once that is more than [`RATE_AFTER`].
pub(crate) const SLOWEST_RATE: u64 = 500;

/// See [`SLOWEST_RATE`].
pub(crate) const RATE_AFTER: Duration = Duration::from_secs(60);

/// The rate, in bytes per second, at which a message may outlast its transaction's time. The largest message by
/// default then takes two hours. When slots are short it is the lowest rate, once the server has waited for
/// [`CROWDED`].
pub(crate) const STEADY_RATE: u64 = 4_000;

/// How long a client may be silent when slots are short, before its next command or within a message.
pub(crate) const CROWDED: Duration = Duration::from_secs(10);
