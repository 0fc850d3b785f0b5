//! Session identifiers.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The name of a session in logs, `Received:` fields and message ids: unique within a process and across its restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(u64);

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

    /// Writes base 32 in capitals, without the letters that look like digits.
    pub(crate) fn digits(self) -> [u8; Self::LENGTH] {
        const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let mut text = [b'0'; Self::LENGTH];
        let mut rest = self.0;
        for digit in text.iter_mut().rev() {
            *digit = DIGITS[(rest % 32) as usize];
            rest /= 32;
        }
        text
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.digits()).unwrap_or_default())
    }
}
