//! The fields that each message must have, once and well-formed.

use super::{Finding, Severity, found};
use crate::mail::Mail;

pub(super) fn check(mail: &Mail, findings: &mut Vec<Finding>) {
    missing(mail, findings);
    twice(mail, findings);
    malformed(mail, findings);
}

fn missing(mail: &Mail, findings: &mut Vec<Finding>) {
    let is_missing = |name| mail.fields_named(name).next().is_none();
    let (error, warning) = (Severity::Error, Severity::Warning);
    for (field, severity, name, text, advice, clause) in [
        (
            "date",
            error,
            "missing-date",
            "The message has no Date.",
            "Let the program that writes the message add Date. Many receivers refuse mail without it.",
            "RFC 5322 §3.6",
        ),
        (
            "from",
            error,
            "missing-from",
            "The message has no From.",
            "Add From with the address of the author. Gmail refuses mail without it.",
            "RFC 5322 §3.6.2",
        ),
        (
            "message-id",
            warning,
            "missing-message-id",
            "The message has no Message-ID.",
            "Add a unique Message-ID whose right side is your domain. Gmail wants one.",
            "RFC 5322 §3.6.4",
        ),
        (
            "subject",
            warning,
            "missing-subject",
            "The message has no Subject.",
            "Add a Subject. Spam filters count a missing one.",
            "RFC 5322 §3.6.5",
        ),
    ] {
        if is_missing(field) {
            found(findings, severity, name, text, advice, Some(clause));
        }
    }
    let has_content =
        mail.fields().iter().any(|field| field.name.to_ascii_lowercase().starts_with("content-"));
    if has_content && is_missing("mime-version") {
        found(
            findings,
            warning,
            "missing-mime-version",
            "The message has Content fields, but no MIME-Version.",
            "Add MIME-Version: 1.0. Without it, a receiver may show the parts as plain text.",
            Some("RFC 2045 §4"),
        );
    }
}

fn twice(mail: &Mail, findings: &mut Vec<Finding>) {
    const ONCE: [&str; 12] = [
        "Date",
        "From",
        "Sender",
        "Reply-To",
        "To",
        "Cc",
        "Bcc",
        "Message-ID",
        "In-Reply-To",
        "References",
        "Subject",
        "Content-Type",
    ];
    for name in ONCE {
        let count = mail.fields_named(name).count();
        if count > 1 {
            found(
                findings,
                Severity::Error,
                "duplicate-field",
                format!("{name} stands {count} times; once is allowed."),
                "Remove all but one. Receivers may show another one than filters check, so many refuse such mail.",
                Some("RFC 5322 §3.6"),
            );
        }
    }
}

fn malformed(mail: &Mail, findings: &mut Vec<Finding>) {
    let has = |name| mail.fields_named(name).next();
    if has("date").is_some() && mail.date().is_none() {
        found(
            findings,
            Severity::Error,
            "malformed-date",
            "Date cannot be read.",
            "Write it like this: Sun, 29 Nov 2026 12:00:00 +0100",
            Some("RFC 5322 §3.3"),
        );
    }
    let is_address = |address: &crate::mail::Address| {
        address.address.rsplit_once('@').is_some_and(|(user, domain)| {
            !user.is_empty()
                && !domain.is_empty()
                && !domain.contains(|c: char| c.is_whitespace() || c == '<' || c == '>')
        })
    };
    if has("from").is_some() && (mail.from().is_empty() || !mail.from().iter().all(is_address)) {
        found(
            findings,
            Severity::Error,
            "malformed-from",
            "From has no complete address.",
            "Write the address as user@example.com, with a name before it in quotes if it has commas or points.",
            Some("RFC 5322 §3.4"),
        );
    }
    if let Some(field) = has("message-id") {
        let value = field.value.trim();
        let is_good = value.strip_prefix('<').and_then(|value| value.strip_suffix('>')).is_some_and(|id| {
            id.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty())
                && !id.contains(['<', '>', ' '])
        });
        if !is_good {
            found(
                findings,
                Severity::Warning,
                "malformed-message-id",
                "Message-ID does not have the form <left@right>.",
                "Put it in angle brackets, with one @ and no spaces.",
                Some("RFC 5322 §3.6.4"),
            );
        }
    }
    if let Some(field) =
        mail.fields().iter().find(|field| field.name.is_empty() || field.name.contains([' ', '\t']))
    {
        let line: String = field.value.chars().take(60).collect();
        found(
            findings,
            Severity::Error,
            "malformed-field",
            format!("A line of the header is not a field: \"{line}\"."),
            "End each field before a new line begins, and fold long ones with a space at the beginning of a line.",
            Some("RFC 5322 §2.2"),
        );
    }
}
