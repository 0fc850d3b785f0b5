//! `BY=`: by when a message is to be delivered (RFC 2852).

use std::fmt;

/// By when a message is to be delivered, and what to do if it is not: the value of `BY=` (RFC 2852 §4).
///
/// It prints as the value would be written to another server, from which the time that the message has spent here is
/// to be taken off first.
///
/// # Examples
///
/// ```
/// use mailchute_proto::{ByMode, DeliverBy, MailParameters, ParameterError, Parameters};
///
/// let parameters = MailParameters::from_parameters(&Parameters::parse(b"BY=120;RT")?)?;
/// let by = parameters.deliver_by.unwrap();
/// assert_eq!((by.seconds, by.mode, by.is_traced), (120, ByMode::Return, true));
/// assert!(MailParameters::from_parameters(&Parameters::parse(b"BY=0;R")?).is_err());
/// # Ok::<(), ParameterError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DeliverBy {
    /// Seconds from the MAIL command on, at most nine digits. More than 0 with [`ByMode::Return`]; with
    /// [`ByMode::Notify`] the time may have passed already.
    pub seconds: i32,
    /// What to do when the time is over.
    pub mode: ByMode,
    /// Whether the sender wants to be told of each hop on the way (`T`).
    pub is_traced: bool,
}

/// What is to become of a message that could not be delivered in time (RFC 2852 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ByMode {
    /// `R`: it goes back to its sender.
    Return,
    /// `N`: delivery goes on, and the sender is told.
    Notify,
}

impl DeliverBy {
    /// `by-time ";" by-mode [by-trace]`
    pub(super) fn parse(value: &str) -> Option<Self> {
        let (time, mode) = value.split_once(';')?;
        let digits = time.strip_prefix(['+', '-']).unwrap_or(time);
        if !matches!(digits.len(), 1..=9) || !digits.bytes().all(|octet| octet.is_ascii_digit()) {
            return None;
        }
        let seconds = time.parse().ok()?;
        let (mode, is_traced) = match mode.as_bytes() {
            [mode] => (mode, false),
            [mode, b'T' | b't'] => (mode, true),
            _ => return None,
        };
        let mode = match mode {
            b'R' | b'r' if seconds > 0 => ByMode::Return,
            b'N' | b'n' => ByMode::Notify,
            _ => return None,
        };
        Some(Self { seconds, mode, is_traced })
    }
}

impl fmt::Display for DeliverBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.mode == ByMode::Return { "R" } else { "N" };
        write!(f, "{};{mode}{}", self.seconds, if self.is_traced { "T" } else { "" })
    }
}
