//! Explanations: what a domain says to clients that it does not authorize (RFC 7208 §6.2).

use super::domain_spec::DomainSpec;
use super::lookups::Lookups;
use super::macros::{MacroString, Values};
use super::query::Query;
use crate::dns::Resolve;

/// The longest explanation. It fits into a reply of SMTP, with a code and an address next to it.
const MAX_EXPLANATION: usize = 400;

/// Returns the explanation that `exp=` in the record of `domain` leads to. With any mistake there is none.
pub(super) async fn explain<R: Resolve>(
    spec: &DomainSpec,
    domain: &str,
    query: &Query,
    lookups: &mut Lookups<'_, R>,
) -> Option<String> {
    let mut validated = String::new();
    if spec.needs_validated() {
        validated = lookups.validated_name_for_explanation(domain).await;
    }
    let name = spec.expand(Values { query, domain, validated: &validated })?;
    let records = lookups.txt(&name).await.ok()?;
    let [record] = &*records else { return None };
    let text = MacroString::parse_explanation(std::str::from_utf8(record).ok()?)?;
    if text.needs_validated() && validated.is_empty() {
        validated = lookups.validated_name_for_explanation(domain).await;
    }
    let explanation = text.expand(Values { query, domain, validated: &validated })?;
    let is_good = explanation.len() <= MAX_EXPLANATION
        && explanation.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    is_good.then_some(explanation)
}
