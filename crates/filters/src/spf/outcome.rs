//! The outcome of a check (RFC 7208 §2.6).

use std::error::Error;
use std::fmt;

use super::query::Scope;
use crate::dns::DnsError;

/// The result of a check (RFC 7208 §2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpfResult {
    /// There is no domain to check, or it has no record.
    None,
    /// The domain says nothing about this client.
    Neutral,
    /// The client is authorized.
    Pass,
    /// The client is not authorized.
    Fail,
    /// The client is probably not authorized.
    SoftFail,
    /// The DNS did not answer. A later check may do better.
    TempError,
    /// The records of the domain have a mistake.
    PermError,
}

impl SpfResult {
    /// Returns the word of RFC 7208 §2.6, which `Received-SPF` and `Authentication-Results` use: `softfail`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Neutral => "neutral",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

impl fmt::Display for SpfResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The outcome of a [`check`](super::check).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The result.
    pub result: SpfResult,
    /// Whether the domain is that of MAIL or of EHLO.
    pub scope: Scope,
    /// The domain that was checked, in A-labels.
    pub domain: String,
    /// The mechanism that matched, as the record has it: `-all`. `None` if no mechanism did.
    pub mechanism: Option<String>,
    /// Why the domain does not authorize the client, in its own words (`exp=`), for a [`Fail`](SpfResult::Fail) only.
    ///
    /// Anybody who sends mail can choose this text. It is ASCII without control characters, and has 400 bytes at most.
    pub explanation: Option<String>,
    /// The mistake or failure, for [`TempError`](SpfResult::TempError) and [`PermError`](SpfResult::PermError) only.
    pub problem: Option<Problem>,
}

/// Why a check came to no result.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Problem {
    /// The DNS did not answer a question about this name: [`SpfResult::TempError`]. All others are
    /// [`SpfResult::PermError`].
    Dns(String, DnsError),
    /// The domain has several records.
    SeveralRecords(String),
    /// The record of the domain has a term that the grammar does not allow.
    Syntax {
        /// The domain.
        domain: String,
        /// The term.
        term: String,
    },
    /// `include` or `redirect` leads to a name without a record.
    NoRecord(String),
    /// More terms need the DNS than [`Limits::terms`](super::Limits::terms) allows.
    TooManyTerms,
    /// More names have no records than [`Limits::void_lookups`](super::Limits::void_lookups) allows.
    TooManyVoidLookups,
    /// This domain has more MX hosts than [`Limits::mx_hosts`](super::Limits::mx_hosts) allows.
    TooManyMxHosts(String),
}

impl Problem {
    pub(super) fn result(&self) -> SpfResult {
        match self {
            Self::Dns(..) => SpfResult::TempError,
            _ => SpfResult::PermError,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name, error) => {
                write!(f, "the DNS did not answer for {}: {error}", name.escape_debug())
            }
            Self::SeveralRecords(domain) => write!(f, "{} has several SPF records", domain.escape_debug()),
            Self::Syntax { domain, term } => {
                write!(
                    f,
                    "the SPF record of {} has a wrong term: {}",
                    domain.escape_debug(),
                    term.escape_debug()
                )
            }
            Self::NoRecord(name) => write!(f, "{} has no SPF record", name.escape_debug()),
            Self::TooManyTerms => f.write_str("too many terms need the DNS"),
            Self::TooManyVoidLookups => f.write_str("too many names have no records"),
            Self::TooManyMxHosts(domain) => write!(f, "{} has too many MX hosts", domain.escape_debug()),
        }
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Dns(_, error) => Some(error),
            _ => None,
        }
    }
}
