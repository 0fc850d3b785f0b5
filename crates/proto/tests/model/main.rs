//! Compares all sequences of commands with a table of RFC 5321's states.
//!
//! No message comes without MAIL and an accepted RCPT, and content contains no commands. There are as many replies as
//! commands, and STARTTLS clears an authentication.
//!
//! `MAILCHUTE_MODEL_DEPTH=5` makes the exhaustive search deeper than its default.

mod commands;
mod search;
#[path = "../session/mod.rs"]
mod session;
mod table;

use std::collections::HashSet;

use mailchute_proto::{AuthPolicy, Limits, Mechanism, PlaintextAuth, Protocol, Settings, TlsPolicy, Verdict};
use search::{Found, Search};
use session::{Answer, Session};
use table::Table;

/// The recipients of a message: enough for more than one.
const RECIPIENTS: usize = 2;

/// The words of the table that are true of each listener.
const LISTENERS: [&str; 8] = [
    "smtp stranger",
    "smtp stranger guards-passwords",
    "smtp stranger requires-tls guards-passwords",
    "smtp stranger requires-auth",
    "smtp requires-tls requires-auth",
    "smtp stranger no-certificate no-users",
    "lmtp stranger",
    "lmtp requires-tls requires-auth guards-passwords",
];

fn search(listener: &'static str) -> Search {
    let is = |word| listener.split(' ').any(|each| each == word);
    let mut settings = Settings::new("mx.example.com");
    settings.tls = match (is("no-certificate"), is("requires-tls")) {
        (true, _) => TlsPolicy::Off,
        (_, true) => TlsPolicy::Required,
        _ => TlsPolicy::Offered,
    };
    settings.auth = if is("requires-auth") { AuthPolicy::Required } else { AuthPolicy::Optional };
    settings.mechanisms = if is("no-users") { Vec::new() } else { vec![Mechanism::Plain] };
    settings.plaintext_auth =
        if is("guards-passwords") { PlaintextAuth::InsideTls } else { PlaintextAuth::Anywhere };
    settings.limits = without_counters();
    let mut session = Session::new();
    session.settings = settings;
    session.protocol = if is("lmtp") { Protocol::Lmtp } else { Protocol::Smtp };
    session.is_trusted = !is("stranger");
    session.users.push(("tim".to_owned(), "tanstaaftanstaaf".to_owned()));
    session.answers.push(Answer {
        stage: "rcpt",
        subject: "nobody@example.com".to_owned(),
        verdict: Some(Ok(Verdict::Refuse)),
    });
    Search::new(session, Table::new(listener, RECIPIENTS))
}

/// Returns limits that no counter can reach.
fn without_counters() -> Limits {
    let mut limits = Limits::default();
    (limits.errors, limits.errors_before_delay, limits.auth_failures, limits.transactions) = (0, 0, 0, 0);
    (limits.message_size, limits.header_size, limits.header_fields, limits.received_headers) = (0, 0, 0, 0);
    limits.junk_commands = 0;
    limits.recipients = RECIPIENTS;
    limits
}

fn all(each: impl Fn(&Search) -> Found) -> Found {
    let mut found = Found::default();
    for listener in LISTENERS {
        let of_listener = each(&search(listener));
        println!(
            "{listener}: {} states, {} commands, {} deep, {} messages",
            of_listener.states, of_listener.commands, of_listener.depth, of_listener.messages
        );
        found.add(of_listener);
    }
    found
}

#[test]
fn every_sequence_of_commands_is_answered_as_the_table_says() {
    let found = all(Search::all);
    let table = Table::new("", RECIPIENTS);
    let all: HashSet<usize> = (0..table.rows()).collect();
    let unused: Vec<String> = all.difference(&found.rows).map(|&row| table.row(row)).collect();
    assert_eq!(unused, Vec::<String>::new(), "rows that no sequence comes to");
    assert!(found.states > 500 && found.messages > 100, "{found:?}");
}

#[test]
fn answers_every_short_sequence_as_the_table_says() {
    let depth = std::env::var("MAILCHUTE_MODEL_DEPTH").map_or(3, |depth| depth.parse().expect("a number"));
    let found = all(|search| search.sequences(depth));
    assert!(found.commands > 10_000, "{found:?}");
}
