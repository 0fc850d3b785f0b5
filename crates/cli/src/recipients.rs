//! Whose recipients are accepted.

use mailchute::{Answer, Domain, Hooks, Recipient, Reply, Session, Verdict};

/// Accepts the recipients of some domains, and refuses to pass mail on to others.
#[derive(Debug)]
pub(crate) struct LocalDomains(pub(crate) Vec<Domain>);

impl Hooks for LocalDomains {
    async fn rcpt_to(&self, to: &Recipient, _session: &Session) -> Answer {
        if to.is_local_to(&self.0) {
            return Ok(Verdict::Accept);
        }
        Err(Reply::new(550, (5, 7, 1), "Relaying denied"))
    }
}
