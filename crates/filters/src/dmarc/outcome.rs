//! The outcome of a check.

use std::error::Error;
use std::fmt;

use super::author::AuthorError;
use super::record::Policy;
use crate::dns::DnsError;

/// The result of a check (RFC 7489 §11.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DmarcResult {
    /// The domain of the author has no record, or the author no domain.
    None,
    /// SPF or DKIM authenticates the domain of the author.
    Pass,
    /// Neither authenticates it.
    Fail,
    /// The DNS did not answer. A later check may do better.
    TempError,
    /// The message has no author whose domain can be checked.
    PermError,
}

impl DmarcResult {
    /// Returns the word of RFC 7489 §11.2, which `Authentication-Results` uses: `pass`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

impl fmt::Display for DmarcResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The outcome of a [`check`](super::check).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DmarcOutcome {
    /// The result.
    pub result: DmarcResult,
    /// The domain of the author in lower case and A-labels, of several authors the one that decides. `None` if there is
    /// none.
    pub author: Option<String>,
    /// The domain whose record was used: that of the author, or its organizational domain.
    pub record_domain: Option<String>,
    /// The policy of the record for this author: `p`, `sp` or `np`.
    pub policy: Option<Policy>,
    /// The treatment that the message deserves, after `pct`: the policy if it failed, and [`Policy::None`] otherwise. A
    /// message without an author that can be checked should be refused (RFC 7489 §6.6.1).
    pub disposition: Policy,
    /// The treatment that the message deserves if a later check, with all answers of the DNS, finds that it fails. It is
    /// stricter than the disposition only with [`DmarcResult::TempError`], and only if the DNS has told a policy.
    pub possible_disposition: Policy,
    /// The mistake or failure, if there is one.
    pub problem: Option<DmarcProblem>,
}

impl DmarcOutcome {
    /// Returns the outcome without a record.
    pub(super) fn none(author: Option<&str>) -> Self {
        Self {
            result: DmarcResult::None,
            author: author.map(str::to_owned),
            record_domain: None,
            policy: None,
            disposition: Policy::None,
            possible_disposition: Policy::None,
            problem: None,
        }
    }
}

/// Why a check came to no result.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DmarcProblem {
    /// The message has no author whose domain can be checked: [`DmarcResult::PermError`].
    Author(AuthorError),
    /// The DNS did not answer a question about this name: [`DmarcResult::TempError`].
    Dns(String, DnsError),
    /// SPF or DKIM got no answer from the DNS for this domain, which could authenticate the author:
    /// [`DmarcResult::TempError`].
    Open(String),
    /// This domain has several records, so none counts: [`DmarcResult::None`].
    SeveralRecords(String),
    /// The record of this domain has no valid policy: [`DmarcResult::None`] (RFC 7489 §6.6.3).
    NoPolicy(String),
}

impl fmt::Display for DmarcProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Author(error) => error.fmt(f),
            Self::Dns(name, error) => write!(f, "the DNS did not answer for {name}: {error}"),
            Self::Open(domain) => write!(f, "the DNS did not answer for {domain}"),
            Self::SeveralRecords(domain) => write!(f, "{domain} has several DMARC records"),
            Self::NoPolicy(domain) => write!(f, "the DMARC record of {domain} has no valid policy"),
        }
    }
}

impl Error for DmarcProblem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Dns(_, error) => Some(error),
            _ => None,
        }
    }
}
