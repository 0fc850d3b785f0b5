//! The answers of the machine, as logs and events get them: each reply, and no secret.

use bytes::BytesMut;
use mailchute_proto::catalog;
use mailchute_proto::{
    Machine, Mechanism, Nonce, PlaintextAuth, Protocol, Refusal, ScramAnswer, ScramVerifier, Settings, Step,
    Verb, Verdict,
};

/// Each answer in a conversation of `lines`: the verb, and the replies as they look in a log.
fn answered(protocol: Protocol, lines: &[&str]) -> Vec<(Option<Verb>, Vec<String>)> {
    let mut settings = Settings::new("mx.example.com");
    settings.mechanisms = vec![Mechanism::Plain, Mechanism::ScramSha256];
    settings.plaintext_auth = PlaintextAuth::Anywhere;
    let mut machine = Machine::new(settings.into()).speaking(protocol);
    let (mut input, mut output, mut lines) = (BytesMut::new(), Vec::new(), lines.iter());
    let (mut seen, mut written) = (Vec::new(), Vec::new());
    loop {
        match machine.step(&mut input, &mut output) {
            Step::Connect(ask) => ask.answer(Ok(Verdict::Accept)),
            Step::Ehlo(ask) => ask.answer(Ok(Verdict::Accept)),
            Step::Auth(ask) => ask.answer(Ok(Verdict::Refuse)),
            Step::Scram(ask) => {
                let nonce = Nonce::from_random([7; 18]);
                let verifier = ScramVerifier::decoy(b"secret", &ask.question().user);
                ask.answer(Ok(ScramAnswer { verifier, nonce, channel_binding: None }));
            }
            Step::Mail(ask) => ask.answer(Ok(Verdict::Accept)),
            Step::Rcpt(ask) => ask.answer(Ok(Verdict::Accept)),
            Step::Data(ask) => ask.answer(Ok(Verdict::Accept)),
            Step::EndOfChunk(ask) => ask.answer(Ok(Verdict::Accept)),
            Step::EndOfData(ask) => ask
                .answer_each([Ok(Verdict::Accept), Err(Refusal::new(550, (5, 2, 2), "The mailbox is full"))]),
            Step::Command(ask) => ask.answer(Ok(Verdict::Accept)),
            Step::NeedInput => match lines.next() {
                Some(line) => input.extend_from_slice(format!("{line}\r\n").as_bytes()),
                None => break,
            },
            Step::Close(_) => break,
            _ => {}
        }
        let answered = machine.take_answered();
        if answered.verb().is_some() || !answered.replies().is_empty() {
            for reply in answered.replies() {
                reply.encode(&mut written);
            }
            seen.push((answered.verb(), answered.replies().iter().map(ToString::to_string).collect()));
        }
    }
    let is_secret = |line: &str| line.starts_with("334");
    let text = String::from_utf8(output).expect("replies are ASCII");
    let without_secrets: Vec<_> =
        text.lines().map(|line| if is_secret(line) { "334 " } else { line }).collect();
    let written = String::from_utf8(written).expect("replies are ASCII");
    assert_eq!(written.lines().collect::<Vec<_>>(), without_secrets, "what was answered is what was written");
    seen
}

fn smtp(lines: &[&str]) -> Vec<(Option<Verb>, Vec<String>)> {
    answered(Protocol::Smtp, lines)
}

fn one(verb: impl Into<Option<Verb>>, reply: &str) -> (Option<Verb>, Vec<String>) {
    (verb.into(), vec![reply.to_owned()])
}

#[test]
fn each_reply_is_told_with_the_verb_that_it_answers() {
    let seen =
        smtp(&["HELO client.example", "MAIL FROM:<a@b@c>", "RCPT TO:<b@example.com>", "XPING", "NOOP\rX"]);
    let expected = [
        one(None, "220 mx.example.com ESMTP Mailchute"),
        one(Verb::Helo, "250 mx.example.com"),
        one(Verb::Mail, &catalog::BAD_SENDER.to_string()),
        one(Verb::Rcpt, &catalog::NEED_MAIL.to_string()),
        one(Verb::Other, &catalog::UNKNOWN_COMMAND.to_string()),
        one(Verb::Other, &catalog::BARE_LINE_END.to_string()),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn all_lines_of_a_reply_are_told_as_one() {
    let seen = smtp(&["EHLO client.example"]);
    let (verb, replies) = &seen[1];
    assert_eq!(*verb, Some(Verb::Ehlo));
    assert_eq!(replies.len(), 1);
    assert!(replies[0].starts_with("250-mx.example.com / 250-PIPELINING / "), "{replies:?}");
    assert!(replies[0].ends_with(" / 250 HELP"), "{replies:?}");
}

#[test]
fn a_challenge_is_told_without_its_text() {
    let seen = smtp(&["EHLO client.example", "AUTH SCRAM-SHA-256 biwsbj1hbGljZSxyPWFiYw==", "*"]);
    assert_eq!(seen[2..], [one(Verb::Auth, "334 "), one(Verb::Auth, &catalog::AUTH_CANCELLED.to_string())]);
}

#[test]
fn a_message_has_a_reply_for_each_recipient_in_lmtp() {
    let seen = answered(
        Protocol::Lmtp,
        &[
            "LHLO client.example",
            "MAIL FROM:<>",
            "RCPT TO:<a@b.example>",
            "RCPT TO:<c@b.example>",
            "DATA",
            ".",
        ],
    );
    let expected =
        (None, vec![catalog::MESSAGE_ACCEPTED.to_string(), "550 5.2.2 The mailbox is full".into()]);
    assert_eq!(seen.last(), Some(&expected));
}

#[test]
fn a_chunk_is_answered_when_its_content_has_come() {
    let seen = smtp(&["EHLO client.example", "MAIL FROM:<>", "RCPT TO:<a@b.example>", "BDAT 4", "hi"]);
    assert_eq!(seen[4..], [(Some(Verb::Bdat), vec![]), one(None, "250 2.0.0 4 octets received")]);
}

#[test]
fn a_farewell_is_told_and_the_next_step_forgets_it() {
    let mut machine = Machine::new(Settings::new("mx.example.com").into());
    let (mut input, mut output) = (BytesMut::new(), Vec::new());
    machine.hang_up(&catalog::TIMEOUT, &mut output);
    let answered = machine.take_answered();
    assert_eq!(answered.replies(), [catalog::TIMEOUT]);
    assert!(answered.is_refusal());
    machine.hang_up(&catalog::TIMEOUT, &mut output);
    assert!(matches!(machine.step(&mut input, &mut output), Step::Close(_)));
    assert_eq!(machine.take_answered().replies(), []);
}
