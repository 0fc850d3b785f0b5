//! The author of the message, compared with the sender of the envelope.

use super::{Context, Finding, Severity, found};
use crate::mail::{Address, Mail};

pub(super) fn check(mail: &Mail, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(author) = mail.from().first() else { return };
    let Some(domain) = author.domain() else { return };
    envelope(context, &domain, findings);
    signatures(mail, &domain, findings);
    if mail.from().len() > 1 && mail.sender().is_empty() {
        found(
            findings,
            Severity::Error,
            "missing-sender",
            "From has several authors, and there is no Sender.",
            "Add Sender with the one address that sent the message. Most receivers refuse several authors anyway.",
            Some("RFC 5322 §3.6.2"),
        );
    }
    for author in mail.from() {
        impersonation(author, findings);
    }
    let reply = mail.reply_to().iter().filter_map(Address::domain).find(|reply| !are_aligned(reply, &domain));
    if let Some(reply) = reply {
        found(
            findings,
            Severity::Note,
            "reply-to-differs",
            format!("Answers go to {reply}, but From is of {domain}."),
            "This is usual for help desks. Filters count it in messages that look like fraud.",
            None,
        );
    }
}

fn envelope(context: &Context<'_>, domain: &str, findings: &mut Vec<Finding>) {
    let Some(sender) = context.envelope_from.and_then(|sender| sender.rsplit_once('@')) else { return };
    if !are_aligned(sender.1, domain) {
        found(
            findings,
            Severity::Note,
            "envelope-not-aligned",
            format!("The envelope sender is of {}, but From is of {domain}.", sender.1),
            "So DMARC ignores the SPF result. Sign with DKIM for the domain of From.",
            Some("RFC 7489 §3.1.2"),
        );
    }
}

fn signatures(mail: &Mail, domain: &str, findings: &mut Vec<Finding>) {
    let mut domains =
        mail.fields_named("dkim-signature").filter_map(|field| tag(&field.value, "d")).peekable();
    if domains.peek().is_none() {
        found(
            findings,
            Severity::Warning,
            "not-signed",
            "The message has no DKIM signature.",
            "Let your mail service sign for the domain of From. Gmail and Yahoo want it from all who send in bulk.",
            Some("RFC 6376"),
        );
        return;
    }
    let domains: Vec<String> = domains.collect();
    if !domains.iter().any(|signer| are_aligned(signer, domain)) {
        found(
            findings,
            Severity::Warning,
            "signature-not-aligned",
            format!("DKIM signs for {}, but From is of {domain}.", domains.join(", ")),
            "Sign with d= of the same domain as From, or DMARC does not count the signature.",
            Some("RFC 7489 §3.1.1"),
        );
    }
}

/// Finds a name that shows another address than the message has.
fn impersonation(author: &Address, findings: &mut Vec<Finding>) {
    let Some(name) = &author.name else { return };
    let words =
        name.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '"' | '\'' | ','));
    let other = words.filter(|word| {
        word.rsplit_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'))
    });
    if let Some(other) = other.into_iter().find(|word| !word.eq_ignore_ascii_case(&author.address)) {
        found(
            findings,
            Severity::Warning,
            "address-in-name",
            format!("The name in From shows {other}, but the address is {}.", author.address),
            "Write a name without an address. Filters take this for fraud.",
            None,
        );
    }
}

/// Returns whether two domains are the same, or one is a subdomain of the other. This needs no list of public suffixes,
/// and allows a little less than the relaxed alignment of DMARC.
pub(super) fn are_aligned(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim_end_matches('.').to_ascii_lowercase(), b.trim_end_matches('.').to_ascii_lowercase());
    let is_below = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|left| left.ends_with('.'));
    a == b || is_below(&a, &b) || is_below(&b, &a)
}

/// Returns a tag of a DKIM signature.
fn tag(value: &str, name: &str) -> Option<String> {
    value.split(';').find_map(|tag| {
        let (found, value) = tag.split_once('=')?;
        (found.trim() == name).then(|| value.split_whitespace().collect())
    })
}
