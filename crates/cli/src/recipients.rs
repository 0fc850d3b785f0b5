//! Whose recipients are accepted.

use mailchute::{Answer, Domain, Hooks, Recipient, Reply, Session, Verdict};

/// Accepts the recipients of some domains, and refuses to pass mail on to others.
#[derive(Debug)]
pub(crate) struct LocalDomains(pub(crate) Vec<Domain>);

impl Hooks for LocalDomains {
    async fn rcpt_to(&self, to: &Recipient, _session: &Session) -> Answer {
        // <Postmaster> has no domain, and must be accepted (RFC 5321 §4.5.1).
        let is_local = to.domain().is_none() || self.0.iter().any(|domain| to.domain_is(domain.as_str()));
        if is_local { Ok(Verdict::Accept) } else { Err(Reply::new(550, (5, 7, 1), "Relaying denied")) }
    }
}
