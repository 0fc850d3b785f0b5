//! The function `check_host()` (RFC 7208 §4).
//!
//! # Why
//!
//! Records that include others are a stack of our own and not calls of a function, so no zone chooses how deep calls
//! nest. The limit of terms bounds the stack.

use super::cidr::matches;
use super::domain_spec::DomainSpec;
use super::explanation::explain;
use super::lookups::Lookups;
use super::macros::Values;
use super::mechanism::Mechanism;
use super::outcome::{Outcome, Problem, SpfResult};
use super::query::Query;
use super::record::{Record, is_spf};
use crate::dns::Resolve;
use crate::name::{is_domain, is_name, without_root};

/// A record that is being evaluated.
struct Frame {
    domain: String,
    record: Record,
    /// The directive that is next.
    next: usize,
}

/// The result of the records.
struct Evaluated {
    result: SpfResult,
    mechanism: Option<String>,
    /// The record that decided, with its domain.
    decided: Option<Frame>,
}

/// Evaluates the records of the sender's domain.
pub(super) async fn check_host<R: Resolve>(query: &Query, lookups: &mut Lookups<'_, R>) -> Outcome {
    let domain = without_root(query.domain());
    let mut outcome = Outcome {
        result: SpfResult::None,
        scope: query.scope(),
        domain: domain.to_owned(),
        mechanism: None,
        explanation: None,
        problem: None,
    };
    match evaluate(domain, query, lookups).await {
        Ok(Evaluated { result, mechanism, decided }) => {
            outcome.result = result;
            outcome.mechanism = mechanism;
            if let (SpfResult::Fail, Some(Frame { domain, record, .. })) = (result, decided)
                && let Some(spec) = &record.explanation
            {
                outcome.explanation = explain(spec, &domain, query, lookups).await;
            }
        }
        Err(problem) => {
            outcome.result = problem.result();
            outcome.problem = Some(problem);
        }
    }
    outcome
}

async fn evaluate<R: Resolve>(
    domain: &str,
    query: &Query,
    lookups: &mut Lookups<'_, R>,
) -> Result<Evaluated, Problem> {
    let first = if is_domain(domain) { frame(domain, lookups).await? } else { None };
    let Some(mut frame) = first else {
        return Ok(Evaluated { result: SpfResult::None, mechanism: None, decided: None });
    };
    // The records that include the one in `frame`, the outermost first.
    let mut including: Vec<Frame> = Vec::new();
    loop {
        let (mut result, mut mechanism) = match frame.record.directives.get(frame.next) {
            Some(directive) => {
                frame.next += 1;
                if let Mechanism::Include(spec) = &directive.mechanism {
                    let included = follow(spec, &frame.domain, query, lookups).await?;
                    including.push(std::mem::replace(&mut frame, included));
                    continue;
                }
                if !is_match(&directive.mechanism, &frame.domain, query, lookups).await? {
                    continue;
                }
                (directive.result, Some(directive.text.clone()))
            }
            None => match &frame.record.redirect {
                Some(spec) => {
                    frame = follow(spec, &frame.domain, query, lookups).await?;
                    continue;
                }
                None => (SpfResult::Neutral, None),
            },
        };
        // The record has its result. If another includes it, a pass is a match there, and anything else is none.
        loop {
            let Some(outer) = including.pop() else {
                return Ok(Evaluated { result, mechanism, decided: Some(frame) });
            };
            frame = outer;
            if result != SpfResult::Pass {
                break;
            }
            let include = &frame.record.directives[frame.next - 1];
            (result, mechanism) = (include.result, Some(include.text.clone()));
        }
    }
}

/// Returns the record that `include` or `redirect` leads to.
async fn follow<R: Resolve>(
    spec: &DomainSpec,
    domain: &str,
    query: &Query,
    lookups: &mut Lookups<'_, R>,
) -> Result<Frame, Problem> {
    lookups.count_term()?;
    let Some(target) = expand(spec, domain, query, lookups).await? else {
        return Err(Problem::NoRecord(spec.text().to_owned()));
    };
    frame(&target, lookups).await?.ok_or(Problem::NoRecord(target))
}

/// Returns the record of a domain, or `None` if it has none (RFC 7208 §4.3 to §4.6).
async fn frame<R: Resolve>(domain: &str, lookups: &Lookups<'_, R>) -> Result<Option<Frame>, Problem> {
    if !(is_name(domain) && domain.contains('.')) {
        return Ok(None);
    }
    let mut texts = lookups.txt(domain).await?;
    texts.retain(|text| is_spf(text));
    let text = match &*texts {
        [] => return Ok(None),
        [text] => text,
        _ => return Err(Problem::SeveralRecords(domain.to_owned())),
    };
    let domain = domain.to_owned();
    match Record::parse(text) {
        Ok(record) => Ok(Some(Frame { domain, record, next: 0 })),
        Err(term) => Err(Problem::Syntax { domain, term }),
    }
}

/// Returns whether a mechanism matches the client (RFC 7208 §5).
async fn is_match<R: Resolve>(
    mechanism: &Mechanism,
    domain: &str,
    query: &Query,
    lookups: &mut Lookups<'_, R>,
) -> Result<bool, Problem> {
    let client = query.client();
    let spec = match mechanism {
        Mechanism::All => return Ok(true),
        Mechanism::Ip(network, cidr) => return Ok(matches(client, *network, *cidr)),
        Mechanism::Include(spec) | Mechanism::Exists(spec) => Some(spec),
        Mechanism::A(spec, _) | Mechanism::Mx(spec, _) | Mechanism::Ptr(spec) => spec.as_ref(),
    };
    lookups.count_term()?;
    let target = match spec {
        Some(spec) => expand(spec, domain, query, lookups).await?,
        None => Some(domain.to_owned()),
    };
    // A name that the DNS cannot be asked for has no records.
    let Some(target) = target else { return Ok(false) };
    match mechanism {
        Mechanism::A(_, cidr) => {
            let found = lookups.a(&target).await?;
            Ok(found.into_iter().any(|address| matches(client, address, *cidr)))
        }
        Mechanism::Mx(_, cidr) => lookups.mx(&target, |address| matches(client, address, *cidr)).await,
        Mechanism::Ptr(_) => lookups.ptr(&target).await,
        _ => lookups.exists(&target).await,
    }
}

/// Expands a name in the record of `domain`.
async fn expand<R: Resolve>(
    spec: &DomainSpec,
    domain: &str,
    query: &Query,
    lookups: &mut Lookups<'_, R>,
) -> Result<Option<String>, Problem> {
    let validated =
        if spec.needs_validated() { lookups.validated_name(domain).await? } else { String::new() };
    Ok(spec.expand(Values { query, domain, validated: &validated }))
}
