//! The command lines in logs and events: complete except for credentials.

use bytes::BytesMut;
use mailchute_proto::{EnvelopeSyntax, Machine, Mechanism, PlaintextAuth, Settings, Step, Verdict};

/// Returns what is shown of each of these lines, sent one after the other after EHLO.
fn shown(lines: &[&str]) -> Vec<String> {
    shown_by(EnvelopeSyntax::Strict, lines)
}

fn shown_by(envelope: EnvelopeSyntax, lines: &[&str]) -> Vec<String> {
    let mut settings = Settings::new("mx.example.com");
    settings.envelope = envelope;
    settings.mechanisms = vec![Mechanism::Plain, Mechanism::Login];
    settings.plaintext_auth = PlaintextAuth::Anywhere;
    settings.verbs = vec!["XPING".into()];
    let mut machine = Machine::new(settings.into());
    let mut lines = ["EHLO client.example"].iter().chain(lines);
    let mut input = BytesMut::new();
    let (mut output, mut shown) = (Vec::new(), Vec::new());
    loop {
        shown.extend(machine.upcoming_command(&input).map(|line| String::from_utf8_lossy(line).into_owned()));
        match machine.step(&mut input, &mut output) {
            Step::Connect(ask) => ask.answer(Ok(Verdict::Accept)),
            Step::Ehlo(ask) => ask.answer(Ok(Verdict::Accept)),
            Step::Auth(ask) => ask.answer(Ok(Verdict::Refuse)),
            Step::Command(ask) => ask.answer(Ok(Verdict::Accept)),
            Step::NeedInput => match lines.next() {
                Some(line) => input.extend_from_slice(format!("{line}\r\n").as_bytes()),
                None => return shown.split_off(1),
            },
            Step::Close(_) => return shown.split_off(1),
            _ => {}
        }
    }
}

#[test]
fn a_line_is_shown_as_it_came() {
    assert_eq!(shown(&["noop  hello ", "What is this"]), ["noop  hello ", "What is this"]);
}

#[test]
fn of_auth_only_a_mechanism_that_exists_is_shown() {
    assert_eq!(shown(&["auth plain AHVzZXIAc2VjcmV0"]), ["auth plain"]);
    for misspelt in [
        "AUTH AHVzZXIAc2VjcmV0",
        "AUTH PLAINAHVzZXIAc2VjcmV0",
        "AUTH PLAIN\tAHVzZXIAc2VjcmV0",
        "AUTH PLAIN\rAHVzZXIAc2VjcmV0",
        "AUTH\tPLAIN AHVzZXIAc2VjcmV0",
        " AUTH PLAIN AHVzZXIAc2VjcmV0",
        "\tauth plain AHVzZXIAc2VjcmV0",
    ] {
        assert_eq!(shown(&[misspelt]), ["AUTH"], "{misspelt:?}");
    }
    assert_eq!(shown(&["AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9YWJj"]), ["AUTH SCRAM-SHA-256"]);
    assert_eq!(shown(&["AUTH XOAUTH2 dXNlcj10AWF1dGg9QmVhcmVyIHQBAQ=="]), ["AUTH XOAUTH2"]);
    for spaced in ["AUTH   PLAIN AHVzZXIAc2VjcmV0", "AUTH PLAIN  AHVzZXIAc2VjcmV0"] {
        assert!(!shown(&[spaced]).concat().contains("AHV"), "{spaced:?}");
    }
}

#[test]
fn hides_lines_of_an_auth_exchange_even_after_a_refusal() {
    let response = "(response; left out, as it may hold credentials)";
    let lines = ["AUTH LOGIN", "dXNlcg==", "c2VjcmV0", "AUTH LOGIN", "*"];
    assert_eq!(shown(&lines), ["AUTH LOGIN", response, response, "AUTH LOGIN", "*"]);
    let refused = shown(&["AUTH DIGEST-MD5", "dXNlcg==", "c2VjcmV0", "XPING", "NOOP"]);
    assert_eq!(refused[0], "AUTH");
    assert!(refused[1..3].iter().all(|line| line.starts_with("(no command")), "{refused:?}");
    assert_eq!(refused[3..], ["XPING", "NOOP"]);
}

#[test]
fn shows_no_credentials_of_lenient_lines() {
    for line in
        [" AUTH PLAIN AHVzZXIAc2VjcmV0", "AUTH\tPLAIN\tAHVzZXIAc2VjcmV0", "\t auth\t plain AHVzZXIAc2VjcmV0"]
    {
        let shown = shown_by(EnvelopeSyntax::Lenient, &[line, "dXNlcg==", "\tNOOP"]);
        assert_eq!(shown[0], "AUTH", "{line:?}");
        assert!(shown[1].starts_with("(no command"), "{shown:?}");
        assert_eq!(shown[2], "\tNOOP");
    }
}
