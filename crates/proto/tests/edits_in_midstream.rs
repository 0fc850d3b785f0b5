//! Edits of an application while a session runs: they lose no message, and let no client bypass a check.

use bytes::BytesMut;
use mailchute_proto::{Extension, Machine, Protocol, Settings, Step, Verdict};

/// Feeds the machine all of the input, with hooks that accept, and returns the content of the message.
fn feed(machine: &mut Machine, bytes: &[u8], output: &mut Vec<u8>) -> Vec<u8> {
    let (mut input, mut content) = (BytesMut::from(bytes), Vec::new());
    loop {
        match machine.step(&mut input, output) {
            Step::NeedInput | Step::Close(_) => return content,
            Step::Connect(ask) => ask.answer(Ok(Verdict::Accept)),
            Step::Ehlo(mut ask) => {
                ask.edits_mut().accept_mail_parameter("XKEY").expect("a keyword of nobody's");
                ask.answer(Ok(Verdict::Accept));
            }
            Step::Mail(ask) => ask.answer(Ok(Verdict::Accept)),
            Step::Rcpt(ask) => ask.answer(Ok(Verdict::Accept)),
            Step::Data(ask) => ask.answer(Ok(Verdict::Accept)),
            Step::Command(ask) => ask.answer(Ok(Verdict::Accept)),
            Step::EndOfChunk(ask) => ask.answer(Ok(Verdict::Accept)),
            Step::EndOfData(ask) => ask.answer(Ok(Verdict::Accept)),
            Step::Body(bytes) => content.extend_from_slice(&bytes),
            _ => {}
        }
    }
}

fn greeted(settings: Settings) -> (Machine, Vec<u8>) {
    let (mut machine, mut output) = (Machine::new(settings.into()), Vec::new());
    feed(&mut machine, b"", &mut output);
    feed(&mut machine, b"EHLO client.example\r\n", &mut output);
    output.clear();
    (machine, output)
}

#[test]
fn raising_the_size_mid_message_does_not_save_an_oversized_one() {
    let mut settings = Settings::new("mx.example.com");
    settings.limits.message_size = 10;
    let (mut machine, mut output) = greeted(settings);
    let start = b"MAIL FROM:<>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\nmuch too large\r\n";
    assert_eq!(feed(&mut machine, start, &mut output), b"");
    machine.edits_mut().set_max_message_size(1_000);
    assert_eq!(feed(&mut machine, b"the rest\r\n.\r\n", &mut output), b"");
    let said = String::from_utf8(output).unwrap();
    assert!(said.ends_with("552 5.3.4 Message exceeds the maximum size\r\n"), "{said}");
}

#[test]
fn overlong_lines_after_a_refused_chunk_are_errors() {
    let (mut machine, mut output) = greeted(Settings::new("mx.example.com"));
    feed(&mut machine, b"MAIL FROM:<>\r\nRCPT TO:<bob@example.com>\r\n", &mut output);
    machine.edits_mut().set_max_message_size(1);
    feed(&mut machine, b"BDAT 2\r\nxx", &mut output);
    let line = [vec![b'x'; 3_000], b"\r\n".to_vec()].concat();
    feed(&mut machine, &line.repeat(1_000), &mut output);
    let said = String::from_utf8(output).unwrap();
    assert!(said.ends_with("421 4.7.0 Too many errors\r\n"), "{}", &said[said.len() - 100..]);
}

#[test]
fn disabling_chunking_between_chunks_ends_the_message() {
    for protocol in [Protocol::Smtp, Protocol::Lmtp] {
        let mut machine = Machine::new(Settings::new("mx.example.com").into()).speaking(protocol);
        let mut output = Vec::new();
        feed(&mut machine, b"", &mut output);
        let hello = if protocol == Protocol::Smtp { "EHLO" } else { "LHLO" };
        feed(&mut machine, format!("{hello} client.example\r\n").as_bytes(), &mut output);
        let start = b"MAIL FROM:<>\r\nRCPT TO:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nBDAT 4\r\nhead";
        assert_eq!(feed(&mut machine, start, &mut output), b"head");
        machine.edits_mut().disable(Extension::Chunking);
        assert!(machine.in_transaction());
        output.clear();
        assert_eq!(feed(&mut machine, b"BDAT 4\r\nbody", &mut output), b"");
        assert!(!machine.in_transaction(), "the message lacks these bytes for ever");
        machine.edits_mut().enable(Extension::Chunking);
        assert_eq!(feed(&mut machine, b"BDAT 4 LAST\r\ntailNOOP\r\n", &mut output), b"");
        let said = String::from_utf8(std::mem::take(&mut output)).unwrap();
        let mut codes: Vec<&str> = said.lines().map(|line| &line[..4]).collect();
        // In LMTP the last chunk has a reply for each of the two recipients.
        codes.dedup();
        assert_eq!(codes, ["502 ", "503 ", "250 "], "{said}");
        assert_eq!(said.lines().count(), if protocol == Protocol::Smtp { 3 } else { 4 }, "{said}");
        let anew = b"MAIL FROM:<>\r\nRCPT TO:<a@example.com>\r\nBDAT 5 LAST\r\nwhole";
        assert_eq!(feed(&mut machine, anew, &mut output), b"whole");
    }
}

#[test]
fn edits_for_a_proxy_do_not_apply_to_its_client() {
    let mut machine = Machine::new(Settings::new("mx.example.com").into()).trusting_proxy();
    let mut output = Vec::new();
    feed(&mut machine, b"", &mut output);
    feed(&mut machine, b"EHLO proxy.example\r\n", &mut output);
    machine.edits_mut().set_max_message_size(10);
    feed(&mut machine, b"XCLIENT NAME=[SPAM]\r\n", &mut output);
    assert_eq!(machine.edits_mut().max_message_size(), Some(10), "nobody was named");
    let mut input = BytesMut::from(&b"XCLIENT ADDR=192.0.2.1\r\n"[..]);
    let Step::Xclient(mut ask) = machine.step(&mut input, &mut output) else { panic!("it is in order") };
    assert_eq!(ask.edits_mut().max_message_size(), None);
    ask.edits_mut().set_max_message_size(20);
    ask.answer(Ok(Verdict::Accept));
    assert_eq!(machine.edits_mut().max_message_size(), Some(20), "those of its own stay");
}

#[test]
fn a_hook_that_says_the_same_at_each_ehlo_takes_no_more_memory() {
    let (mut machine, mut output) = greeted(Settings::new("mx.example.com"));
    let once = machine.edits_mut().clone();
    feed(&mut machine, &b"EHLO client.example\r\n".repeat(100), &mut output);
    assert_eq!(machine.edits_mut(), &once);
}
