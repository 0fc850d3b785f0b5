//! The check of all authors (RFC 7489 §6.6.2).

use futures_util::future::join_all;

use super::discovery::{Found, discover, discover_above};
use super::outcome::{DmarcOutcome, DmarcProblem, DmarcResult};
use super::query::{Authenticated, DmarcQuery};
use super::record::{Alignment, Policy};
use crate::dns::Resolve;

pub(super) async fn evaluate(query: &DmarcQuery, resolver: &impl Resolve) -> DmarcOutcome {
    let mut outcome = DmarcOutcome::none(None);
    let authors = match query.authors() {
        Ok(authors) => authors,
        Err(error) => {
            outcome.result = DmarcResult::PermError;
            outcome.disposition = Policy::Reject;
            outcome.possible_disposition = Policy::Reject;
            outcome.problem = Some(DmarcProblem::Author(error));
            return outcome;
        }
    };
    // All at once, so that no author spends the time of another. They are 10 at most.
    let outcomes = join_all(authors.iter().map(|author| evaluate_author(author, query, resolver))).await;
    for (place, of_author) in outcomes.into_iter().enumerate() {
        if place == 0 || weight(&of_author) > weight(&outcome) {
            outcome = of_author;
        }
    }
    outcome
}

/// Orders the outcomes of several authors. The heaviest decides, so a pass needs all of them.
///
/// The treatment that the message may deserve comes first. An author without a policy could hide an open one otherwise.
fn weight(outcome: &DmarcOutcome) -> (Policy, u8) {
    let result = match outcome.result {
        DmarcResult::Pass => 0,
        DmarcResult::None => 1,
        DmarcResult::PermError => 2,
        DmarcResult::TempError => 3,
        DmarcResult::Fail => 4,
    };
    (outcome.possible_disposition, result)
}

async fn evaluate_author(author: &str, query: &DmarcQuery, resolver: &impl Resolve) -> DmarcOutcome {
    let mut outcome = DmarcOutcome::none(Some(author));
    if let Err(problem) = judge(author, query, resolver, &mut outcome).await {
        outcome.result = match problem {
            DmarcProblem::Dns(..) | DmarcProblem::Open(_) => DmarcResult::TempError,
            DmarcProblem::SeveralRecords(_) | DmarcProblem::NoPolicy(_) => DmarcResult::None,
            DmarcProblem::Author(_) => DmarcResult::PermError,
        };
        outcome.problem = Some(problem);
    }
    outcome
}

async fn judge(
    author: &str,
    query: &DmarcQuery,
    resolver: &impl Resolve,
    outcome: &mut DmarcOutcome,
) -> Result<(), DmarcProblem> {
    let found = match discover(author, resolver).await {
        Ok(found) => found,
        Err(problem) => {
            if is_of_author(&problem, author) {
                outcome.possible_disposition = stand_in(author, query, resolver).await;
            }
            return Err(problem);
        }
    };
    let Some(found) = found else { return Ok(()) };
    outcome.record_domain = Some(found.domain.to_owned());
    let policy = found.policy_for(author, resolver).await;
    outcome.policy = policy.as_ref().ok().copied();
    if aligned(author, query, &found, false).is_some() {
        outcome.result = DmarcResult::Pass;
        return Ok(());
    }
    let strictest = policy.as_ref().map_or_else(|_| found.strictest(), |policy| *policy);
    let disposition = after_pct(strictest, query, &found);
    outcome.possible_disposition = disposition;
    policy?;
    if let Some(domain) = aligned(author, query, &found, true) {
        return Err(DmarcProblem::Open(domain));
    }
    outcome.result = DmarcResult::Fail;
    outcome.disposition = disposition;
    Ok(())
}

/// Returns a domain that authenticates the author, or one that is open.
fn aligned(author: &str, query: &DmarcQuery, found: &Found<'_>, is_open: bool) -> Option<String> {
    let of = |domains: &[Authenticated], alignment: Alignment| {
        let mut aligned =
            domains.iter().filter(|found| found.is_open == is_open && alignment.holds(&found.domain, author));
        aligned.next().map(|found| found.domain.clone())
    };
    of(query.dkim_domains(), found.record.dkim).or_else(|| of(query.spf_domains(), found.record.spf))
}

/// Returns whether the record of the author's own domain has no answer.
fn is_of_author(problem: &DmarcProblem, author: &str) -> bool {
    matches!(problem, DmarcProblem::Dns(name, _) if name.strip_prefix("_dmarc.") == Some(author))
}

/// Returns what the message may deserve by the record of the organization, if the DNS does not tell that of the author.
/// A sender could choose a subdomain that has no DNS server otherwise.
async fn stand_in(author: &str, query: &DmarcQuery, resolver: &impl Resolve) -> Policy {
    match discover_above(author, resolver).await {
        Ok(Some(found)) if aligned(author, query, &found, false).is_none() => {
            after_pct(found.strictest(), query, &found)
        }
        _ => Policy::None,
    }
}

fn after_pct(policy: Policy, query: &DmarcQuery, found: &Found<'_>) -> Policy {
    if query.drawn() < found.record.percent { policy } else { policy.milder() }
}
