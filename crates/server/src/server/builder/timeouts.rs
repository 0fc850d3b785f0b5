//! How long the server waits for whom.

use std::time::Duration;

use super::Builder;
use super::limit::Timeout;
use crate::server::build_error::BuildError;

/// Timeouts: how long the server waits. None may be zero.
impl Builder {
    /// For the client's next command. Default is 300 s.
    pub fn command_timeout(self, timeout: Duration) -> Self {
        self.timeout(Timeout::Command, timeout)
    }

    /// For the next octets of a message. Default is 180 s, but 10 s when places are
    /// [short](Self::max_connections). A message must also come at 500 octets a second on average once the client was
    /// waited for 60 s, and at 4,000 after 10 s when places are short.
    pub fn data_timeout(self, timeout: Duration) -> Self {
        self.timeout(Timeout::Data, timeout)
    }

    /// For a TLS handshake. Default is 30 s.
    pub fn handshake_timeout(self, timeout: Duration) -> Self {
        self.timeout(Timeout::Handshake, timeout)
    }

    /// For the PROXY header of a connection from [`proxy_from`](Self::proxy_from). Default is 5 s.
    pub fn proxy_timeout(self, timeout: Duration) -> Self {
        self.timeout(Timeout::Proxy, timeout)
    }

    /// For all hooks of one stage; after it the answer is `451 4.3.0`. Default is 300 s.
    pub fn hook_timeout(self, timeout: Duration) -> Self {
        self.timeout(Timeout::Hook, timeout)
    }

    /// For the store and the filters, from the end of a message on; after it the answer is `451 4.3.0`.
    /// Default is 300 s.
    pub fn store_timeout(self, timeout: Duration) -> Self {
        self.timeout(Timeout::Store, timeout)
    }

    /// For a whole session, checked between transactions. A transaction that begins in time gets the same time again,
    /// checked whenever the client is waited for. Only a message that has come at 4,000 octets a second on average may go
    /// on after that, to its end. Default is an hour.
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

/// A year: beyond it a timeout is a slip of the pen, and sums of times could overflow.
const MAX_TIMEOUT: Duration = Duration::from_secs(366 * 24 * 3_600);
