//! Checks of a message: what a strict receiver would say about it.
//!
//! # Why
//!
//! Nothing is looked up in the network: the checks say what the message itself shows, so that they are the same on each
//! machine and tell nobody that the message was read.

mod authors;
mod body;
mod bulk;
mod header;
mod lines;
mod trust;

use serde::Serialize;

use crate::mail::Mail;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Receivers refuse such messages, or should.
    Error,
    /// Some receivers refuse the message, or it may land in spam.
    Warning,
    /// It is good to know.
    Note,
}

/// An objection that a strict receiver would have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    /// A name for programs, such as `missing-date`.
    pub(crate) name: &'static str,
    /// The problem, as a sentence.
    pub(crate) text: String,
    /// The remedy, as a sentence.
    pub(crate) advice: &'static str,
    /// Where it is written, such as `RFC 5322 §3.6`.
    pub(crate) clause: Option<&'static str>,
}

/// Facts about a message that only its session knows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Context<'c> {
    /// The sender of the envelope; `Some("")` is the null sender, `None` is unknown.
    pub(crate) envelope_from: Option<&'c str>,
    /// The host name of this server, whose `Authentication-Results:` counts.
    pub(crate) hostname: Option<&'c str>,
    /// Whether bare line ends are known to have come, before the Maildir wrote LF for each.
    pub(crate) had_bare_line_ends: bool,
}

/// Returns what was found, the worst first.
pub(crate) fn of(mail: &Mail, context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    lines::check(mail, context, &mut findings);
    header::check(mail, &mut findings);
    authors::check(mail, context, &mut findings);
    trust::check(mail, context, &mut findings);
    body::check(mail, &mut findings);
    bulk::check(mail, &mut findings);
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// Adds a finding. The order of the arguments is that of a reader's questions.
fn found(
    findings: &mut Vec<Finding>,
    severity: Severity,
    name: &'static str,
    text: impl Into<String>,
    advice: &'static str,
    clause: Option<&'static str>,
) {
    findings.push(Finding { severity, name, text: text.into(), advice, clause });
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
