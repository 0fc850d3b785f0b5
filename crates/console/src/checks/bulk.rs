//! Newsletters and notices: how a reader gets rid of them.

use super::{Finding, Severity, found};
use crate::mail::Mail;

pub(super) fn check(mail: &Mail, findings: &mut Vec<Finding>) {
    let value = |name| mail.fields_named(name).next().map(|field| field.value.to_ascii_lowercase());
    let unsubscribe = value("list-unsubscribe");
    let is_bulk = value("list-id").is_some()
        || value("feedback-id").is_some()
        || value("precedence").is_some_and(|value| matches!(value.trim(), "bulk" | "list" | "junk"))
        || has_unsubscribe_link(mail);
    let Some(unsubscribe) = unsubscribe else {
        if is_bulk {
            found(
                findings,
                Severity::Warning,
                "missing-list-unsubscribe",
                "The message looks like a mailing, and has no List-Unsubscribe.",
                "Add List-Unsubscribe and List-Unsubscribe-Post. Gmail and Yahoo want both from all who send in bulk.",
                Some("RFC 8058 §3.1"),
            );
        }
        return;
    };
    if !unsubscribe.contains("<https:") {
        found(
            findings,
            Severity::Warning,
            "unsubscribe-without-https",
            "List-Unsubscribe has no https: address.",
            "Add one in angle brackets, for one click.",
            Some("RFC 8058 §3.1"),
        );
    } else if value("list-unsubscribe-post").is_none_or(|value| value.trim() != "list-unsubscribe=one-click")
    {
        found(
            findings,
            Severity::Warning,
            "missing-one-click",
            "List-Unsubscribe has an https: address, but one click does not work.",
            "Add List-Unsubscribe-Post: List-Unsubscribe=One-Click, and let the address take a POST.",
            Some("RFC 8058 §3.1"),
        );
    } else if mail.fields_named("dkim-signature").all(|field| !signs(&field.value)) {
        found(
            findings,
            Severity::Warning,
            "one-click-not-signed",
            "No DKIM signature covers List-Unsubscribe and List-Unsubscribe-Post.",
            "Add both to h= of the signature. Receivers offer one click only then.",
            Some("RFC 8058 §4"),
        );
    }
}

/// Returns whether a link of the HTML is there to unsubscribe.
fn has_unsubscribe_link(mail: &Mail) -> bool {
    let has = |text: &str| text.to_lowercase().contains("unsubscribe");
    mail.outline().is_some_and(|outline| outline.links.iter().any(|link| has(&link.text) || has(&link.url)))
}

fn signs(signature: &str) -> bool {
    let signed = signature.split(';').find_map(|tag| tag.trim_start().strip_prefix("h="));
    let names: Vec<_> =
        signed.unwrap_or_default().split(':').map(|name| name.trim().to_ascii_lowercase()).collect();
    ["list-unsubscribe", "list-unsubscribe-post"].iter().all(|name| names.iter().any(|signed| signed == name))
}
