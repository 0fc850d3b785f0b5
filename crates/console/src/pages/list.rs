//! The list of messages.

use maud::{Markup, html};

use crate::mailbox::{Id, Listing, Summary};
use crate::pages::layout::At;
use crate::pages::links::{address, message_address, older_address};
use crate::quantity::count;

/// Returns the list with its buttons, and a link to older messages.
pub(crate) fn list(at: &At, listing: &Listing, search: &str, is_older: bool) -> Markup {
    let last = listing.messages.last().map(|message| message.id);
    let newest = listing.messages.first().filter(|_| !is_older).map_or_else(Id::now, |message| message.id);
    html! {
        @if let Some(progress) = listing.progress {
            div.banner role="status" data-progress {
                "The index is being made: " (progress.done) " of " (progress.total) " messages."
                progress max=(progress.total) value=(progress.done) { }
            }
        }
        form #messages method="post" action="/messages" {
            (at.token())
            input type="hidden" name="q" value=(search);
            div.toolbar {
                label.select data-script hidden { input #select-all type="checkbox"; span.visually-hidden { "Select all" } }
                button.small name="action" value="delete" { "Delete" }
                button.small name="action" value="read" { "Mark read" }
                button.small name="action" value="unread" { "Mark unread" }
                @if listing.total > 0 {
                    details.menu #all {
                        summary.button.small { "All " (listing.total) " …" }
                        div.card {
                            p { @if search.is_empty() { "All messages of this server" } @else { "All messages that this search finds" } ": " (listing.total) }
                            // Later messages are not among them.
                            input type="hidden" name="until" value=(newest);
                            button.small.danger name="action" value="delete-all" { "Delete all " (listing.total) }
                            button.small name="action" value="read-all" { "Mark all read" }
                        }
                    }
                }
                span.count.muted #count aria-live="polite" { (count(listing.total, "message", "messages")) @if listing.unread > 0 { ", " (listing.unread) " unread" } }
            }
            @if listing.messages.is_empty() {
                p.nothing { "No message " @if is_older { "is older." } @else if search.is_empty() { "yet." } @else { "is found." } }
            }
            ol.messages {
                @for message in &listing.messages { (row(message, search)) }
            }
        }
        div.toolbar.pages {
            @if is_older { a.button href=(address(search)) { "Newest" } }
            @if let (true, Some(last)) = (listing.has_more, last) {
                a.button rel="next" href=(older_address(search, last)) { "Older" }
            }
        }
    }
}

fn row(message: &Summary, search: &str) -> Markup {
    let from = message.from.first().map_or_else(
        || {
            message
                .envelope_from
                .clone()
                .filter(|from| !from.is_empty())
                .unwrap_or_else(|| "(no sender)".to_owned())
        },
        |from| from.name.clone().unwrap_or_else(|| from.address.clone()),
    );
    html! {
        li.message.unread[message.is_unread] data-id=(message.id) {
            input type="checkbox" name="id" value=(message.id) aria-label=(format!("Select {}", message.subject.as_deref().unwrap_or("message")));
            span.from { @if message.is_unread { span.dot { span.visually-hidden { "Unread. " } } } (from) }
            a.subject href=(message_address(message.id, search)) {
                @match &message.subject {
                    Some(subject) if !subject.trim().is_empty() => (subject),
                    _ => span.muted { "(no subject)" },
                }
            }
            span.snippet.muted { (message.snippet) }
            span.marks {
                @if let Some(folder) = &message.folder { span.badge.warn { (folder) } }
                @if message.attachments > 0 { span.badge { (clip()) (message.attachments) span.visually-hidden { " attachments" } } }
                (verdicts(&message.findings))
                @for tag in &message.tags { span.badge { (tag) } }
                @if let Some(to) = message.recipients.first() {
                    span.to.muted { (to) @if message.recipients.len() > 1 { " +" (message.recipients.len() - 1) } }
                }
            }
            time datetime=(message.received) { (message.received.strftime("%Y-%m-%d %H:%M")) }
        }
    }
}

/// Returns badges for what checks of the server have found, such as `spf=pass`.
pub(crate) fn verdicts(findings: &[String]) -> Markup {
    html! {
        @for finding in findings {
            @let verdict = finding.rsplit_once('=').map_or("", |(_, verdict)| verdict);
            span.badge.good[verdict == "pass"].bad[matches!(verdict, "fail" | "permerror" | "reject")].warn[matches!(verdict, "softfail" | "temperror" | "policy")] { (finding) }
        }
    }
}

/// A paper clip, which not each font has.
fn clip() -> Markup {
    html! {
        svg viewBox="0 0 16 16" width="11" height="11" aria-hidden="true" {
            path d="M13.500 7.500 8 13a3.300 3.300 0 0 1-4.700-4.700l6-6a2.200 2.200 0 0 1 3.100 3.100l-5.800 5.800a1.100 1.100 0 0 1-1.600-1.600l5-5"
                fill="none" stroke="currentColor" stroke-width="1.500" stroke-linecap="round" { }
        }
    }
}
