//! The metrics of the server. docs/metrics.md lists them.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use mailchute::command::Verb;
use mailchute::{Answers, Breakdown, EndedSessions, ReplyStats, Server, Stats};

use crate::metrics::page::{Labels, Page};
use crate::vitals::Vitals;

fn label(name: &'static str, value: impl ToString) -> Labels {
    vec![(name, value.to_string())]
}

pub(super) fn counters(page: &mut Page<'_>, server: &Server) -> fmt::Result {
    let (stats, breakdown) = (server.stats(), server.breakdown());
    page.info("build", "The version of Mailchute", &[("version", env!("CARGO_PKG_VERSION"))])?;
    connections(page, &stats, &breakdown)?;
    messages(page, &stats, &breakdown)?;
    replies(page, &stats, &breakdown.replies)?;
    logins(page, &stats, &breakdown)?;
    filters(page, &breakdown)?;
    page.counter("events_missed", "Events that subscribers have missed", stats.events_missed)
}

fn connections(page: &mut Page<'_>, stats: &Stats, breakdown: &Breakdown) -> fmt::Result {
    page.gauge("connections_open", "Connections that are open now", stats.connections_open)?;
    let sessions = breakdown.listeners.iter().map(|of| (label("listener", &of.name), of.sessions));
    page.counters("sessions", "Sessions that have begun", sessions)?;
    let turned_away = [
        ("server_full", breakdown.refused_server_full),
        ("client_full", breakdown.refused_client_full),
        ("proxy_header", stats.proxy_failures),
    ];
    page.counters(
        "connections_turned_away",
        "Connections that were closed before a session began, by the reason",
        turned_away.map(|(reason, count)| (label("reason", reason), count)),
    )?;
    let EndedSessions {
        quit,
        client_gone,
        timeout,
        refused,
        hook,
        limit,
        violation,
        tls_failure,
        shutdown,
        closed,
        ..
    } = stats.ended;
    let ended = [
        ("quit", quit),
        ("client_gone", client_gone),
        ("timeout", timeout),
        ("refused", refused),
        ("hook", hook),
        ("limit", limit),
        ("violation", violation),
        ("tls_failure", tls_failure),
        ("shutdown", shutdown),
        ("closed", closed),
    ];
    let ended = ended.map(|(cause, count)| (label("cause", cause), count));
    page.counters("sessions_ended", "Sessions that have ended, by the cause", ended)
}

fn messages(page: &mut Page<'_>, stats: &Stats, breakdown: &Breakdown) -> fmt::Result {
    let messages = breakdown.listeners.iter().flat_map(|of| {
        let results = [
            ("accepted", of.messages_accepted),
            ("refused", of.messages_refused),
            ("cut_off", of.messages_cut_off),
        ];
        results.map(|(result, count)| {
            (vec![("listener", of.name.to_string()), ("result", result.to_owned())], count)
        })
    });
    page.counters("messages", "Messages whose transfer was requested, by the result", messages)?;
    page.counter("message_bytes", "Bytes of accepted messages", stats.message_bytes)?;
    let recipients = [("accepted", stats.recipients_accepted), ("refused", stats.recipients_refused)];
    page.counters(
        "recipients",
        "Recipients that the configuration or a filter has decided on",
        recipients.map(|(result, count)| (label("result", result), count)),
    )?;
    page.counter(
        "message_wait_seconds",
        "Time that clients waited between the end of a message and its verdict, for filters and the store",
        breakdown.message_wait.as_secs_f64(),
    )?;
    page.counter(
        "store_seconds",
        "Time for which the store held clients up, after the end of a message",
        breakdown.store_time.as_secs_f64(),
    )?;
    page.counter(
        "store_failures",
        "Messages that the store has refused or failed to keep",
        breakdown.store_refused,
    )?;
    page.counter(
        "messages_failed",
        "Messages whose filter or store failed or was too slow",
        breakdown.messages_failed,
    )
}

fn replies(page: &mut Page<'_>, stats: &Stats, replies: &[ReplyStats]) -> fmt::Result {
    let replies = replies.iter().map(|replies| {
        let verb = match replies.answers {
            Answers::Command(Verb::Other) => "other".to_owned(),
            Answers::Command(verb) => verb.to_string(),
            Answers::Message => "message".to_owned(),
            _ => "none".to_owned(),
        };
        let code = replies.code.map_or_else(|| "other".to_owned(), |code| code.get().to_string());
        (vec![("verb", verb), ("code", code)], replies.count)
    });
    page.counters("replies", "Replies, by the command that they answer and by their code", replies)?;
    page.counter("refusals", "Refused commands, greetings and messages", stats.refusals)
}

fn logins(page: &mut Page<'_>, stats: &Stats, breakdown: &Breakdown) -> fmt::Result {
    let handshakes =
        breakdown.tls_handshakes.iter().map(|(version, count)| (label("version", version.name()), *count));
    page.counters("tls_handshakes", "TLS handshakes that succeeded, by the version", handshakes)?;
    page.counter("tls_failures", "TLS handshakes that failed", stats.tls_failures)?;
    let logins = breakdown.logins.iter().flat_map(|of| {
        let results = [("accepted", of.accepted), ("refused", of.refused)];
        results.map(|(result, count)| {
            (vec![("mechanism", of.mechanism.to_string()), ("result", result.to_owned())], count)
        })
    });
    page.counters("logins", "Logins, by the mechanism and the result", logins)
}

fn filters(page: &mut Page<'_>, breakdown: &Breakdown) -> fmt::Result {
    let seconds =
        breakdown.measured.iter().map(|filter| (label("filter", &filter.name), filter.time.as_secs_f64()));
    page.counters(
        "filter_seconds",
        "Time for which filters held clients up: at commands, and after the end of a message",
        seconds,
    )?;
    let refused = breakdown.measured.iter().map(|filter| (label("filter", &filter.name), filter.refused));
    page.counters("filter_refusals", "Clients, commands and messages that a filter has refused", refused)?;
    let verdicts = breakdown.findings.iter().map(|of| {
        let words = of.finding.as_ref().map(|finding| (finding.check(), finding.result()));
        let (check, result) = words.unwrap_or(("other", "other"));
        (vec![("check", check.to_owned()), ("result", result.to_owned())], of.count)
    });
    page.counters("filter_verdicts", "What filters have found, by the check and its result", verdicts)
}

pub(super) fn vitals(page: &mut Page<'_>, vitals: &Vitals) -> fmt::Result {
    let [good, failed] = vitals.reloads();
    let reloads =
        [("applied", good), ("failed", failed)].map(|(result, count)| (label("result", result), count));
    page.counters("reloads", "Reloads of the configuration", reloads)?;
    let certificates = vitals.certificates();
    let expiries = certificates.iter().enumerate();
    page.gauges(
        "certificate_expiry_timestamp_seconds",
        "When the certificate of this number expires, in seconds since 1970",
        expiries.map(|(number, end)| (label("certificate", number + 1), since_1970(*end))),
    )
}

pub(super) fn since_1970(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
