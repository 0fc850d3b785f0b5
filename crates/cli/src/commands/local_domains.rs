//! The check that a recipient belongs to one of the domains of `--domain`.
//!
//! # Why
//!
//! `--auth-file` does not change which recipients are accepted. The program stores mail and relays none, so a login
//! gives no right to other domains.

use mailchute::{Answer, Hooks, Recipient, Refusal, Session, Verdict};

use crate::options::domains::Domains;

/// Accepts recipients of some domains, and refuses to relay mail to others.
#[derive(Debug)]
pub(crate) struct LocalDomains(Vec<String>);

impl LocalDomains {
    /// The domains of `--domain`, or `None` if every recipient is accepted.
    pub(crate) fn of(domains: &[Domains]) -> Option<Self> {
        let patterns: Option<Vec<_>> = domains.iter().map(Domains::pattern).collect();
        patterns.filter(|patterns| !patterns.is_empty()).map(Self)
    }
}

impl Hooks for LocalDomains {
    async fn rcpt_to(&self, to: &Recipient, _session: &Session) -> Answer {
        if to.is_local_to(&self.0) {
            return Ok(Verdict::Accept);
        }
        Err(Refusal::new(550, (5, 7, 1), "Relaying denied"))
    }
}
