//! The results of this server about the origin of the message.

use super::{Context, Finding, Severity, found};
use crate::mail::Mail;

pub(super) fn check(mail: &Mail, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(hostname) = context.hostname else { return };
    // Only the field on top can be ours; others are the sender's.
    let ours = mail.fields_named("authentication-results").find(|field| {
        field.value.split(';').next().is_some_and(|id| {
            id.split_whitespace().next().is_some_and(|id| id.eq_ignore_ascii_case(hostname))
        })
    });
    let Some(ours) = ours else { return };
    let value = ours.value.to_ascii_lowercase();
    for method in ["spf", "dkim", "dmarc", "arc"] {
        let results = value.split(';').skip(1).filter_map(|result| {
            let (found, rest) = result.trim_start().split_once('=')?;
            (found.trim() == method).then(|| rest.split_whitespace().next().unwrap_or_default())
        });
        let results: Vec<_> = results.collect();
        let (Some(result), false) = (results.first(), results.contains(&"pass")) else { continue };
        let (name, severity, advice, clause) = match method {
            "spf" => (
                "spf",
                Severity::Warning,
                "List the address of this client in the SPF record of the sender.",
                "RFC 7208",
            ),
            "dkim" => (
                "dkim",
                Severity::Warning,
                "See that the key is published, and that nothing changes the message after it is signed.",
                "RFC 6376",
            ),
            "dmarc" => (
                "dmarc",
                Severity::Error,
                "Let SPF or DKIM pass for the domain of From. Receivers follow the policy of that domain.",
                "RFC 7489",
            ),
            _ => {
                ("arc", Severity::Note, "An intermediary broke the chain, or signed it wrongly.", "RFC 8617")
            }
        };
        let severity = if matches!(*result, "none" | "neutral") { Severity::Note } else { severity };
        found(
            findings,
            severity,
            name,
            format!("{} says {result}.", method.to_uppercase()),
            advice,
            Some(clause),
        );
    }
}
