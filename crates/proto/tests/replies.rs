//! Replies: the catalogue, and texts that come from outside.

use std::collections::BTreeSet;
use std::panic;
use std::sync::{Arc, Mutex};

use crate::session::dialogue;
use mailchute_proto::catalog::{self, Entry};
use mailchute_proto::{Code, Enhanced, Refusal, Reply, Severity, Verb};

fn wire(reply: &Reply) -> String {
    let mut wire = Vec::new();
    reply.encode(&mut wire);
    String::from_utf8(wire).expect("a reply is ASCII")
}

fn rejected(text: impl Into<String>) -> Reply {
    Reply::new(550, (5, 7, 1), text.into())
}

#[test]
fn every_reply_of_the_catalogue_has_codes_that_agree() {
    for Entry { name, reply, .. } in catalog::all() {
        let Some(enhanced) = reply.enhanced() else {
            assert!(matches!(reply.code().get(), 220 | 250 | 334 | 354), "{name} has no enhanced code");
            continue;
        };
        assert_eq!(u16::from(enhanced.class()), reply.code().get() / 100, "{name}");
        assert!(enhanced.subject() <= 7 && enhanced.detail() <= 30, "{name}: RFC 3463 knows no {enhanced}");
        let is_refusal = matches!(reply.code().severity(), Severity::Transient | Severity::Permanent);
        assert_eq!((reply.is_refusal(), reply.is_positive()), (is_refusal, !is_refusal), "{name}");
        assert_eq!(reply.hangs_up(), reply.code().get() == 421, "{name}");
    }
}

#[test]
fn every_text_of_the_catalogue_is_short_and_printable() {
    for Entry { name, reply, .. } in catalog::all().filter(|entry| !entry.reply.text().is_empty()) {
        let text = reply.text();
        assert!(matches!(text.len(), 2..=70), "{name}: {} bytes", text.len());
        assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{name}");
        assert_eq!(text, text.trim(), "{name}");
        assert!(!text.ends_with('.'), "{name}");
    }
}

#[test]
fn every_reply_of_the_catalogue_is_one_line_on_the_wire() {
    for Entry { name, reply, .. } in catalog::all() {
        let Some(enhanced) = reply.enhanced() else { continue };
        assert_eq!(wire(reply), format!("{} {enhanced} {}\r\n", reply.code(), reply.text()), "{name}");
        assert_eq!(reply.to_string() + "\r\n", wire(reply), "{name}");
        assert_eq!(dialogue::replies(wire(reply).as_bytes()).len(), 1, "{name}");
    }
}

#[test]
fn every_name_and_reply_is_in_the_catalogue_once() {
    let names: BTreeSet<_> = catalog::all().map(|entry| entry.name).collect();
    let replies: BTreeSet<_> = catalog::all().map(|entry| wire(entry.reply)).collect();
    assert_eq!(names.len(), catalog::all().count());
    assert_eq!(replies.len(), catalog::all().count());
    assert!(catalog::all().count() > 50);
}

#[test]
fn every_catalogue_reply_names_its_condition_and_rfc_clause() {
    for Entry { name, when, clause, .. } in catalog::all() {
        let (rfc, section) = clause.split_once(" §").unwrap_or_else(|| panic!("{name}: {clause}"));
        let number = rfc.strip_prefix("RFC ").and_then(|number| number.parse::<u32>().ok());
        assert!(number.is_some_and(|number| (1_000..10_000).contains(&number)), "{name}: {clause}");
        assert!(section.split('.').all(|part| part.parse::<u32>().is_ok()), "{name}: {clause}");
        assert!(when.trim().ends_with('.') && !when.contains('|'), "{name}: {when}");
    }
}

#[test]
fn the_354_carries_no_enhanced_code() {
    assert_eq!(wire(&catalog::START_DATA), "354 End data with <CR><LF>.<CR><LF>\r\n");
    assert_eq!(catalog::START_DATA.enhanced(), None);
    assert!(!catalog::START_DATA.is_positive() && !catalog::START_DATA.is_refusal());
}

#[test]
fn a_line_feed_begins_a_further_line_of_the_same_reply() {
    assert_eq!(wire(&rejected("one\ntwo")), "550-5.7.1 one\r\n550 5.7.1 two\r\n");
    assert_eq!(wire(&rejected("one\r\ntwo\r\n")), "550-5.7.1 one\r\n550 5.7.1 two\r\n");
    assert_eq!(
        wire(&rejected("no\r\n250 2.6.0 Message accepted")),
        "550-5.7.1 no\r\n550 5.7.1 250 2.6.0 Message accepted\r\n"
    );
}

#[test]
fn empty_lines_and_texts_have_only_their_codes() {
    assert_eq!(wire(&rejected("")), "550 5.7.1 \r\n");
    assert_eq!(wire(&rejected("\n")), "550 5.7.1 \r\n");
    assert_eq!(wire(&rejected("\r\n\r\n")), "550-5.7.1 \r\n550 5.7.1 \r\n");
    assert_eq!(wire(&rejected("one\n\nthree")), "550-5.7.1 one\r\n550-5.7.1 \r\n550 5.7.1 three\r\n");
    assert_eq!(wire(&rejected("\none")), "550-5.7.1 \r\n550 5.7.1 one\r\n");
}

#[test]
fn whatever_is_not_printable_ascii_becomes_a_question_mark() {
    assert_eq!(wire(&rejected("one\rtwo")), "550 5.7.1 one?two\r\n");
    assert_eq!(wire(&rejected("one\r\r\ntwo")), "550-5.7.1 one?\r\n550 5.7.1 two\r\n");
    assert_eq!(wire(&rejected("a\0b\tc\x1b[2Jd\x7fe")), "550 5.7.1 a?b?c?[2Jd?e\r\n");
    assert_eq!(wire(&rejected("Straße 用户 \u{85}\u{2028}\u{feff}.")), "550 5.7.1 Stra?e ?? ???.\r\n");
    assert_eq!(wire(&rejected("\r")), "550 5.7.1 ?\r\n");
}

#[test]
fn breaks_a_long_text_into_lines_of_at_most_512_bytes() {
    let long = wire(&rejected("x".repeat(5_000)));
    let lines: Vec<&str> = long.split_inclusive("\r\n").collect();
    assert_eq!(lines.len(), 11);
    for line in &lines[..10] {
        assert_eq!(*line, format!("550-5.7.1 {}\r\n", "x".repeat(496)));
    }
    assert_eq!(lines[10], format!("550 5.7.1 {}\r\n", "x".repeat(40)));
    let exact = wire(&rejected("x".repeat(496)));
    assert_eq!(exact, format!("550 5.7.1 {}\r\n", "x".repeat(496)));
    assert_eq!(wire(&rejected("x".repeat(497))).lines().count(), 2);
}

#[test]
fn the_longest_enhanced_code_keeps_lines_within_512_bytes() {
    let reply = Reply::new(599 - 40, (5, 999, 999), "é".repeat(5_000));
    let wire = wire(&reply);
    assert_eq!(wire.lines().next().map(str::len), Some(510));
    assert!(wire.lines().all(|line| line.len() <= 510 && line[4..].starts_with("5.999.999 ?")));
    assert_eq!(dialogue::replies(wire.as_bytes()).len(), 1);
}

#[test]
fn long_and_short_lines_of_one_text_make_one_reply() {
    let text = format!("{}\n\n{}\0", "a".repeat(500), "b".repeat(495));
    let (a, b) = ("a".repeat(496), "b".repeat(495));
    let expected = format!("550-5.7.1 {a}\r\n550-5.7.1 aaaa\r\n550-5.7.1 \r\n550 5.7.1 {b}?\r\n");
    assert_eq!(wire(&rejected(text)), expected);
}

#[test]
fn only_codes_of_the_form_that_smtp_allows_are_codes() {
    for code in 0..=u16::MAX {
        let is_allowed = (200..600).contains(&code) && (code / 10) % 10 <= 5;
        assert_eq!(Code::new(code).is_some(), is_allowed, "{code}");
    }
    for (code, enhanced) in
        [(550, (4, 1, 1)), (250, (5, 0, 0)), (354, (3, 0, 0)), (550, (5, 1000, 0)), (150, (1, 0, 0))]
    {
        assert!(Reply::try_new(code, enhanced, "x").is_err(), "{code} {enhanced:?}");
    }
}

#[test]
fn the_usual_enhanced_code_goes_with_every_reply_code() {
    let verbs = || Verb::ALL.iter().copied().map(Some).chain([None]);
    for (code, verb) in (0..700).flat_map(|code| verbs().map(move |verb| (code, verb))) {
        let is_reply = Code::new(code).is_some_and(|code| code.severity() != Severity::Intermediate);
        let usual = Enhanced::usual(code, verb);
        assert_eq!(usual.is_some(), is_reply, "{code}");
        assert!(usual.is_none_or(|enhanced| Reply::try_new(code, enhanced, "x").is_ok()), "{code} {verb:?}");
    }
    for (code, verb, expected) in [
        (250, Some(Verb::Mail), (2, 1, 0)),
        (250, Some(Verb::Rcpt), (2, 1, 5)),
        (250, Some(Verb::Bdat), (2, 6, 0)),
        (250, Some(Verb::Noop), (2, 0, 0)),
        (251, Some(Verb::Rcpt), (2, 1, 5)),
        (421, None, (4, 3, 2)),
        (450, Some(Verb::Rcpt), (4, 2, 1)),
        (450, Some(Verb::Mail), (4, 0, 0)),
        (451, Some(Verb::Data), (4, 3, 0)),
        (452, Some(Verb::Rcpt), (4, 5, 3)),
        (452, Some(Verb::Data), (4, 3, 1)),
        (550, Some(Verb::Data), (5, 7, 1)),
        (552, Some(Verb::Rcpt), (5, 2, 2)),
        (552, Some(Verb::Data), (5, 3, 4)),
        (553, Some(Verb::Mail), (5, 1, 7)),
        (554, None, (5, 7, 1)),
        (556, Some(Verb::Rcpt), (5, 1, 10)),
    ] {
        assert_eq!(Enhanced::usual(code, verb), Some(expected.into()), "{code} {verb:?}");
    }
}

#[test]
fn an_invalid_reply_says_what_to_write() {
    for (code, enhanced, expected) in [
        (
            354,
            (3, 0, 0),
            "reply code 354 asks the client for more and has no enhanced status code: write 2yz, 4yz or 5yz",
        ),
        (334, (2, 0, 0), "reply code 334 asks the client for more"),
        (550, (4, 1, 1), "enhanced status code 4.1.1 does not go with reply code 550: write 5.x.y"),
        (
            550,
            (5, 1000, 1),
            "enhanced status code 5.1000.1 is not well formed: write 5.x.y, each of x and y 0 to 999",
        ),
        (260, (2, 0, 0), "260 is not an SMTP reply code: write 200 to 559, with a second digit of 0 to 5"),
    ] {
        let error = Reply::try_new(code, enhanced, "x").unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_literal_that_makes_no_reply_panics_where_it_stands() {
    let places = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&places);
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        note.lock()
            .unwrap()
            .extend(info.location().map(|location| (location.file().to_owned(), location.line())));
    }));
    let first = line!() + 1;
    assert!(panic::catch_unwind(|| Reply::new(550, (4, 1, 1), "x")).is_err());
    assert!(panic::catch_unwind(|| Reply::from_static(550, (4, 1, 1), "x")).is_err());
    assert!(panic::catch_unwind(|| Reply::from_static(260, (2, 1, 1), "x")).is_err());
    panic::set_hook(before);
    let expected = [0, 1, 2].map(|further| (file!().to_owned(), first + further));
    assert_eq!(*places.lock().unwrap(), expected);
}

#[test]
fn a_changed_refusal_keeps_its_cause_and_hangs_up() {
    let locked = || Refusal::internal("database is locked").hang_up();
    let changed = locked().with_reply(454, (4, 7, 0), "Try again later");
    assert_eq!(changed.to_string(), "454 4.7.0 Try again later");
    assert_eq!(changed.cause().expect("a cause").to_string(), "database is locked");
    assert!(changed.hangs_up());

    let wrong = locked().with_reply(235, (2, 7, 0), "Welcome");
    assert_eq!(wrong.code().get(), 451);
    let cause = wrong.cause().expect("a cause").to_string();
    assert!(cause.starts_with("database is locked; and the code is wrong: 235 does not refuse"), "{cause}");
}

#[test]
fn a_custom_error_hides_its_cause_from_the_client() {
    let reply = Refusal::internal("password of the database: hunter2\r\n");
    assert_eq!(wire(reply.reply()), "451 4.3.0 Internal error; try again later\r\n");
    assert_eq!(
        reply.cause().map(ToString::to_string).as_deref(),
        Some("password of the database: hunter2\r\n")
    );
}
