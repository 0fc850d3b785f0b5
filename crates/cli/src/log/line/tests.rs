use std::io::Read as _;
use std::sync::Arc;
use std::time::Instant;

use super::*;
use crate::log::events::Events;
use crate::log::in_force::InForce;
use crate::log::queue::Queue;

/// Returns the lines that `log` writes, without the time.
fn logged(format: LogFormat, log: impl FnOnce()) -> Vec<String> {
    let (queue, lines) = (Arc::new(Queue::default()), Lines(format));
    let level = Arc::new(InForce::new(&"info".parse().expect("a level")));
    let spans = Spans::default();
    let events = Events { level, lines, has_colors: false, queue: Arc::clone(&queue), spans };
    tracing::subscriber::with_default(events, log);
    let mut text = Vec::new();
    queue.take(&mut text, Instant::now());
    let mut read = String::new();
    text.as_slice().read_to_string(&mut read).expect("it is text");
    let time = if format == LogFormat::Json { r#"{"time":"2026-01-01T00:00:00.000000Z","#.len() } else { 28 };
    read.lines().map(|line| line[time..].to_owned()).collect()
}

fn log_of_a_session() {
    let speaks_for = tracing::field::Empty;
    let span = tracing::error_span!("session", id = %"01ABC", client = %"192.0.2.1", speaks_for);
    let _entered = span.enter();
    tracing::info!(name: "accepted", id = %"01ABC-1", from = "a b", size = 12_u64, took = 0.5, none = None::<&str>, "accepted");
    for client in ["192.0.2.7", "192.0.2.8"] {
        span.record("speaks_for", tracing::field::display(client));
    }
    tracing::error!(name: "hook-late", late = true, "too\nlate");
    tracing::warn!(name: "bare", "bare");
}

#[test]
fn a_line_has_the_event_then_its_session_then_its_values() {
    assert_eq!(
        logged(LogFormat::Text, log_of_a_session),
        [
            r#" INFO accepted session=01ABC client=192.0.2.1 message=01ABC-1 from="a b" size=12 took=0.500000"#,
            r"ERROR too\nlate session=01ABC client=192.0.2.1 speaks_for=192.0.2.8 late=true",
            r" WARN bare session=01ABC client=192.0.2.1 speaks_for=192.0.2.8",
        ]
    );
    assert_eq!(
        logged(LogFormat::Json, log_of_a_session),
        [
            concat!(
                r#""level":"info","event":"accepted","session":"01ABC","client":"192.0.2.1","#,
                r#""message":"01ABC-1","from":"a b","size":12,"took":0.500000}"#
            ),
            concat!(
                r#""level":"error","event":"hook-late","text":"too\u000alate","session":"01ABC","#,
                r#""client":"192.0.2.1","speaks_for":"192.0.2.8","late":true}"#
            ),
            concat!(
                r#""level":"warn","event":"bare","session":"01ABC","client":"192.0.2.1","#,
                r#""speaks_for":"192.0.2.8"}"#
            ),
        ]
    );
}

#[test]
fn a_formatted_value_is_quoted_and_escaped_as_a_string_is() {
    let log =
        || tracing::warn!(name: "odd", plain = %"a", words = %"b \"c\"\n", empty = %"", "\"odd\" \u{1b}");
    assert_eq!(logged(LogFormat::Text, log), [r#" WARN "odd" \u{1b} plain=a words="b \"c\"\n" empty="""#]);
    assert_eq!(
        logged(LogFormat::Json, log),
        [concat!(
            r#""level":"warn","event":"odd","text":"\"odd\" \u001b","#,
            r#""plain":"a","words":"b \"c\"\u000a","empty":""}"#
        )]
    );
}

#[test]
fn a_failure_has_a_line_for_each_of_its_mistakes() {
    let failure = Failure::usage("a \"b\"\n\nc");
    assert_eq!(Lines(LogFormat::Text).failure(&failure), "mailchute: a \"b\"\nmailchute: c\n");
    let json = Lines(LogFormat::Json).failure(&failure);
    let lines: Vec<_> = json.lines().map(|line| line.split_once(",\"level\":").expect("a level").1).collect();
    assert_eq!(
        lines,
        [r#""error","event":"failed","error":"a \"b\""}"#, r#""error","event":"failed","error":"c"}"#]
    );
}

#[test]
fn each_finding_of_a_check_is_a_key_with_a_value() {
    let log =
        || tracing::info!(name: "accepted", size = 12, checks = "spf=pass dkim=none", took = 0.5, "accepted");
    assert_eq!(logged(LogFormat::Text, log), [" INFO accepted size=12 spf=pass dkim=none took=0.500000"]);
    assert_eq!(
        logged(LogFormat::Json, log),
        [concat!(
            r#""level":"info","event":"accepted","size":12,"#,
            r#""checks":{"spf":"pass","dkim":"none"},"took":0.500000}"#
        )]
    );
}

#[test]
fn an_event_without_a_name_is_called_by_its_target() {
    let log = || tracing::info!(target: "other_crate::module", "text");
    assert_eq!(
        logged(LogFormat::Json, log),
        [r#""level":"info","event":"other_crate::module","text":"text"}"#]
    );
}

#[test]
fn a_line_has_the_session_of_its_task_after_its_span_is_dropped() {
    let log = || {
        let span = tracing::error_span!("session", id = %"01ABC");
        let elsewhere = span.in_scope(tracing::Span::current);
        drop(span);
        tracing::info!(name: "outside", "outside");
        elsewhere.in_scope(|| tracing::info!(name: "inside", "inside"));
    };
    assert_eq!(logged(LogFormat::Text, log), [" INFO outside", " INFO inside session=01ABC"]);
}
