//! Times and clauses, as pages show them.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use mailchute::explain::Explanation;
use maud::{Markup, html};

/// A time of day in UTC, with the whole time for machines. A script shows it in the time of the reader.
pub(super) fn clock(time: SystemTime) -> Markup {
    let time = Timestamp::try_from(time).unwrap_or_default();
    html! { time datetime=(format!("{time:.3}")) data-as="clock" { (time.strftime("%H:%M:%S")) } }
}

/// A length of time with three digits that matter.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 if time.as_micros() < 1_000 => format!("{} µs", time.as_micros()),
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{}.{} s", seconds, time.subsec_millis() / 100),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

/// The clause that decides, with its address.
pub(super) fn clause(explanation: &Explanation) -> Markup {
    html! {
        @if let Some(clause) = explanation.clause {
            " "
            @if let Some(link) = explanation.link() {
                a.clause href=(link) rel="noreferrer" { (clause) }
            } @else { span.clause { (clause) } }
        }
    }
}
