//! Session identifiers.

use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The id of a session in logs, `Received:` fields and message ids: unique within a process and across its restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(u64);

/// The digits of base 32 in capitals, without the letters that look like digits.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl SessionId {
    /// Returns the next identifier: the microseconds since 1970 at the first session, then one more for each.
    /// A restart begins after the last run, if sessions come slower than one a microsecond.
    pub(super) fn next() -> Self {
        static NEXT: OnceLock<AtomicU64> = OnceLock::new();
        let next = NEXT.get_or_init(|| {
            let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            AtomicU64::new(u64::try_from(since_1970.as_micros()).unwrap_or_default())
        });
        Self(next.fetch_add(1, Ordering::Relaxed))
    }
}

impl SessionId {
    /// Returns the identifier as a number, for keys and other systems. Ids of later sessions are greater.
    ///
    /// ```
    /// # async fn run(session: mailchute::Session) {
    /// let bits: u64 = session.id().to_bits();
    /// # }
    /// ```
    #[must_use]
    pub fn to_bits(self) -> u64 {
        self.0
    }

    pub(crate) const LENGTH: usize = 11;

    /// Writes the identifier in base 32.
    pub(crate) fn digits(self) -> [u8; Self::LENGTH] {
        let mut text = [b'0'; Self::LENGTH];
        let mut rest = self.0;
        for digit in text.iter_mut().rev() {
            *digit = DIGITS[(rest % 32) as usize];
            rest /= 32;
        }
        text
    }
}

/// The error for a text that is not the id of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotASessionId;

impl fmt::Display for NotASessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a session is named by 11 digits and capitals, such as 1K1BAS6430W")
    }
}

impl Error for NotASessionId {}

/// Reads an identifier as it is displayed.
///
/// ```
/// use mailchute::session::SessionId;
///
/// let id: SessionId = "1K1BAS6430W".parse()?;
/// assert_eq!(id.to_string(), "1K1BAS6430W");
/// assert!("1K1BAS6430".parse::<SessionId>().is_err());
/// # Ok::<(), mailchute::session::NotASessionId>(())
/// ```
impl FromStr for SessionId {
    type Err = NotASessionId;

    fn from_str(text: &str) -> Result<Self, NotASessionId> {
        let digits: &[u8; Self::LENGTH] = text.as_bytes().try_into().map_err(|_| NotASessionId)?;
        let id = digits.iter().try_fold(0_u64, |id, byte| {
            let digit = DIGITS.iter().position(|digit| digit == byte)?;
            id.checked_mul(32)?.checked_add(digit as u64)
        });
        id.map(Self).ok_or(NotASessionId)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.digits()).unwrap_or_default())
    }
}
