//! The parameter `BY=`: the deadline for delivery (RFC 2852).

use std::fmt;

/// The deadline for delivery, and what happens after it: the value of `BY=` (RFC 2852 §4).
///
/// `Display` writes the value as sent to another server. Subtract the time that the message spent here first.
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
    /// Seconds from the MAIL command on, at most nine digits. Above 0 with [`ByMode::Return`]. With
    /// [`ByMode::Notify`] the deadline may have passed.
    pub seconds: i32,
    /// The action after the deadline.
    pub mode: ByMode,
    /// Whether the sender wants a notification of each hop (`T`).
    pub is_traced: bool,
}

/// The action for a message after its deadline (RFC 2852 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ByMode {
    /// `R`: the server returns it to its sender.
    Return,
    /// `N`: delivery continues, and the server notifies the sender.
    Notify,
}

impl DeliverBy {
    /// `by-time ";" by-mode [by-trace]`
    pub(super) fn parse(value: &str) -> Option<Self> {
        let (time, mode) = value.split_once(';')?;
        let digits = time.strip_prefix(['+', '-']).unwrap_or(time);
        if !matches!(digits.len(), 1..=9) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
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
