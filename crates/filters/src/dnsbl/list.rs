//! One list.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use mailchute::address::Domain;

use super::hourly::Hourly;
use super::listing::Listing;
use super::reason::reason;
use super::rules::{Action, Rules};
use crate::dns::{DnsError, Resolve};
use crate::name::is_name;

/// The shortest label that is taken for the key of a customer.
const KEY: usize = 20;

/// The codes of one answer that are looked at. Lists have a few.
const MAX_CODES: usize = 32;

/// A list and the meaning of its codes.
#[derive(Debug)]
pub(super) struct List {
    zone: String,
    /// The name without a key.
    shown: Arc<str>,
    rules: Rules,
    warned_of_failure: Hourly,
    warned_of_code: Hourly,
}

/// A list that did not answer. The log has it.
#[derive(Debug)]
pub(super) struct NoAnswer;

impl List {
    pub(super) fn new(name: &Domain, rules: Rules) -> Self {
        let zone = name.to_ascii().to_ascii_lowercase();
        let shown = match zone.split_once('.') {
            Some((label, rest)) if label.len() >= KEY => rest,
            _ => &zone,
        };
        Self {
            shown: Arc::from(shown),
            rules,
            warned_of_failure: Hourly::default(),
            warned_of_code: Hourly::default(),
            zone,
        }
    }

    /// Asks about a subject, which has these labels in the DNS.
    pub(super) async fn ask(
        &self,
        resolver: &impl Resolve,
        subject: &str,
        labels: &str,
        timeout: Duration,
    ) -> Result<Option<Listing>, NoAnswer> {
        let name = format!("{labels}.{}", self.zone);
        if !is_name(&name) {
            return Ok(None);
        }
        let answer = within(timeout, resolver.a(&name)).await.map_err(|error| self.failed(&error))?;
        let codes = self.codes(answer)?;
        let Some(action) = self.rules.action(&codes) else { return Ok(None) };
        let reason = match action {
            Action::Refuse => within(timeout, resolver.txt(&name)).await.ok().and_then(reason),
            Action::Mark | Action::Skip => None,
        };
        Ok(Some(Listing {
            list: Arc::clone(&self.shown),
            subject: Arc::from(subject),
            codes,
            action,
            reason,
        }))
    }

    /// Leaves only codes that are listings.
    fn codes(&self, answer: Vec<Ipv4Addr>) -> Result<Vec<Ipv4Addr>, NoAnswer> {
        let error = answer.iter().find(|code| is_error(**code));
        // An answer of other codes only is that of the new owner of a domain.
        let foreign = answer.first().filter(|_| !answer.iter().any(Ipv4Addr::is_loopback));
        if let Some(code) = error.or(foreign) {
            if self.warned_of_code.is_due() {
                let (list, code) = (&*self.shown, code.to_string());
                tracing::warn!(name: "dns-list-refuses", list, code, "a DNS list does not answer this resolver");
            }
            return Err(NoAnswer);
        }
        Ok(answer.into_iter().filter(Ipv4Addr::is_loopback).take(MAX_CODES).collect())
    }

    fn failed(&self, error: &DnsError) -> NoAnswer {
        if self.warned_of_failure.is_due() {
            let (list, error) = (&*self.shown, error.to_string());
            tracing::warn!(name: "dns-list-failed", list, error, "a DNS list does not answer");
        }
        NoAnswer
    }
}

/// Returns whether a list answers so to say that it does not answer: Spamhaus `127.255.255.0/24`, others `127.0.0.1`,
/// which RFC 5782 §5 forbids to list, and dnswl.org `127.0.0.255`.
fn is_error(code: Ipv4Addr) -> bool {
    matches!(code.octets(), [127, 255, 255, _] | [127, 0, 0, 1 | 255])
}

async fn within<T>(
    timeout: Duration,
    answer: impl Future<Output = Result<T, DnsError>>,
) -> Result<T, DnsError> {
    match tokio::time::timeout(timeout, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(DnsError::new(format!("no answer within {} s", timeout.as_secs_f64()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_customer_is_not_shown() {
        for (name, shown) in [
            ("zen.spamhaus.org", "zen.spamhaus.org"),
            ("abcdefghijklmnopqrstuvwxyz.zen.dq.spamhaus.net", "zen.dq.spamhaus.net"),
        ] {
            let list = List::new(&Domain::parse(name).expect("a name"), Action::Mark.into());
            assert_eq!(&*list.shown, shown);
        }
    }
}
