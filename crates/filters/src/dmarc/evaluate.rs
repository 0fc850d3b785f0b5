//! The check of all authors (RFC 7489 §6.6.2).

use super::discovery::discover;
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
            outcome.problem = Some(DmarcProblem::Author(error));
            return outcome;
        }
    };
    for (place, author) in authors.iter().enumerate() {
        let of_author = evaluate_author(author, query, resolver).await;
        if place == 0 || weight(&of_author) > weight(&outcome) {
            outcome = of_author;
        }
    }
    outcome
}

/// Orders the outcomes of several authors. The heaviest decides, so a pass needs all of them.
fn weight(outcome: &DmarcOutcome) -> (u8, Policy) {
    let result = match outcome.result {
        DmarcResult::Pass => 0,
        DmarcResult::None => 1,
        DmarcResult::PermError => 2,
        DmarcResult::TempError => 3,
        DmarcResult::Fail => 4,
    };
    (result, outcome.disposition)
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
    let Some(found) = discover(author, resolver).await? else { return Ok(()) };
    outcome.record_domain = Some(found.domain.to_owned());
    let policy = found.policy_for(author, resolver).await;
    outcome.policy = policy.as_ref().ok().copied();

    let aligned = |domains: &[Authenticated], alignment: Alignment, is_open| {
        let mut aligned =
            domains.iter().filter(|found| found.is_open == is_open && alignment.holds(&found.domain, author));
        aligned.next().map(|found| found.domain.clone())
    };
    let any = |is_open| {
        aligned(query.dkim_domains(), found.record.dkim, is_open)
            .or_else(|| aligned(query.spf_domains(), found.record.spf, is_open))
    };
    if any(false).is_some() {
        outcome.result = DmarcResult::Pass;
        return Ok(());
    }
    let policy = policy?;
    if let Some(domain) = any(true) {
        return Err(DmarcProblem::Open(domain));
    }
    outcome.result = DmarcResult::Fail;
    outcome.disposition = if query.drawn() < found.record.percent { policy } else { policy.milder() };
    Ok(())
}
