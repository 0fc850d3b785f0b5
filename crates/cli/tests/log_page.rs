//! docs/log.md describes the log: each event and key is on the page, and each on the page is in the log.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Program;
use rustix::process::Signal;

/// The levels and the keys of an event.
#[derive(Debug, Default, PartialEq, Eq)]
struct Entry {
    levels: BTreeSet<String>,
    keys: BTreeSet<String>,
}

type Events = BTreeMap<String, Entry>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The words in backticks.
fn words(cell: &str) -> impl Iterator<Item = String> + '_ {
    cell.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// The rows of the table under a heading.
fn table(heading: &str) -> Vec<Vec<String>> {
    let page = fs::read_to_string(root().join("docs/log.md")).unwrap();
    let section = page.split(&format!("\n## {heading}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

fn events_of_the_page() -> Events {
    let rows = table("Events").into_iter().map(|row| {
        let levels = row[1].split(", ").map(str::to_owned).collect();
        (words(&row[0]).next().unwrap(), Entry { levels, keys: words(&row[2]).collect() })
    });
    rows.collect()
}

fn sources(directory: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push(fs::read_to_string(path).unwrap());
        }
    }
}

/// The arguments of a macro, after its opening parenthesis.
fn arguments(source: &str) -> Vec<String> {
    let (mut depth, mut is_text, mut is_escaped) = (0, false, false);
    let mut arguments = vec![String::new()];
    for c in source.chars() {
        match c {
            '"' if !is_escaped => is_text = !is_text,
            '(' | '{' | '[' if !is_text => depth += 1,
            ')' if !is_text && depth == 0 => break,
            ')' | '}' | ']' if !is_text => depth -= 1,
            ',' if !is_text && depth == 0 => {
                arguments.push(String::new());
                continue;
            }
            _ => {}
        }
        is_escaped = c == '\\' && !is_escaped;
        arguments.last_mut().unwrap().push(c);
    }
    arguments
        .iter()
        .map(|argument| argument.trim().to_owned())
        .filter(|argument| !argument.is_empty())
        .collect()
}

fn events_of_the_code() -> Events {
    let mut code = Vec::new();
    for name in ["cli", "console", "server", "stores", "filters"] {
        sources(&root().join("crates").join(name).join("src"), &mut code);
    }
    let mut events = Events::new();
    for level in ["error", "warn", "info", "debug", "trace"] {
        let begins = format!("tracing::{level}!(");
        for logged in code.iter().flat_map(|source| source.split(&begins).skip(1)) {
            let mut arguments = arguments(logged).into_iter();
            let first = arguments.next().unwrap();
            let name =
                first.strip_prefix("name: \"").unwrap_or_else(|| panic!("an event without a name: {first}"));
            let entry = events.entry(name.trim_end_matches('"').to_owned()).or_default();
            entry.levels.insert(level.to_owned());
            let fields = arguments.take_while(|argument| !argument.starts_with('"'));
            let keys = fields.map(|field| {
                let key = field.split(" = ").next().unwrap().trim_start_matches(['%', '?']).to_owned();
                if key == "id" { "message".to_owned() } else { key }
            });
            entry.keys.extend(keys);
        }
    }
    // These pass no filter, and so do not use `tracing`.
    for (name, level, key) in [("lines-dropped", "warn", "lines"), ("failed", "error", "error")] {
        let is_there = code.iter().any(|source| source.contains(&format!("\"{name}\"")));
        assert!(is_there, "{name} is not in the code");
        let entry = Entry { levels: [level.to_owned()].into(), keys: [key.to_owned()].into() };
        events.insert(name.to_owned(), entry);
    }
    events
}

#[test]
fn the_page_and_the_code_name_the_same_events_and_keys() {
    let (page, code) = (events_of_the_page(), events_of_the_code());
    for (name, entry) in &code {
        assert_eq!(page.get(name), Some(entry), "{name} in docs/log.md, and in the code");
    }
    let extra: Vec<_> = page.keys().filter(|name| !code.contains_key(*name)).collect();
    assert!(extra.is_empty(), "docs/log.md names events that are none: {extra:?}");
}

/// The members of a JSON object of strings, numbers and booleans.
fn members(line: &str) -> Vec<(String, String)> {
    let mut rest =
        line.strip_prefix('{').and_then(|line| line.strip_suffix('}')).unwrap_or_else(|| panic!("{line}"));
    let mut members = Vec::new();
    while !rest.is_empty() {
        let (key, after) =
            rest.strip_prefix('"').unwrap().split_once("\":").unwrap_or_else(|| panic!("{line}"));
        let end = match after.strip_prefix('"') {
            Some(text) => {
                let is_end = |&(at, _): &(usize, &str)| {
                    text[..at].bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 0
                };
                text.match_indices('"').find(is_end).unwrap().0 + 2
            }
            None => after.find(',').unwrap_or(after.len()),
        };
        let value = &after[..end];
        let is_plain =
            value.starts_with('"') || value == "true" || value == "false" || value.parse::<f64>().is_ok();
        assert!(is_plain, "{value} in {line}");
        members.push((key.to_owned(), value.trim_matches('"').to_owned()));
        rest = after[end..].strip_prefix(',').unwrap_or(&after[end..]);
    }
    members
}

#[test]
fn each_line_of_a_program_in_json_is_as_the_page_says() {
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = crate::support::write_certificate(directory.path());
    let store = format!("maildir:{}", directory.path().join("mail").display());
    let place =
        ["--listen", "127.0.0.1:0", "--store", &store, "--log-level", "debug", "--domain", "example.com"];
    let files = ["--tls-cert", &certificate, "--tls-key", &key, "--xclient-from", "127.0.0.1"];
    let mut program = Program::start_with_json(&[&place[..], &files].concat());
    let mut client = program.connect();
    client.begin_message("a@example.com");
    client.say("Subject: x\r\n\r\n.");
    for line in
        ["NOOP \u{202e}\u{1b}[31m\"\\", "RCPT TO:<x@elsewhere.example>", "XCLIENT ADDR=192.0.2.7", "QUIT"]
    {
        client.say(line);
    }
    program.connect().begin_message("a@example.com");
    std::fs::write(&key, "no key").unwrap();
    program.signal(Signal::HUP);
    program.logged("reload-failed");
    program.signal(Signal::TERM);
    let out = program.rest_of_stdout();
    assert_eq!(out, "", "standard output");
    let (code, log) = program.wait();
    assert_eq!(code, 0);
    let (page, of_all) = (events_of_the_page(), table("Keys of each line in JSON"));
    let of_all: BTreeSet<String> = of_all.iter().flat_map(|row| words(&row[0])).collect();
    let mut seen = BTreeSet::new();
    for line in log.lines() {
        let members = members(line);
        let keys: BTreeSet<_> = members.iter().map(|(key, _)| key.clone()).collect();
        assert_eq!(keys.len(), members.len(), "a key stands twice: {line}");
        assert!(!line.contains(|c: char| c.is_control() || c == '\u{202e}'), "{line:?}");
        let value =
            |key: &str| &members.iter().find(|(name, _)| name == key).unwrap_or_else(|| panic!("{line}")).1;
        let entry = page.get(value("event")).unwrap_or_else(|| panic!("not in docs/log.md: {line}"));
        assert!(entry.levels.contains(value("level")), "{line}");
        let others: Vec<_> = keys.difference(&of_all).filter(|key| !entry.keys.contains(*key)).collect();
        assert!(others.is_empty(), "{others:?}: {line}");
        seen.insert(value("event").clone());
        seen.extend(keys.into_iter().filter(|key| of_all.contains(key)));
    }
    for expected in [
        "listening",
        "ready",
        "connected",
        "command",
        "accepted",
        "kept",
        "refused",
        "reply",
        "disconnected",
        "reload-failed",
        "stopping",
    ] {
        assert!(seen.contains(expected), "{expected}: {log}");
    }
    assert!(of_all.is_subset(&seen), "{of_all:?} {log}");
}
