//! Sessions as HTML.

mod list;
mod refusal;
mod transcript;

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use mailchute::explain::Explanation;
use maud::{Markup, html};

pub(crate) use list::list_rows;
pub(crate) use transcript::{head, session_fragment, transcript_rows};

/// A time of day in UTC, with the whole time for machines. A script shows it in the time of the reader.
fn clock(time: SystemTime) -> Markup {
    let time = Timestamp::try_from(time).unwrap_or_default();
    html! { time datetime=(format!("{time:.3}")) data-as="clock" { (time.strftime("%H:%M:%S")) } }
}

/// A length of time with three digits that matter.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 if time.as_micros() < 1_000 => format!("{} µs", time.as_micros()),
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{}.{} s", seconds, time.subsec_millis() / 100),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

/// A number of bytes, exact below a thousand.
#[allow(clippy::cast_precision_loss, reason = "one decimal is shown")]
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// `one message`, `2 messages`.
fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// The clause that decides, with its address.
fn clause(explanation: &Explanation) -> Markup {
    html! {
        @if let Some(clause) = explanation.clause {
            " "
            @if let Some(link) = explanation.link() {
                a.clause href=(link) rel="noreferrer" { (clause) }
            } @else { span.clause { (clause) } }
        }
    }
}
