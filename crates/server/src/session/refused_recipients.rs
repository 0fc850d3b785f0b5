//! How many recipients were refused permanently.

use mailchute_proto::{Answer, Severity, Verdict};

use super::Session;

impl Session {
    /// Returns the number of recipients that hooks have refused permanently, with a 5yz. It counts since the connection
    /// began, or since XCLIENT named another client.
    ///
    /// The hook of RCPT sees the outcome of earlier recipients, and that of [`disconnect`](crate::Hooks::disconnect) sees
    /// all outcomes. So a hook that is asked first can count guesses that later hooks refuse.
    #[must_use]
    pub fn refused_recipients(&self) -> u32 {
        self.facts().client.refused_recipients
    }

    /// Counts a recipient, if the answer refuses it permanently.
    pub(crate) fn count_refused_recipient(&self, answer: &Answer) {
        let is_for_good = match answer {
            Ok(verdict) => *verdict == Verdict::Refuse,
            Err(refusal) => refusal.code().severity() == Severity::Permanent,
        };
        if is_for_good {
            let count = &mut self.facts().client.refused_recipients;
            *count = count.saturating_add(1);
        }
    }
}
