//! The rows of a conversation, each with its explanation.

use mailchute::command::Verb;
use mailchute::explain::{self, Explanation};
use maud::{Markup, html};

use crate::playground::{Entry, Visit};

/// Returns all rows. Screen readers hear what is added.
pub(super) fn list(visit: &Visit) -> Markup {
    let entries = &visit.conversation().entries;
    html! {
        // Around the list, which would not be one with another role.
        div role="log" aria-live="polite" aria-label="What client and server said" {
            ol #log .log tabindex="0" {
                @if entries.dropped() > 0 { li.note { "(" (entries.dropped()) " earlier rows are not kept)" } }
                @for (number, entry) in entries.iter() { (row(number, entry)) }
            }
        }
    }
}

fn row(number: usize, entry: &Entry) -> Markup {
    match entry {
        Entry::Command { line } => said(number, "client", "C:", line, &parts(line)),
        Entry::Typed { line } => said(number, "client", "C:", line, &[]),
        Entry::Reply { lines, to } => {
            let explained = explain::server_lines(&lines.join("\r\n"), *to);
            html! {
                @for (index, line) in explained.iter().enumerate() {
                    (said_at(number, index, kind(&line.text), "S:", &line.text, line.explanation.as_slice()))
                }
            }
        }
        Entry::Secure { facts } => {
            let title = format!("TLS is up: {} {}", facts.version, facts.cipher);
            said(number, "note", "TLS", &title, &explain::tls(facts))
        }
        Entry::Wire { bytes } => html! {
            li.note.wire data-row=(number) {
                "On the wire: " code { (hex(&bytes[..bytes.len().min(24)])) "…" }
            }
        },
        Entry::Decoded { parts } => html! {
            li.note data-row=(number) {
                "Decoded: "
                dl.decoded { @for (name, value) in parts { dt { (name) } dd { code { (value) } } } }
            }
        },
        Entry::Kept { id, bytes } => html! {
            li.note.kept data-row=(number) { "The server keeps the message " code { (id) } ", " (bytes) " bytes." }
        },
        Entry::Ended { cause } => {
            let explanation = explain::disconnect(*cause);
            said(number, "note", "End", &explanation.title.clone(), &[explanation])
        }
        Entry::Note { text } => html! { li.note data-row=(number) { (text) } },
    }
}

/// Writes bytes as pairs of hex digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x} ")).collect()
}

fn parts(line: &str) -> Vec<Explanation> {
    explain::command(line).into_iter().map(|part| part.explanation).collect()
}

fn kind(line: &str) -> &'static str {
    match line.as_bytes().first() {
        Some(b'4') => "server later",
        Some(b'5') => "server no",
        Some(b'3') => "server more",
        _ => "server yes",
    }
}

fn said(number: usize, class: &str, who: &str, line: &str, explanations: &[Explanation]) -> Markup {
    said_at(number, 0, class, who, line, explanations)
}

fn said_at(
    number: usize,
    index: usize,
    class: &str,
    who: &str,
    line: &str,
    explanations: &[Explanation],
) -> Markup {
    let name = if who == "C:" { "You" } else { "Server" };
    html! {
        li class=(class) data-row={ (number) "." (index) } {
            @if let [first, ..] = explanations {
                details {
                    summary {
                        span.who aria-label=(name) { (who) }
                        code { (line) }
                        @if first.title != line { span.title { (first.title) } }
                    }
                    @for explanation in explanations { (explained(explanation)) }
                }
            } @else {
                div.plain { span.who aria-label=(name) { (who) } code { (line) } }
            }
        }
    }
}

fn explained(explanation: &Explanation) -> Markup {
    html! {
        p {
            strong { (explanation.title) "." } " " (explanation.text) " "
            @match (explanation.clause, explanation.link()) {
                (Some(clause), Some(link)) => {
                    a href=(link) target="_blank" rel="noreferrer" { (clause) }
                }
                (Some(clause), None) => span.muted { (clause) },
                (None, _) => {},
            }
        }
    }
}

/// Returns what a verb is for, as a tooltip.
pub(super) fn purpose(verb: Verb) -> Explanation {
    explain::verb(verb)
}
