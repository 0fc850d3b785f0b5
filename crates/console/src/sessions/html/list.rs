//! Sessions as rows of a table.

use mailchute::session::Protocol;
use maud::{Markup, html};

use super::format::{clock, span};
use crate::quantity::count;
use crate::sessions::Summary;

/// Returns a row for each session.
pub(crate) fn list_rows(sessions: &[Summary]) -> Markup {
    html! { @for session in sessions { (row(session)) } }
}

fn row(session: &Summary) -> Markup {
    let link = format!("/sessions/{}", session.id);
    html! {
        tr id={ "s-" (session.id) } class=[session.is_open.then_some("open")] {
            td.outcome { (outcome(session)) }
            th scope="row" {
                a.main href=(link) { (session.client) }
                div.sub { (session.helo.as_deref().unwrap_or("no EHLO name")) }
            }
            td.mail {
                @if let Some(sender) = &session.sender {
                    span.from { (if sender.is_empty() { "<>" } else { sender }) }
                    @if let Some(first) = session.recipients.first() {
                        " " span.arrow aria-label="to" { "→" } " " span.to { (first) }
                        @let more = session.recipients.len() - 1 + session.more_recipients;
                        @if more > 0 { " " span.more { "+" (more) } }
                    }
                } @else {
                    span.muted { "no message" }
                }
                @if let Some(refused) = &session.refused { div.sub.reply { (refused) } }
            }
            td.how {
                (facts(session))
            }
            td.when {
                (clock(session.began))
                div.sub {
                    (span(session.duration))
                    @if let Some(end) = &session.end { ", " (end) }
                    @else if !session.is_open { ", end missed" }
                }
            }
        }
    }
}

/// The outcome of the session, in a word.
fn outcome(session: &Summary) -> Markup {
    let messages = u64::from(session.messages);
    html! {
        @if session.is_open { span.badge.accent.live-dot { "open" } " " }
        @if messages > 0 { span.badge.good { (count(messages, "message", "messages")) } " " }
        @if session.refusals > 0 { span.badge.bad { (session.refusals) " refused" } }
        @if session.has_failed_handshake { span.badge.bad { "TLS failed" } }
        @else if !session.is_open && messages == 0 && session.refusals == 0 { span.badge { "nothing sent" } }
    }
}

fn facts(session: &Summary) -> Markup {
    html! {
        @if session.protocol == Protocol::Lmtp { span.badge { "LMTP" } " " }
        @if let Some(tls) = &session.tls { span.badge.good { (tls) } } @else { span.badge { "no TLS" } }
        @if let Some(user) = &session.user { " " span.badge.accent { (user) } }
        @if let Some(listener) = &session.listener { div.sub { (listener) } }
    }
}
