//! The page is complete and true, and each row is proved.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use mailchute::Check;
use mailchute::auth::Mechanism;
use mailchute::params::PriorityProfile;
use mailchute_proto::Limits;

use crate::page::{Kind, PAGE, Row, table, text};
use crate::root;
use crate::support::talk::{self, pipe};
use crate::support::{accepting, build, tls};

fn source(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|_| panic!("{path} has moved: mend this test"))
}

#[track_caller]
fn expect_proofs(row: &Row, kinds: &[Kind]) {
    let found = row.kinds();
    for kind in kinds {
        assert!(
            found.contains(kind),
            "{PAGE}: the row {:?} has no proof against {}: name a transcript, or a test of crates/{}",
            row.cells,
            if *kind == Kind::Machine { "the bare machine" } else { "a server" },
            if *kind == Kind::Machine { "proto" } else { "server, stores or cli" },
        );
    }
}

/// Panics unless the first cells of a table match the names in the code.
#[track_caller]
fn expect_same(heading: &str, rows: &[Row], cell: usize, words: &BTreeSet<String>) {
    let listed: BTreeSet<String> = rows.iter().map(|row| row.word(cell).to_owned()).collect();
    assert_eq!(rows.len(), listed.len(), "{PAGE}, {heading}: a row stands there twice");
    let missing: Vec<_> = words.difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "{PAGE}, {heading}: there is no row for {missing:?}: write one with its proofs"
    );
    let surplus: Vec<_> = listed.difference(words).collect();
    assert!(
        surplus.is_empty(),
        "{PAGE}, {heading}: the code has no {surplus:?}: take the row out, or mend its name"
    );
}

/// The keywords that a server announces with all options enabled, in the clear and inside TLS.
async fn announced() -> BTreeSet<String> {
    let server = build(
        accepting()
            .tls(tls::config())
            .mechanisms(Mechanism::ALL.iter().copied())
            .allow_plaintext_auth()
            .on_auth(|_, _| async { Check::Right })
            .on_scram(|_, _| async { Ok(None) })
            .deliver_by(Duration::from_secs(60))
            .mt_priority(PriorityProfile::Mixer)
            .future_release(Duration::from_secs(86_400))
            .xclient_from([talk::CLIENT.ip().to_string().parse().expect("a network")]),
    );
    let (mut client, _session) = pipe(&server, 64 * 1024);
    let mut replies = client.hello().await;
    let (client, _session) = pipe(&server, 64 * 1024);
    let mut client = tls::start_tls(client).await;
    replies.push_str(&client.say("EHLO client.example").await);
    replies
        .lines()
        .filter(|line| !line.starts_with("250-mx.example.com"))
        .filter_map(|line| line[4..].split(' ').next().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn every_extension_that_is_announced_is_on_the_page_and_proved() {
    let rows = table("Service extensions");
    expect_same("Service extensions", &rows, 0, &announced().await);
    rows.iter().for_each(|row| expect_proofs(row, &[Kind::Machine, Kind::Server]));
}

#[test]
fn every_verb_is_on_the_page_and_proved() {
    let source = source("crates/proto/src/command.rs");
    let verbs: BTreeSet<String> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("(\"")?.split_once("\", Self::"))
        .map(|(name, _)| name.to_owned())
        .collect();
    assert!(verbs.len() >= 14, "only {verbs:?} were found in command.rs: mend this test");
    let rows = table("Commands");
    expect_same("Commands", &rows, 0, &verbs);
    rows.iter().for_each(|row| expect_proofs(row, &[Kind::Machine, Kind::Server]));
}

/// The limits of a session with their defaults.
fn limits() -> Vec<(String, u64)> {
    let text = format!("{:?}", Limits::default());
    let fields = text.trim_start_matches("Limits { ").trim_end_matches(" }");
    let mut limits: Vec<(String, u64)> = fields
        .split(", ")
        .map(|field| {
            let (name, value) = field.split_once(": ").expect("a field and its value");
            (name.to_owned(), value.parse().expect("every limit is a number"))
        })
        .collect();
    limits.push(("ENDLESS_LINE".to_owned(), constant("crates/proto/src/limits.rs", "ENDLESS_LINE")));
    limits
}

/// The value of a constant.
fn constant(path: &str, name: &str) -> u64 {
    let source = source(path);
    let (_, rest) = source.split_once(&format!("const {name}: ")).expect("the constant");
    let value = rest.split_once("= ").and_then(|(_, rest)| rest.split_once(';')).expect("its value").0;
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

#[test]
fn every_limit_is_on_the_page_with_its_default_and_proved() {
    let rows = table("Limits");
    let limits = limits();
    let mut names: BTreeSet<String> = limits.iter().map(|(name, _)| name.clone()).collect();
    // The server has further limits, which the machine does not know.
    for option in options("crates/server/src/server/builder/limits.rs", "max_") {
        names.insert(option.trim_start_matches("max_").to_owned());
    }
    expect_same("Limits", &rows, 1, &names);
    for row in &rows {
        let name = row.word(1);
        match limits.iter().find(|(known, _)| known == name) {
            Some((_, default)) => {
                assert_eq!(
                    row.number(2),
                    Some(*default),
                    "{PAGE}: the default of {name} is {default}: write that"
                );
                // There is no option for it, so no server can have a small one.
                let is_fixed = name == "auth_line";
                expect_proofs(row, if is_fixed { &[Kind::Machine] } else { &[Kind::Machine, Kind::Server] });
            }
            None => expect_proofs(row, &[Kind::Server]),
        }
    }
}

/// The options of the builder with this prefix or suffix.
fn options(path: &str, part: &str) -> Vec<String> {
    let source = source(path);
    let options: Vec<String> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub fn ")?.split_once('('))
        .map(|(name, _)| name.to_owned())
        .filter(|name| name.starts_with(part) || name.ends_with(part))
        .collect();
    assert!(options.len() >= 5, "{path} has few options that are called {part}: mend this test");
    options
}

#[test]
fn every_timeout_is_on_the_page_with_its_default_and_proved() {
    let source = source("crates/server/src/runtime/timeouts.rs");
    let defaults: Vec<(String, u64)> = source
        .lines()
        .filter_map(|line| line.trim().strip_suffix("),")?.split_once(": Duration::from_secs("))
        .map(|(name, seconds)| (name.to_owned(), seconds.replace('_', "").parse().expect("seconds")))
        .collect();
    let rows = table("Timeouts");
    expect_same("Timeouts", &rows, 1, &defaults.iter().map(|(name, _)| name.clone()).collect());
    let options: BTreeSet<String> = options("crates/server/src/server/builder/timeouts.rs", "_timeout")
        .iter()
        .map(|option| option.trim_end_matches("_timeout").to_owned())
        .collect();
    expect_same("Timeouts", &rows, 1, &options);
    for (row, (name, default)) in rows.iter().zip(&defaults) {
        assert_eq!(row.word(1), name, "{PAGE}: the timeouts stand in the order of the code");
        assert_eq!(row.number(2), Some(*default), "{PAGE}: the default of {name} is {default} s: write that");
        expect_proofs(row, &[Kind::Server]);
    }
    let rate = constant("crates/server/src/runtime/timeouts.rs", "SLOWEST_RATE");
    let after = constant("crates/server/src/runtime/timeouts.rs", "RATE_AFTER");
    let sentence = format!("{rate} bytes per second on average after the first {after} s");
    assert!(text().contains(&sentence), "{PAGE} does not say {sentence:?}");
    let crowded = constant("crates/server/src/runtime/timeouts.rs", "CROWDED");
    let steady = constant("crates/server/src/runtime/timeouts.rs", "STEADY_RATE");
    let steady = format!("{},{:03}", steady / 1_000, steady % 1_000);
    for sentence in [
        format!(
            "While slots are short, {crowded} s, and {steady} bytes per second after the first {crowded} s"
        ),
        format!("Only a message that has come at {steady} bytes per second on average goes on"),
    ] {
        assert!(text().contains(&sentence), "{PAGE} does not say {sentence:?}");
    }
    let sentence =
        format!("{crowded} s while more than nine tenths of all slots, or the last slot, are taken");
    assert!(text().contains(&sentence), "{PAGE} does not say {sentence:?}");
}

#[test]
fn every_attack_from_1_to_17_is_on_the_page_and_proved() {
    let rows = table("Attacks and mishaps");
    let numbers: Vec<String> = rows.iter().map(|row| row.word(0).to_owned()).collect();
    let expected: Vec<String> = (1..=17).map(|number| number.to_string()).collect();
    assert_eq!(numbers, expected, "{PAGE}: the attacks are numbered from 1 to 17 without a gap, each once");
    rows.iter().for_each(|row| expect_proofs(row, &[Kind::Machine, Kind::Server]));
}

#[test]
fn every_form_of_an_envelope_is_proved_in_both_settings() {
    let rows = table("Envelopes");
    for row in &rows {
        assert_eq!(row.cells.len(), 4, "{PAGE}: {:?} has a form, an example and two replies", row.cells);
        expect_proofs(row, &[Kind::Machine, Kind::Server]);
        assert!(row.proofs.len() >= 2, "{PAGE}: {:?} has no proof for each setting", row.cells);
    }
    assert_eq!(rows.len(), 14, "{PAGE}: a form is missing from the table, or new to this test");
}

#[test]
fn every_promise_of_the_store_is_proved() {
    table("The store's promise").iter().for_each(|row| expect_proofs(row, &[Kind::Server]));
}
