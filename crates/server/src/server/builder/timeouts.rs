//! Timeouts: how long the server waits. The greeting delay.

use std::time::Duration;

use super::Builder;
use super::timeouts_by_name::Timeout;
use crate::server::build_error::BuildError;

/// Timeouts, of which none may be zero, and the greeting delay.
impl Builder {
    /// Sets the time for the client's next command. Default is 300 s.
    pub fn command_timeout(self, timeout: Duration) -> Self {
        self.timeout(Timeout::Command, timeout)
    }

    /// Sets the time for the next bytes of a message. Default is 180 s, but 10 s when slots are
    /// [short](Self::max_connections). A message must also come at 500 bytes per second on average once the
    /// server has waited for the client for 60 s. When slots are short, it must come at 4,000 bytes per second
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
    /// that has come at 4,000 bytes per second on average may go on, to its end. Default is an hour.
    pub fn session_timeout(self, timeout: Duration) -> Self {
        self.timeout(Timeout::Session, timeout)
    }

    /// Sets how long clients must be silent before they are greeted. It must be less than five minutes, since
    /// clients wait no longer (RFC 5321 §4.5.3.2.1). Many senders of spam do not wait. They get `554 5.5.0`,
    /// and the server hangs up. So does a client that talks while the connect hooks decide.
    ///
    /// Default is none: early commands are then answered after the greeting, since some devices and scripts
    /// send them. In both cases the server closes the connection without a reply if other things come early.
    /// These are a PROXY header from an address that may send none, and TLS on a listener without it.
    ///
    /// On a listener with implicit TLS the delay begins after the handshake.
    pub fn greeting_delay(mut self, delay: Duration) -> Self {
        self.timeouts.greeting_delay = delay;
        self
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

    pub(super) fn check_greeting_delay(&self) -> Result<(), BuildError> {
        let delay = self.timeouts.greeting_delay;
        if delay < MAX_GREETING_DELAY {
            return Ok(());
        }
        let value = format_args!("{}s", delay.as_secs_f64());
        Err(BuildError::invalid("greeting_delay", value, "less than 300 seconds, as clients wait no longer"))
    }
}

/// A year. A longer timeout is a mistake, and sums of times could overflow.
const MAX_TIMEOUT: Duration = Duration::from_secs(366 * 24 * 3_600);

/// How long clients wait for a greeting (RFC 5321 §4.5.3.2.1).
const MAX_GREETING_DELAY: Duration = Duration::from_secs(300);
