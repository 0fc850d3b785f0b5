//! The steps of a lesson, and the readings of the same bytes.

use maud::{Markup, html};

use crate::playground::{Input, Lesson, LineEnd, Reading, Step, Visit};

pub(super) fn panel(lesson: &Lesson, visit: &Visit) -> Markup {
    let done = visit.step();
    html! {
        section #lesson .card.lesson data-id=(lesson.id) data-passed[visit.has_passed()] aria-label="Lesson" {
            p { (lesson.about) }
            progress value=(done) max=(lesson.steps.len()) aria-label="Steps passed" {}
            @if let Some(learned) = done.checked_sub(1).and_then(|last| lesson.steps.get(last)) {
                p.learned role="status" { span.badge.good { "✓ step " (done) } " " (learned.learned) }
            }
            @match lesson.steps.get(done) {
                Some(step) => {
                    h2 { "Step " (done + 1) " of " (lesson.steps.len()) }
                    p.task { (step.task) }
                    (hint(step))
                }
                None => {
                    p.passed { strong { "You have passed this lesson." } " " a href="/play" { "Choose the next one" } "." }
                }
            }
        }
    }
}

fn hint(step: &Step) -> Markup {
    html! {
        details.hint {
            summary { "Hint" }
            @for input in step.hint() {
                div.hint-input {
                    pre { (input.text) }
                    button.small type="button" hidden data-script data-hint=(input.text) data-end=(end(&input))
                        data-escapes[input.escapes] { "Put it into the input" }
                    @if input.escapes { span.muted { "with escapes, line end: " (end(&input)) } }
                }
            }
        }
    }
}

fn end(input: &Input) -> &'static str {
    match input.end {
        LineEnd::Crlf => "crlf",
        LineEnd::Lf => "lf",
        LineEnd::None => "none",
    }
}

/// Shows two servers side by side.
pub(super) fn readings(readings: &[Reading; 2]) -> Markup {
    html! {
        section.readings aria-label="Two readings of the same bytes" {
            h2 { "The same bytes, two servers" }
            div.two {
                @for (reading, title) in readings.iter().zip(["A strict server, such as this one", "A server that takes a bare LF for a line end"]) {
                    div.card {
                        h3 { (title) }
                        p { span.badge { (reading.kept.len()) " messages kept" } }
                        ol.log {
                            @for (is_client, line) in &reading.lines {
                                li class=(if *is_client { "client" } else { "server" }) {
                                    div.plain { span.who { (if *is_client { "C:" } else { "S:" }) } code { (line) } }
                                }
                            }
                        }
                        @for kept in &reading.kept {
                            p { "Mail from " code { "<" (kept.from) ">" } " to " code { "<" (kept.to.join(", ")) ">" } ":" }
                            pre { (String::from_utf8_lossy(&kept.content)) }
                        }
                    }
                }
            }
        }
    }
}
