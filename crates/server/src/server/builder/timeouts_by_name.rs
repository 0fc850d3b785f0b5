//! The timeouts as data, as `limits_by_name.rs` has the limits.

use std::time::Duration;

use super::Builder;
use crate::runtime::timeouts::Timeouts;

/// A timeout: how long the server waits.
///
/// Each timeout is also a method of [`Builder`], which describes it in full.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use mailchute::Server;
/// use mailchute::limits::Timeout;
///
/// let timeout = Timeout::by_name("command").expect("a timeout of this name");
/// assert_eq!(timeout.default_value(), Duration::from_secs(300));
/// let builder = Server::builder().timeout(timeout, Duration::from_secs(60)); // like .command_timeout(…)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Timeout {
    /// [`Builder::command_timeout`]
    Command,
    /// [`Builder::data_timeout`]
    Data,
    /// [`Builder::handshake_timeout`]
    Handshake,
    /// [`Builder::proxy_timeout`]
    Proxy,
    /// [`Builder::hook_timeout`]
    Hook,
    /// [`Builder::store_timeout`]
    Store,
    /// [`Builder::session_timeout`]
    Session,
}

impl Timeout {
    /// All timeouts.
    pub const ALL: [Self; 7] =
        [Self::Command, Self::Data, Self::Handshake, Self::Proxy, Self::Hook, Self::Store, Self::Session];

    /// Returns the timeout of this [name](Self::name).
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|timeout| timeout.name() == name)
    }

    /// Returns the name, in lower case, such as `command`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Data => "data",
            Self::Handshake => "handshake",
            Self::Proxy => "proxy",
            Self::Hook => "hook",
            Self::Store => "store",
            Self::Session => "session",
        }
    }

    /// Returns the default.
    #[must_use]
    pub fn default_value(self) -> Duration {
        *self.of(&mut Timeouts::default())
    }

    /// Returns one line for a list of options.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Command => "Wait for the next command of the client",
            Self::Data => "Wait for the next bytes of a message",
            Self::Handshake => "A TLS handshake",
            Self::Proxy => "Wait for a PROXY header",
            Self::Hook => "Wait for the hooks of a stage",
            Self::Store => "Wait for the store after the end of a message",
            Self::Session => "A whole session; a running transaction may take the same time again",
        }
    }

    /// Returns the method of [`Builder`] that sets it.
    pub(super) const fn method(self) -> &'static str {
        match self {
            Self::Command => "command_timeout",
            Self::Data => "data_timeout",
            Self::Handshake => "handshake_timeout",
            Self::Proxy => "proxy_timeout",
            Self::Hook => "hook_timeout",
            Self::Store => "store_timeout",
            Self::Session => "session_timeout",
        }
    }

    /// Returns its place among the timeouts of a server.
    pub(super) const fn of(self, timeouts: &mut Timeouts) -> &mut Duration {
        match self {
            Self::Command => &mut timeouts.command,
            Self::Data => &mut timeouts.data,
            Self::Handshake => &mut timeouts.handshake,
            Self::Proxy => &mut timeouts.proxy,
            Self::Hook => &mut timeouts.hook,
            Self::Store => &mut timeouts.store,
            Self::Session => &mut timeouts.session,
        }
    }
}

/// Timeouts by name.
impl Builder {
    /// Sets a timeout; see the method of [`Builder`] of the same name.
    pub fn timeout(mut self, timeout: Timeout, time: Duration) -> Self {
        *timeout.of(&mut self.timeouts) = time;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits_by_name::tests::documentation;
    use super::Timeout;

    #[test]
    fn each_method_states_the_default_of_its_timeout() {
        for timeout in Timeout::ALL {
            let seconds = timeout.default_value().as_secs();
            let default = if seconds == 3_600 { "an hour".to_owned() } else { format!("{seconds} s") };
            let text = documentation(include_str!("timeouts.rs"), timeout.method());
            assert!(
                text.contains(&format!("Default is {default}")),
                "{}: {default}: {text}",
                timeout.method()
            );
            assert_eq!(Timeout::by_name(timeout.name()), Some(timeout));
        }
    }
}
