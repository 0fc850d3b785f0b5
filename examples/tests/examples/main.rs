//! Each example runs as `cargo run --example NAME` starts it, and does what its first comment says.

#![cfg(unix)]

mod client;
mod complete;
mod process;
mod programs;
mod tls;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use process::{Example, PATIENCE};

const MESSAGE: &str = "Subject: lunch\n\nAt one?";
const MESSAGE_BYTES: usize = "Subject: lunch\r\n\r\nAt one?\r\n".len();
const ACCEPTED: &str = "250 2.6.0 Message accepted";

#[test]
fn smallest_accepts_every_message_and_prints_its_size() {
    let example = Example::start("smallest");
    let mut client = example.connect();
    client.hello();
    assert_eq!(client.send_message(MESSAGE), ACCEPTED);
    example.prints(&format!("a message of {MESSAGE_BYTES} bytes"));
    client.quit();
}

#[test]
fn refuse_sender_refuses_only_mail_from_one_domain() {
    let example = Example::start("refuse_sender");
    let mut client = example.connect();
    client.hello();
    client.talk(
        "C: MAIL FROM:<eve@blacklisted.example>
         S: 550 5.7.1 Sender address rejected
         C: MAIL FROM:<eve@BLACKLISTED.example>
         S: 550 5.7.1 Sender address rejected
         C: RCPT TO:<bob@example.com>
         S: 503 5.5.1 Send MAIL first
         C: MAIL FROM:<>
         S: 250 2.1.0 Sender OK
         C: RSET
         S: 250 2.0.0 OK",
    );
    assert_eq!(client.send_message(MESSAGE), ACCEPTED);
    example.prints(&format!("{MESSAGE_BYTES} bytes from <alice@example.com>, recipients: 1"));
    client.quit();
    example.ends_by_ctrl_c();
}

#[test]
fn lookup_recipient_knows_recipients_and_hides_failures() {
    let example = Example::start("lookup_recipient");
    let mut client = example.connect();
    client.hello();
    client.talk(
        "C: MAIL FROM:<alice@example.com>
         S: 250 2.1.0 Sender OK
         C: RCPT TO:<bob@example.com>
         S: 250 2.1.5 Hello Bob
         C: RCPT TO:<Alice@Example.COM>
         S: 250 2.1.5 Hello Alice
         C: RCPT TO:<Postmaster>
         S: 250 2.1.5 Hello Postmaster
         C: RCPT TO:<nobody@example.com>
         S: 550 5.1.1 No such user here
         C: RCPT TO:<broken@example.com>
         S: 451 4.3.0 Internal error; try again later",
    );
    example.prints("the directory's disk is on fire");
    client.talk(
        "C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: .
         S: 250 2.6.0 Message accepted",
    );
    example.prints("from <alice@example.com>, recipients: 3");
    client.quit();
    example.ends_by_ctrl_c();
}

#[test]
fn inspect_content_refuses_by_subject_text_or_attachment() {
    let example = Example::start("inspect_content");
    let mut client = example.connect();
    client.hello();
    assert_eq!(client.send_message("You have won\nthe Lottery."), "550 5.7.1 We do not gamble");
    assert_eq!(
        client.send_message("Content-Disposition: attachment;\n filename=\"Bill.EXE\"\n\nMZ"),
        "550 5.7.1 Programs are not welcome"
    );
    assert_eq!(client.send_message(MESSAGE), ACCEPTED);
    // The next hook has read the message too, from its first byte.
    example.prints(&format!("{MESSAGE_BYTES} bytes from <alice@example.com>"));
    client.quit();
    example.ends_by_ctrl_c();
}

#[test]
fn keep_in_maildir_has_a_message_in_its_file_before_it_says_so() {
    let example = Example::start("keep_in_maildir");
    let mut client = example.connect();
    client.hello();
    let reply = client.send_message(MESSAGE);
    assert!(reply.starts_with("250 2."), "{reply}");

    let kept = files_in(&example.directory().join("mail/new"));
    let [kept] = &kept[..] else { panic!("one message, not {kept:?}") };
    let lines: Vec<_> = kept.lines().collect();
    assert_eq!(lines[..2], ["Return-Path: <alice@example.com>", "Delivered-To: bob@example.com"]);
    assert!(kept.contains("\nReceived: from client.example ([127.0.0.1])"), "{kept}");
    assert_eq!(lines[lines.len() - 3..], ["Subject: lunch", "", "At one?"]);
    assert!(files_in(&example.directory().join("mail/tmp")).is_empty());

    // Another message of the same session does not replace it.
    client.send_message(MESSAGE);
    assert_eq!(files_in(&example.directory().join("mail/new")).len(), 2);
    client.quit();
    example.ends_by_ctrl_c();
}

#[test]
fn require_tls_takes_mail_inside_tls_only() {
    let example = Example::start("require_tls");
    let mut client = example.connect();
    assert!(client.hello().contains("250-STARTTLS"));
    client.talk(
        "C: MAIL FROM:<alice@example.com>
         S: 530 5.7.0 Must issue a STARTTLS command first",
    );
    client.start_tls();
    assert!(!client.hello().contains("STARTTLS"));
    example.prints("127.0.0.1 speaks TLSv1.3 with TLS_");
    assert_eq!(client.send_message(MESSAGE), ACCEPTED);
    client.quit();
    example.ends_by_ctrl_c();
}

#[test]
fn authenticate_lets_users_send_from_their_own_address_only() {
    let example = Example::start("authenticate");
    let mut client = example.connect();
    assert!(!client.hello().contains("AUTH"));
    client.start_tls();
    assert!(client.hello().contains("250-AUTH PLAIN LOGIN"));
    // The passwords are "guessed", and twice "wonderland".
    client.talk(
        "C: MAIL FROM:<alice@example.com>
         S: 530 5.7.0 Authentication required
         C: AUTH PLAIN AGFsaWNlAGd1ZXNzZWQ=
         S: 535 5.7.8 Authentication credentials invalid
         C: AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=
         S: 235 2.7.0 Authentication successful
         C: MAIL FROM:<bob@example.com>
         S: 553 5.7.1 That is not your address",
    );
    assert_eq!(client.send_message(MESSAGE), ACCEPTED);
    client.quit();
    example.ends_by_ctrl_c();
}

#[test]
fn mechanisms_takes_a_token_and_knows_whose_it_is() {
    let example = Example::start("mechanisms");
    let mut client = example.connect();
    assert!(client.hello().contains("250-AUTH SCRAM-SHA-256 CRAM-MD5"));
    client.start_tls();
    let keywords = client.hello();
    assert!(
        keywords
            .contains("250-AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN OAUTHBEARER XOAUTH2 CRAM-MD5")
    );
    // "n,,^Aauth=Bearer guessed^A^A", and the same with down-the-rabbit-hole.
    client.talk(
        "C: AUTH OAUTHBEARER biwsAWF1dGg9QmVhcmVyIGd1ZXNzZWQBAQ==
         S: 334 eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=
         C: AQ==
         S: 535 5.7.8 Authentication credentials invalid
         C: AUTH OAUTHBEARER biwsAWF1dGg9QmVhcmVyIGRvd24tdGhlLXJhYmJpdC1ob2xlAQE=
         S: 235 2.7.0 Authentication successful
         C: MAIL FROM:<alice@example.com>
         S: 250 2.1.0 Sender OK",
    );
    assert_eq!(example.prints("from "), "from alice");
    client.quit();
    example.ends_by_ctrl_c();
}

// Outside Linux a host has only one of the addresses 127.0.0.0/8.
#[cfg(target_os = "linux")]
#[test]
fn limit_clients_refuses_one_address_and_third_connections() {
    let example = Example::start("limit_clients");
    let mut unwelcome = example.connect_from([127, 0, 0, 2]);
    unwelcome.talk(
        "S: 554 5.7.1 You are not welcome here
         C: EHLO client.example
         S: 503 No service for you here; send QUIT",
    );
    unwelcome.quit();

    let first = example.connect();
    let second = example.connect();
    let mut third = example.connect_and_wait();
    assert_eq!(third.read_reply(), "421 4.7.0 Too many connections from your address");
    assert!(third.is_hung_up_on());
    // The open connections are still served, and so is another client.
    for mut client in [first, second] {
        client.hello();
        assert_eq!(client.send_message(MESSAGE), ACCEPTED);
        client.quit();
    }
    assert!(example.connect_from([127, 0, 0, 3]).read_reply().starts_with("220 "));
    example.ends_by_ctrl_c();
}

#[cfg(target_os = "linux")]
#[test]
fn throttle_allows_three_messages_a_minute_across_sessions() {
    let example = Example::start("throttle");
    let mut client = example.connect();
    client.hello();
    for _ in 0..2 {
        assert_eq!(client.send_message(MESSAGE), ACCEPTED);
    }
    let mut other_session = example.connect();
    other_session.hello();
    assert_eq!(other_session.send_message(MESSAGE), ACCEPTED);
    other_session.talk(
        "C: MAIL FROM:<alice@example.com>
         S: 450 4.7.1 Too many messages; come back in a minute",
    );
    other_session.quit();
    // Warnings are counted by session.
    client.talk(
        "C: MAIL FROM:<alice@example.com>
         S: 450 4.7.1 Too many messages; come back in a minute
         C: MAIL FROM:<alice@example.com>
         S: 450 4.7.1 Too many messages; come back in a minute
         C: MAIL FROM:<alice@example.com>
         S: 421 4.7.1 You do not listen",
    );
    assert!(client.is_hung_up_on());

    let mut somebody_else = example.connect_from([127, 0, 0, 3]);
    assert!(somebody_else.read_reply().starts_with("220 "));
    somebody_else.hello();
    assert_eq!(somebody_else.send_message(MESSAGE), ACCEPTED);
    somebody_else.quit();
    example.ends_by_ctrl_c();
}

#[test]
fn log_events_prints_what_happens_and_counts_it() {
    let example = Example::start("log_events");
    let mut client = example.connect();
    client.hello();
    assert_eq!(client.send_message(MESSAGE), ACCEPTED);
    client.quit();
    for event in [
        " connect from 127.0.0.1",
        " command: EHLO client.example",
        " hello from client.example",
        " mail from <alice@example.com>",
        " reply: 250 2.1.0 Sender OK",
        " rcpt to <bob@example.com>",
        ": 27 bytes",
        " disconnect: quit",
        "Counts { sessions: 1, messages: 1, bytes: 27, missed: 0 }",
    ] {
        example.prints(event);
    }
    example.ends_by_ctrl_c();
}

#[test]
fn own_verb_answers_xping_and_vrfy_in_its_own_way() {
    let example = Example::start("own_verb");
    let mut client = example.connect();
    client.talk(
        "C: XPING are you there?
         S: 250 2.0.0 pong: are you there?",
    );
    client.hello();
    client.talk(
        "C: xping again
         S: 250 2.0.0 pong: again
         C: VRFY Alice
         S: 250 2.1.5 Alice <alice@example.com>
         C: VRFY mallory
         S: 550 5.1.1 Never heard of them
         C: XPONG
         S: 500 5.5.1 Command not recognized; HELP lists the commands
         C: HELP",
    );
    let help = client.read_reply();
    assert!(help.starts_with("214 2.0.0 Commands: ") && help.contains(" XPING"), "{help}");
    client.quit();
    example.ends_by_ctrl_c();
}

#[test]
fn stream_to_disk_writes_while_reading_and_cleans_up() {
    const LINES: usize = 500_000;
    let line = [b'x'; 62];
    let example = Example::start("stream_to_disk");
    let directory = example.directory().join("mail/streamed");
    let begin = "C: MAIL FROM:<alice@example.com>
                 S: 250 2.1.0 Sender OK
                 C: RCPT TO:<bob@elsewhere.example>
                 S: 550 5.1.1 Recipient address rejected
                 C: RCPT TO:<postmaster>
                 S: 250 2.1.5 Recipient OK
                 C: RCPT TO:<bob@Example.com>
                 S: 250 2.1.5 Recipient OK
                 C: DATA
                 S: 354 End data with <CR><LF>.<CR><LF>";

    let mut client = example.connect();
    client.hello();
    client.talk(begin);
    let thousand_lines = [&line[..], b"\r\n"].concat().repeat(1_000);
    for _ in 0..LINES / 1_000 {
        client.send(&thousand_lines).expect("the server takes it");
    }
    client.say(".");
    let reply = client.read_reply();
    let path = reply.strip_prefix("250 2.6.0 Kept as ").expect("a positive reply");
    let kept = fs::read(example.directory().join(path)).expect("the file that the reply names");
    assert!(kept.starts_with(b"Return-Path: <alice@example.com>\r\n"));
    let bytes = (line.len() + 2) * LINES;
    assert!(kept[kept.len() - bytes..].chunks(64).all(|kept| kept[..62] == line && kept[62..] == *b"\r\n"));
    #[cfg(target_os = "linux")]
    assert!(example.peak_memory() < bytes as u64 / 2, "{} bytes of memory", example.peak_memory());

    // Another message of the same session does not replace it.
    assert_ne!(client.send_message(MESSAGE), reply);
    assert_eq!(files_in_number(&directory), 2);

    // A client that leaves in the middle of a message leaves no file.
    client.talk(begin);
    client.send(&thousand_lines).expect("the server takes it");
    assert_eq!(files_in_number(&directory), 3);
    drop(client);
    let until = Instant::now() + PATIENCE;
    while files_in_number(&directory) > 2 {
        assert!(Instant::now() < until, "the unfinished file is still there");
        std::thread::sleep(Duration::from_millis(10));
    }
    example.ends_by_ctrl_c();
}

fn files_in(directory: &Path) -> Vec<String> {
    let files = fs::read_dir(directory).expect("a directory");
    files.map(|file| fs::read_to_string(file.expect("a file").path()).expect("a text")).collect()
}

fn files_in_number(directory: &Path) -> usize {
    fs::read_dir(directory).expect("a directory").count()
}
