//! Findings of checks about a client or a message.

use std::borrow::Cow;

use super::Session;
use super::finding::{Finding, add};

/// Findings of checks.
impl Session {
    /// Records what a check has found out about the transaction. It is forgotten when the transaction ends, and a later
    /// result of the same check replaces it.
    ///
    /// Both words consist of ASCII letters, digits, `-`, `_` and `.`, and have 64 bytes at most. Other characters become
    /// `-`, and the rest is cut off.
    ///
    /// ```
    /// use mailchute::{Server, Verdict};
    ///
    /// Server::builder()
    ///     .on_mail_from(|sender, session| async move {
    ///         let is_partner = sender.domain() == Some("partner.example");
    ///         session.add_finding("partner", if is_partner { "yes" } else { "no" });
    ///         Ok::<_, mailchute::Refusal>(Verdict::Accept)
    ///     })
    ///     .on_rcpt_to(|_to, session| async move {
    ///         Verdict::accept_if(session.finding("partner").is_some_and(|finding| finding.result() == "yes"))
    ///     });
    /// ```
    pub fn add_finding(&self, check: impl Into<Cow<'static, str>>, result: impl Into<Cow<'static, str>>) {
        let finding = Finding::new(check.into(), result.into());
        add(&mut self.facts().transaction.findings, finding.clone());
        self.tell(&finding);
    }

    /// Records what a check has found out about the client. It holds as long as the client is the same, as
    /// [`state`](Self::state) does. The words are as for [`add_finding`](Self::add_finding).
    pub fn add_client_finding(
        &self,
        check: impl Into<Cow<'static, str>>,
        result: impl Into<Cow<'static, str>>,
    ) {
        let finding = Finding::new(check.into(), result.into());
        add(&mut self.facts().client.findings, finding.clone());
        self.tell(&finding);
    }

    /// Returns the finding of a check: that about the transaction, or else that about the client.
    #[must_use]
    pub fn finding(&self, check: &str) -> Option<Finding> {
        let facts = self.facts();
        let mut all = facts.transaction.findings.iter().chain(&facts.client.findings);
        all.find(|finding| finding.check() == check).cloned()
    }

    /// Returns all findings: those about the client, then those about the transaction.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let facts = self.facts();
        facts.client.findings.iter().chain(&facts.transaction.findings).cloned().collect()
    }

    /// Forgets what was found about a MAIL that was refused, before the next MAIL is decided.
    pub(crate) fn forget_refused_mail(&self) {
        self.facts().transaction.findings.clear();
    }

    fn tell(&self, finding: &Finding) {
        if let Some(hears) = self.0.hears_findings.upgrade() {
            hears.found(self, finding);
        }
    }
}
