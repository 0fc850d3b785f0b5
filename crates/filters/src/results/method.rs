//! The result of one method (RFC 8601 §2.2: `resinfo`).

use std::fmt;

use crate::arc::ArcOutcome;
use crate::dkim::{Algorithm, DkimOutcome, Signature};
use crate::dmarc::{DmarcOutcome, DmarcResult};
use crate::spf::{self, Scope};

use super::text::{reason, value};

/// The result of one method, such as `dkim=pass header.d=example.org`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodResult {
    method: &'static str,
    result: &'static str,
    reason: Option<String>,
    properties: Vec<(&'static str, String)>,
}

impl MethodResult {
    /// Makes a result without properties.
    ///
    /// # Examples
    /// ```
    /// use mailchute_filters::results::MethodResult;
    ///
    /// let result = MethodResult::new("iprev", "pass").property("policy.iprev", "192.0.2.1");
    /// assert_eq!(result.to_string(), "iprev=pass policy.iprev=192.0.2.1");
    /// ```
    #[must_use]
    pub fn new(method: &'static str, result: &'static str) -> Self {
        Self { method, result, reason: None, properties: Vec::new() }
    }

    /// Sets the reason. Characters that could mislead a reader become question marks, and the rest of a long text is cut
    /// off.
    #[must_use]
    pub fn reason(mut self, text: &str) -> Self {
        self.reason = Some(reason(text));
        self
    }

    /// Adds a property, such as `smtp.mailfrom`, with a value that the sender may have chosen. A value that could mislead
    /// a reader is left out with its property: one with quotes, spaces, `;`, `=` or the like, or with more than 255 bytes.
    #[must_use]
    pub fn property(mut self, name: &'static str, text: &str) -> Self {
        self.properties.extend(value(text).map(|value| (name, value)));
        self
    }

    fn optional_reason(self, problem: Option<&impl fmt::Display>) -> Self {
        match problem {
            Some(problem) => self.reason(&problem.to_string()),
            None => self,
        }
    }

    /// Makes the result of SPF, with the domain of MAIL (`smtp.mailfrom`) or EHLO (`smtp.helo`). The local part is left
    /// out, as nothing authenticates it (RFC 8601 §2.7.2).
    #[must_use]
    pub fn spf(outcome: &spf::Outcome) -> Self {
        let identity = match outcome.scope {
            Scope::MailFrom => "smtp.mailfrom",
            Scope::Helo => "smtp.helo",
        };
        Self::new("spf", outcome.result.as_str())
            .optional_reason(outcome.problem.as_ref())
            .property(identity, &outcome.domain)
    }

    /// Makes the results of DKIM: one for each signature, or `dkim=none`.
    #[must_use]
    pub fn dkim(outcome: &DkimOutcome) -> Vec<Self> {
        if outcome.signatures.is_empty() {
            return vec![Self::new("dkim", "none")];
        }
        outcome.signatures.iter().map(Self::signature).collect()
    }

    fn signature(signature: &Signature) -> Self {
        let mut result =
            Self::new("dkim", signature.result.as_str()).optional_reason(signature.problem.as_ref());
        if signature.is_test && signature.problem.is_none() {
            result = result.reason("the domain only tests DKIM (t=y)");
        }
        if signature.unsigned_bytes > 0 {
            result = result
                .reason(&format!("{} bytes at the end of the body are not signed", signature.unsigned_bytes));
        }
        let algorithm = signature.algorithm.map(Algorithm::as_str);
        let texts = [
            ("header.d", signature.domain.as_deref()),
            ("header.i", signature.identity.as_deref()),
            ("header.s", signature.selector.as_deref()),
            ("header.a", algorithm),
            // The last one, since it is often in quotes, which some parsers expect at the end only.
            ("header.b", Some(signature.beginning.trim_end_matches('='))),
        ];
        texts.into_iter().fold(result, |result, (name, text)| match text {
            Some(text) => result.property(name, text),
            None => result,
        })
    }

    /// Makes the result of ARC.
    #[must_use]
    pub fn arc(outcome: &ArcOutcome) -> Self {
        Self::new("arc", outcome.result.as_str()).optional_reason(outcome.problem.as_ref())
    }

    /// Makes the result of DMARC, with the author's domain (`header.from`). A failure has the policy after `pct` as well
    /// (`policy.dmarc`).
    #[must_use]
    pub fn dmarc(outcome: &DmarcOutcome) -> Self {
        let mut result =
            Self::new("dmarc", outcome.result.as_str()).optional_reason(outcome.problem.as_ref());
        if let Some(author) = &outcome.author {
            result = result.property("header.from", author);
        }
        if outcome.result == DmarcResult::Fail {
            result = result.property("policy.dmarc", outcome.disposition.as_str());
        }
        result
    }

    /// Makes the result of AUTH: a client that has authenticated as this user.
    #[must_use]
    pub fn auth(identity: &str) -> Self {
        Self::new("auth", "pass").property("smtp.auth", identity)
    }
}

impl fmt::Display for MethodResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.method, self.result)?;
        if let Some(reason) = &self.reason {
            write!(f, " reason={reason}")?;
        }
        self.properties.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}
