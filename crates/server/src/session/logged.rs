//! The facts of a session that lines of the log have.

use std::sync::Arc;

use mailchute_proto::HeloName;

use super::Session;

/// The facts for one line, all of one moment.
pub(crate) struct Logged {
    pub(crate) helo: Option<HeloName>,
    /// The version of TLS.
    pub(crate) tls: Option<&'static str>,
    pub(crate) user: Option<Arc<str>>,
    /// The findings as words, if there are any: `spf=pass dkim=none`.
    pub(crate) checks: Option<String>,
}

impl Session {
    /// Returns the facts for a line of the log. A line per message is not worth a lock per fact.
    pub(crate) fn logged(&self) -> Logged {
        let facts = self.facts();
        let mut checks: Option<String> = None;
        for finding in facts.client.findings.iter().chain(&facts.transaction.findings) {
            let checks = checks.get_or_insert_default();
            for piece in [if checks.is_empty() { "" } else { " " }, finding.check(), "=", finding.result()] {
                checks.push_str(piece);
            }
        }
        Logged {
            helo: facts.greeting.hello.as_ref().map(|hello| hello.name.clone()),
            tls: facts.connection.tls.as_ref().map(|facts| facts.version.name()),
            user: facts.greeting.identity.clone(),
            checks,
        }
    }
}
