//! The subject of a check: the authors, and the domains that SPF and DKIM have authenticated.

use super::author::{AuthorError, author_domains};
use crate::name::{canonical, without_root};
use crate::spf::{self, SpfResult};

/// The subject of a [`check`](super::check): the authors of a message, and the domains that SPF and DKIM have
/// authenticated.
#[derive(Clone, Debug)]
pub struct DmarcQuery {
    authors: Result<Vec<String>, AuthorError>,
    spf: Vec<Authenticated>,
    dkim: Vec<Authenticated>,
    draw: u8,
}

/// A domain that is authenticated, or may be.
#[derive(Clone, Debug)]
pub(super) struct Authenticated {
    pub(super) domain: String,
    /// Whether the DNS did not answer, so that a later check may authenticate it.
    pub(super) is_open: bool,
}

impl DmarcQuery {
    /// Makes a query from the values of all `From:` fields of a message: the bytes between colon and line end.
    ///
    /// It has no authenticated domain yet.
    #[must_use]
    pub fn new<F: AsRef<[u8]>>(from_fields: impl IntoIterator<Item = F>) -> Self {
        Self { authors: author_domains(from_fields), spf: Vec::new(), dkim: Vec::new(), draw: 0 }
    }

    /// Adds the outcome of SPF. Only [`SpfResult::Pass`] authenticates its domain. [`SpfResult::TempError`] leaves it
    /// open.
    #[must_use]
    pub fn spf(mut self, outcome: &spf::Outcome) -> Self {
        let is_open = outcome.result == SpfResult::TempError;
        if is_open || outcome.result == SpfResult::Pass {
            self.spf.extend(authenticated(&outcome.domain, is_open));
        }
        self
    }

    /// Adds the domain (`d=`) of a DKIM signature that is valid.
    #[must_use]
    pub fn dkim_pass(mut self, domain: &str) -> Self {
        self.dkim.extend(authenticated(domain, false));
        self
    }

    /// Adds the domain (`d=`) of a DKIM signature whose key the DNS did not tell. If no other domain authenticates the
    /// author, the result is [`DmarcResult::TempError`](super::DmarcResult::TempError) and not a failure.
    #[must_use]
    pub fn dkim_temp_error(mut self, domain: &str) -> Self {
        self.dkim.extend(authenticated(domain, true));
        self
    }

    /// Sets a number from 0 to 99, which should be drawn at random for each message. A policy applies to the message if
    /// its `pct` is larger. Otherwise the next milder policy applies (RFC 7489 §6.6.4). Default is 0, so that policies
    /// apply unless their `pct` is 0.
    #[must_use]
    pub fn draw(mut self, number: u8) -> Self {
        self.draw = number;
        self
    }

    pub(super) fn authors(&self) -> Result<&[String], AuthorError> {
        self.authors.as_deref().map_err(|error| *error)
    }

    pub(super) fn spf_domains(&self) -> &[Authenticated] {
        &self.spf
    }

    pub(super) fn dkim_domains(&self) -> &[Authenticated] {
        &self.dkim
    }

    pub(super) fn drawn(&self) -> u8 {
        self.draw
    }
}

fn authenticated(domain: &str, is_open: bool) -> Option<Authenticated> {
    let domain = canonical(without_root(domain))?;
    Some(Authenticated { domain, is_open })
}
