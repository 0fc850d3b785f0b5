//! Explanations: each thing that the server says has one, and each reads like plain English.

use mailchute_proto::explain::{self, Explanation, Follower};
use mailchute_proto::{Enhanced, Extension, Mechanism, Verb, catalog};

/// All explanations of what the conversation has, with the name of each.
fn all() -> Vec<(String, Explanation)> {
    let verbs = Verb::ALL.iter().map(|&verb| (verb.to_string(), explain::verb(verb)));
    let replies = catalog::all().map(|entry| (entry.name.to_string(), explain::reply(entry.reply, None)));
    let mechanisms =
        Mechanism::ALL.iter().map(|&mechanism| (mechanism.to_string(), explain::mechanism(mechanism)));
    let keywords = Extension::ALL
        .iter()
        .map(|extension| (extension.keyword().to_owned(), explain::keyword(extension.keyword())));
    let proxies =
        ["XCLIENT NAME ADDR", "XFORWARD NAME ADDR"].map(|line| (line.to_owned(), explain::keyword(line)));
    let codes = (0..1000).map(|code| (code.to_string(), explain::code(code)));
    let mut enhanced = Vec::new();
    for (class, subject) in
        [2, 4, 5].into_iter().flat_map(|class| (0..10).map(move |subject| (class, subject)))
    {
        for detail in 0..40 {
            let code = Enhanced::new(class, subject, detail);
            enhanced.push((code.to_string(), explain::enhanced(code)));
        }
    }
    let mut parameters = Vec::new();
    for (verb, keyword, value) in PARAMETERS {
        parameters.push((format!("{verb} {keyword}={value:?}"), explain::parameter(verb, keyword, value)));
    }
    let lines = LINES
        .iter()
        .flat_map(|line| explain::command(line))
        .map(|part| (format!("{part:?}"), part.explanation));
    let own = verbs.chain(replies).chain(mechanisms).chain(keywords).chain(proxies);
    own.chain(codes).chain(enhanced).chain(parameters).chain(lines).collect()
}

const PARAMETERS: [(Verb, &str, Option<&str>); 19] = [
    (Verb::Mail, "SIZE", Some("1000")),
    (Verb::Mail, "BODY", Some("7BIT")),
    (Verb::Mail, "BODY", Some("8BITMIME")),
    (Verb::Mail, "BODY", Some("BINARYMIME")),
    (Verb::Mail, "SMTPUTF8", None),
    (Verb::Mail, "REQUIRETLS", None),
    (Verb::Mail, "AUTH", Some("<>")),
    (Verb::Mail, "AUTH", Some("alice@example.org")),
    (Verb::Mail, "RET", Some("FULL")),
    (Verb::Mail, "RET", Some("HDRS")),
    (Verb::Mail, "ENVID", Some("abc")),
    (Verb::Mail, "BY", Some("120;R")),
    (Verb::Mail, "MT-PRIORITY", Some("3")),
    (Verb::Mail, "HOLDFOR", Some("60")),
    (Verb::Mail, "HOLDUNTIL", Some("2030-01-01T00:00:00Z")),
    (Verb::Rcpt, "NOTIFY", Some("NEVER")),
    (Verb::Rcpt, "NOTIFY", Some("SUCCESS,DELAY")),
    (Verb::Rcpt, "ORCPT", Some("rfc822;bob@example.com")),
    (Verb::Rcpt, "RRVS", Some("2014-04-03T23:01:00Z")),
];

const LINES: [&str; 12] = [
    "EHLO client.example",
    "EHLO [192.0.2.1]",
    "MAIL FROM:<>",
    "MAIL FROM:grüße@example.org",
    "RCPT TO:<@a.example,@b.example:bob@example.com>",
    "RCPT TO:<postmaster>",
    "AUTH PLAIN AGEAYg==",
    "BDAT 10 LAST",
    "VRFY bob",
    "XCLIENT ADDR=192.0.2.1 NAME=client.example LOGIN=alice",
    "*",
    "GET / HTTP/1.1",
];

#[test]
fn nothing_that_the_server_says_lacks_an_explanation() {
    let unknown = |what: &str, means: &Explanation| {
        let generic = ["outside the standard", "Mechanism of AUTH", "A code of this server", "An attribute"];
        assert!(!generic.iter().any(|title| means.title.contains(title)), "explain {what}: {means}");
    };
    for &verb in Verb::ALL {
        unknown(verb.name(), &explain::verb(verb));
    }
    for extension in Extension::ALL {
        unknown(extension.keyword(), &explain::keyword(extension.keyword()));
    }
    for &mechanism in Mechanism::ALL {
        unknown(mechanism.name(), &explain::mechanism_name(mechanism.name()));
    }
    for (verb, keyword, value) in PARAMETERS {
        unknown(keyword, &explain::parameter(verb, keyword, value));
    }
    for entry in catalog::all() {
        let means = explain::reply(entry.reply, None);
        assert_eq!(means.clause, Some(entry.clause), "{}: explained by its name", entry.name);
        if let Some(enhanced) = entry.reply.enhanced() {
            assert!(explain::enhanced_is_registered(enhanced), "{}: {enhanced}", entry.name);
        }
    }
}

#[test]
fn every_explanation_is_plain_english_with_a_clause_to_read() {
    for (what, Explanation { title, text, clause, .. }) in all() {
        assert!((2..=40).contains(&title.chars().count()), "{what}: {title}");
        assert!(
            !title.ends_with('.') && title.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()),
            "{what}"
        );
        assert!(
            text.ends_with('.') && !text.contains("  ") && !text.contains(char::is_control),
            "{what}: {text}"
        );
        for sentence in text.split_inclusive(['.', '?', ';']).map(str::trim) {
            let words = sentence.split_whitespace().count();
            assert!(words <= 24, "{what}: {words} words: {sentence}");
        }
        if let Some(clause) = clause {
            let is_rfc = clause.starts_with("RFC ");
            let link = Explanation::new("a", "b", clause).link();
            assert_eq!(link.is_some(), is_rfc, "{what}: {clause}");
        }
    }
}

#[test]
fn all_registered_enhanced_codes_are_explained() {
    // The registry of IANA: the highest detail of each subject.
    for (subject, last) in [(0, 0), (1, 10), (2, 4), (3, 6), (4, 7), (5, 6), (6, 10), (7, 30)] {
        for detail in 0..=last {
            assert!(explain::enhanced_is_registered((5, subject, detail)), "X.{subject}.{detail}");
        }
        assert!(!explain::enhanced_is_registered((5, subject, last + 1)), "X.{subject}.{}", last + 1);
    }
}

#[test]
fn links_lead_to_the_section_at_the_rfc_editor() {
    let link = |clause| Explanation::new("a", "b", clause).link();
    assert_eq!(link("RFC 5321 §4.1.1.2").unwrap(), "https://www.rfc-editor.org/rfc/rfc5321#section-4.1.1.2");
    assert_eq!(link("RFC 4422 appendix A").unwrap(), "https://www.rfc-editor.org/rfc/rfc4422#appendix-A");
    assert_eq!(link("RFC 8446").unwrap(), "https://www.rfc-editor.org/rfc/rfc8446");
    assert_eq!(link("Postfix XCLIENT"), None);
    assert_eq!(link(""), None);
}

#[test]
fn the_parts_of_a_command_cover_its_words() {
    for (line, words) in [
        ("mail from:<a@b> size=1 X=y", vec!["mail", "from:<a@b>", "size=1", "X=y"]),
        ("MAIL FROM: <\"a> b\"@c>  BODY=7BIT", vec!["MAIL", "FROM: <\"a> b\"@c>", "BODY=7BIT"]),
        ("RCPT TO:<bob", vec!["RCPT", "TO:<bob"]),
        ("RCPT bob", vec!["RCPT"]),
        ("BDAT 5 LAST", vec!["BDAT", "5", "LAST"]),
        ("AUTH PLAIN x", vec!["AUTH", "PLAIN", "x"]),
        ("(response; left out)", vec!["(response; left out)"]),
        ("  \t ", vec![]),
        ("é", vec!["é"]),
    ] {
        let parts = explain::command(line);
        assert_eq!(parts.iter().map(|part| &line[part.range.clone()]).collect::<Vec<_>>(), words, "{line}");
    }
}

#[test]
fn a_refusal_says_what_is_refused_why_and_what_comes_next() {
    let means = explain::reply_line("452 4.2.2 Over quota", Verb::Rcpt).unwrap();
    assert_eq!(means.title, "Mailbox full");
    assert_eq!(
        means.text,
        "The server refuses this recipient; others may still be accepted. The recipient has no room left. Only the \
         recipient can make room. The first digit, 4, says that it is temporary: the client keeps the message and tries \
         again later."
    );
    assert_eq!(explain::reply_line("550 5.7.1 Relaying denied", Verb::Rcpt).unwrap().title, "Not allowed");
    assert_eq!(
        explain::reply_line("503 5.5.1 Send MAIL first", Verb::Rcpt).unwrap().title,
        "Sender is missing"
    );
    assert_eq!(explain::reply_line("250", Verb::Rcpt).unwrap().title, "Recipient accepted");
    assert_eq!(explain::reply_line("571 no", None).unwrap().title, "Refused permanently");
    for line in ["", "25", "hello", "2500 a", "250x"] {
        assert_eq!(explain::reply_line(line, None), None, "{line}");
    }
}

#[test]
fn a_follower_explains_lines_by_those_before() {
    let mut follower = Follower::default();
    let mut title = |line: &str| follower.reply_line(line).map(|means| means.title.into_owned());
    assert_eq!(title("220-mx.example.com"), Some("Welcome".to_owned()));
    assert_eq!(title("220 hello"), None);
    follower.command("AUTH LOGIN");
    assert_eq!(follower.reply_line("334 VXNlcg==").unwrap().title, "Next step of the login");
    assert!(follower.is_login());
    assert_eq!(follower.command("QUIT")[0].explanation.title, "Left out");
    assert_eq!(follower.reply_line("235 2.7.0 ok").unwrap().title, "Logged in");
    assert!(!follower.is_login());
    follower.command("EHLO a");
    assert!(follower.reply_line("250-mx").is_some() && follower.is_reply());
    assert_eq!(
        follower.reply_line("250 SIZE 10").unwrap().text,
        "The server takes messages of up to 10 bytes."
    );
}

#[test]
fn notes_are_broken_between_words() {
    let notes = explain::verb(Verb::Data).note();
    assert!(notes.len() > 1 && notes.iter().all(|line| line.chars().count() <= 90), "{notes:?}");
    assert_eq!(notes.join(" "), explain::verb(Verb::Data).to_string());
}
