//! Why something was refused.

use maud::{Markup, html};

use super::format::{clause, span};
use crate::sessions::handshake::FailedHandshake;
use crate::sessions::refusal::Refusal;

/// Refusals that are shown at once. The others are in the transcript.
const MOST: usize = 5;

/// Returns an answer to "why was this refused?" for each refusal.
pub(super) fn refusals(refusals: &[Refusal]) -> Markup {
    html! {
        @if !refusals.is_empty() {
            section.why aria-labelledby="why" {
                h2 #why {
                    @if refusals.len() == 1 { "Why was this refused?" }
                    @else { "Why were these refused?" }
                }
                @for refusal in &refusals[..refusals.len().min(MOST)] { (one(refusal)) }
                @if refusals.len() > MOST {
                    p.muted { (refusals.len() - MOST) " more refusals stand in the transcript." }
                }
            }
        }
    }
}

/// Returns an answer to "why did TLS fail?".
pub(super) fn failed_handshake(failed: &FailedHandshake) -> Markup {
    html! {
        section.why aria-labelledby="why-tls" {
            h2 #why-tls { "Why did TLS fail?" }
            article.refusal.card {
                p.what { strong { "The TLS handshake failed." } }
                dl {
                    dt { "Cause" }
                    dd { (failed.cause) }
                    dt { "What to do" }
                    dd { (failed.advice) }
                }
                p.jump { a href={ "#r" (failed.record) } { "Show it in the transcript" } }
            }
        }
    }
}

fn one(refusal: &Refusal) -> Markup {
    html! {
        article.refusal.card {
            p.what {
                strong {
                    (what(refusal)) " was refused by " (refusal.refuser) "."
                }
                " "
                @if refusal.is_temporary {
                    span.badge.warn { "temporary" }
                } @else {
                    span.badge.bad { "permanent" }
                }
            }
            pre.reply { (refusal.reply) }
            @if let Some(meaning) = &refusal.meaning {
                p { (meaning.explanation.title) ". " (meaning.explanation.text) (clause(&meaning.explanation)) }
            }
            dl {
                @if let Some(cause) = &refusal.cause { dt { "Cause" } dd { (cause) } }
                @if let Some(name) = refusal.refuser.name() {
                    dt { "Refused by" }
                    dd {
                        code { (name) }
                        @if let Some(took) = refusal.took { " after " (span(took)) }
                    }
                }
                dt { "What to do" }
                dd { (refusal.advice) }
            }
            p.jump { a href={ "#r" (refusal.record) } { "Show it in the transcript" } }
        }
    }
}

fn what(refusal: &Refusal) -> Markup {
    html! {
        @match (&refusal.message, &refusal.command) {
            (Some(id), _) => { "The message " code { (id) } }
            (None, Some(command)) => { "The command " code { (command) } }
            (None, None) => "The connection",
        }
    }
}
