//! Timeouts: how long the server waits.

use std::time::Duration;

use super::Builder;
use super::limit::Timeout;
use crate::server::build_error::BuildError;

/// Timeouts. None may be zero.
impl Builder {
    /// Sets the time for the client's next command. Default is 300 s.
    pub fn command_timeout(self, timeout: Duration) -> Self {
        self.timeout(Timeout::Command, timeout)
    }

    /// Sets the time for the next bytes of a message. Default is 180 s, but 10 s when slots are
    /// [short](Self::max_connections). A message must also come at 500 bytes a second on average once the
    /// server has waited for the client for 60 s. When slots are short, it must come at 4,000 bytes a second
    /// after 10 s.
    pub fn data_timeout(self, timeout: Duration) -> Self {
        self.timeout(Timeout::Data, timeout)
    }

    /// Sets the time for a TLS handshake. Default is 30 s.
    pub fn handshake_timeout(self, timeout: Duration) -> Self {
        self.timeout(Timeout::Handshake, timeout)
    }

    /// Sets the time for the PROXY header of a connection from [`proxy_from`](Self::proxy_from).
    /// Default is 5 s.
    pub fn proxy_timeout(self, timeout: Duration) -> Self {
        self.timeout(Timeout::Proxy, timeout)
    }

    /// Sets the time for all hooks of one stage. After it the answer is `451 4.3.0`. Default is 300 s.
    pub fn hook_timeout(self, timeout: Duration) -> Self {
        self.timeout(Timeout::Hook, timeout)
    }

    /// Sets the time for the store and the filters after the end of a message. After it the answer is `451
    /// 4.3.0`. Default is 300 s.
    pub fn store_timeout(self, timeout: Duration) -> Self {
        self.timeout(Timeout::Store, timeout)
    }

    /// Sets the time for a whole session, checked between transactions. A transaction that begins in time
    /// gets the same time again, checked whenever the server waits for the client. After that, only a message
    /// that has come at 4,000 bytes a second on average may go on, to its end. Default is an hour.
    pub fn session_timeout(self, timeout: Duration) -> Self {
        self.timeout(Timeout::Session, timeout)
    }

    pub(super) fn check_timeouts(&self) -> Result<(), BuildError> {
        let mut timeouts = self.timeouts.clone();
        for timeout in Timeout::ALL {
            let time = *timeout.of(&mut timeouts);
            if time.is_zero() || time > MAX_TIMEOUT {
                return Err(BuildError::invalid(
                    timeout.method(),
                    format_args!("{}s", time.as_secs_f64()),
                    "more than 0 seconds and less than a year",
                ));
            }
        }
        Ok(())
    }
}

/// A year. A longer timeout is a mistake, and sums of times could overflow.
const MAX_TIMEOUT: Duration = Duration::from_secs(366 * 24 * 3_600);
