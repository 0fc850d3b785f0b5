//! The examples of complete programs.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use crate::process::{Example, PATIENCE};
use crate::{ACCEPTED, MESSAGE};

/// All files of a directory that an example wrote, one after the other, with LF line ends.
fn kept(example: &Example, directory: &str) -> String {
    let files = fs::read_dir(example.directory().join(directory)).expect("a directory");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read_to_string(path).expect("a text").replace("\r\n", "\n")).collect()
}

#[test]
fn rewrite_content_changes_fields_and_links() {
    let example = Example::start("rewrite_content");
    let mut client = example.connect();
    client.hello();
    let message = "Subject: prize\nX-Internal-Route: west\nBcc: eve@example.com\n\nhttp://evil.example/";
    assert!(client.send_message(message).starts_with("250 2."));
    let message = kept(&example, "mail/new");
    let (header, body) = message.split_once("\n\n").expect("a header");
    assert_eq!(body, "hxxp://evil.example/\n");
    for field in ["Subject: [external] prize", "X-Client-Address: 127.0.0.1"] {
        assert!(header.lines().any(|line| line == field), "{header}");
    }
    for name in ["Date: ", "Message-ID: <"] {
        assert_eq!(header.lines().filter(|line| line.starts_with(name)).count(), 1, "{header}");
    }
    assert!(!header.contains("X-Internal-Route") && !header.contains("Bcc"), "{header}");
    example.ends_by_ctrl_c();
}

#[test]
fn help_desk_knows_the_tickets_of_each_sender() {
    let example = Example::start("help_desk");
    let mut client = example.connect();
    client.hello();
    for to in ["help", "help+1"] {
        client.talk(&format!(
            "C: MAIL FROM:<alice@home.example>
             S: 250 2.1.0 Sender OK
             C: RCPT TO:<{to}@example.com>
             S: 250 2.1.5 Recipient OK
             C: DATA
             S: 354 End data with <CR><LF>.<CR><LF>
             C: .
             S: 250 2.6.0 Ticket 1: write to help+1@example.com"
        ));
    }
    client.talk(
        "C: MAIL FROM:<alice@home.example>
         S: 250 2.1.0 Sender OK
         C: RCPT TO:<help+2@example.com>
         S: 550 5.1.1 You have no such ticket
         C: RCPT TO:<help+x@example.com>
         S: 550 5.1.1 You have no such ticket
         C: RCPT TO:<help@elsewhere.example>
         S: 550 5.1.1 No such user here
         C: RSET
         S: 250 2.0.0 OK
         C: MAIL FROM:<eve@home.example>
         S: 250 2.1.0 Sender OK
         C: RCPT TO:<help+1@example.com>
         S: 550 5.1.1 You have no such ticket",
    );
    example.ends_by_ctrl_c();
}

#[test]
fn webhook_answers_what_the_application_answers() {
    let example = Example::start("webhook");
    let mut client = example.connect();
    client.hello();
    assert_eq!(client.send_message(MESSAGE), "250 2.6.0 Taken: lunch");
    let json = example.prints("\"sender\":\"alice@example.com\"");
    assert!(json.contains("\"text\":\"At one?"), "{json}");
    assert!(client.send_message("Subject: Spam\n\n").starts_with("554 5.6.0 "));
    assert!(client.send_message("Subject: Busy\n\n").starts_with("451 4.3.0 "));
    example.ends_by_ctrl_c();
}

#[test]
fn users_in_database_takes_the_right_password_only() {
    let example = Example::start("users_in_database");
    let mut client = example.connect();
    assert!(client.hello().contains("AUTH SCRAM-SHA-256"));
    client.start_tls();
    assert!(client.hello().contains("AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN"));
    client.talk(
        "C: MAIL FROM:<alice@example.com>
         S: 530 5.7.0 Authentication required
         C: AUTH PLAIN AGFsaWNlAGd1ZXNzZWQ=
         S: 535 5.7.8 Authentication credentials invalid
         C: AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=
         S: 235 2.7.0 Authentication successful",
    );
    assert_eq!(client.send_message(MESSAGE), ACCEPTED);
    example.ends_by_ctrl_c();
}

#[test]
fn deliver_by_lmtp_answers_for_each_recipient() {
    let example = Example::start("deliver_by_lmtp");
    let mut client = example.connect_and_wait();
    assert!(client.read_reply().ends_with(" LMTP Mailchute"));
    client.say("LHLO client.example");
    client.read_reply();
    client.talk(
        "C: MAIL FROM:<alice@example.com>
         S: 250 2.1.0 Sender OK
         C: RCPT TO:<\"../mail/bob\"@example.com>
         S: 550 5.1.1 Recipient address rejected
         C: RCPT TO:<nobody@example.com>
         S: 550 5.1.1 Recipient address rejected
         C: RCPT TO:<alice@example.com>
         S: 250 2.1.5 Recipient OK
         C: RCPT TO:<carol@example.com>
         S: 250 2.1.5 Recipient OK
         C: RCPT TO:<Bob@example.com>
         S: 250 2.1.5 Recipient OK
         C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: .
         S: 250 2.1.5 Delivered
         S: 452 4.2.2 Mailbox full
         S: 250 2.1.5 Delivered",
    );
    for (directory, recipient) in [("mail/alice", "alice"), ("mail/bob", "Bob")] {
        let message = kept(&example, directory);
        let named: Vec<_> = message.lines().filter(|line| line.starts_with("Delivered-To: ")).collect();
        assert_eq!(named, [format!("Delivered-To: {recipient}@example.com")]);
    }
    example.ends_by_ctrl_c();
}

#[test]
fn tenants_take_nothing_from_who_asks_for_no_tenant() {
    let example = Example::start("tenants");
    let mut client = example.connect();
    client.hello();
    client.talk(
        "C: MAIL FROM:<alice@example.com>
         S: 530 5.7.0 Must issue a STARTTLS command first",
    );
    client.start_tls();
    client.hello();
    client.talk(
        "C: MAIL FROM:<alice@example.com>
         S: 250 2.1.0 Sender OK
         C: RCPT TO:<bob@red.example>
         S: 550 5.7.1 Ask for mx.red.example or mx.blue.example in TLS",
    );
    example.ends_by_ctrl_c();
}

#[test]
fn monitor_tells_a_browser_what_happens() {
    let example = Example::start("monitor");
    let line = example.printed_first().first().expect("the address of the monitor");
    let address = line.trim_start_matches("the monitor is at http://").trim_end_matches('/');
    let mut browser = TcpStream::connect(address).expect("it listens");
    browser.set_read_timeout(Some(PATIENCE)).expect("a socket");
    browser.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("it takes a request");
    let mut lines = BufReader::new(browser).lines().map(|line| line.expect("a line in time"));
    assert!(lines.any(|line| line == ": watching"));
    let mut client = example.connect();
    client.hello();
    assert_eq!(client.send_message(MESSAGE), ACCEPTED);
    assert!(lines.any(|line| line.starts_with("data: {") && line.ends_with("\"to\":\"bob@example.com\"}")));
    assert!(lines.any(|line| line.contains("\"event\":\"message\"")));
    client.quit();
    example.ends_by_ctrl_c();
}

#[test]
fn greylist_takes_mail_that_comes_again_later() {
    let example = Example::start("greylist");
    let mut client = example.connect();
    client.hello();
    client.talk(
        "C: MAIL FROM:<alice@example.com>
         S: 250 2.1.0 Sender OK
         C: RCPT TO:<bob@elsewhere.example>
         S: 550 5.1.1 Recipient address rejected
         C: RCPT TO:<bob@example.com>
         S: 451 4.7.1 Greylisted; come back in a moment
         C: RSET
         S: 250 2.0.0 OK",
    );
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert_eq!(client.send_message(MESSAGE), ACCEPTED);
    example.ends_by_ctrl_c();
}

#[test]
fn limit_sender_counts_recipients_across_connections() {
    let example = Example::start("limit_sender");
    for _ in 0..3 {
        let mut client = example.connect();
        client.hello();
        assert_eq!(client.send_message(MESSAGE), ACCEPTED);
        client.quit();
    }
    let mut client = example.connect();
    client.hello();
    client.talk(
        "C: MAIL FROM:<ALICE@example.com>
         S: 250 2.1.0 Sender OK
         C: RCPT TO:<bob@example.com>
         S: 450 4.7.1 Too many recipients for now; 3 an hour are yours
         C: RSET
         S: 250 2.0.0 OK
         C: MAIL FROM:<carol@example.com>
         S: 250 2.1.0 Sender OK
         C: RCPT TO:<bob@example.com>
         S: 250 2.1.5 Recipient OK",
    );
    example.ends_by_ctrl_c();
}

#[test]
fn scan_stream_finds_what_is_cut_in_two() {
    let example = Example::start("scan_stream");
    let mut client = example.connect();
    client.hello();
    assert_eq!(client.send_message(MESSAGE), ACCEPTED);
    let refused = "554 5.7.1 This message carries EICAR";
    let (first, second) = ("$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$");
    assert_eq!(client.send_message(&format!("Subject: x\n\n{first}{second}")), refused);
    client.talk(
        "C: MAIL FROM:<alice@example.com>
         S: 250 2.1.0 Sender OK
         C: RCPT TO:<bob@example.com>
         S: 250 2.1.5 Recipient OK
         C: BDAT 16",
    );
    client.send(first.as_bytes()).expect("the server takes it");
    client.talk("S: 250 2.0.0 16 octets received");
    client.say("BDAT 21 LAST");
    client.send(second.as_bytes()).expect("the server takes it");
    assert_eq!(client.read_reply(), refused);
    example.ends_by_ctrl_c();
}

#[test]
fn mailing_list_sends_to_all_members_but_the_writer() {
    let example = Example::start("mailing_list");
    let mut client = example.connect();
    client.hello();
    client.talk(
        "C: MAIL FROM:<eve@example.com>
         S: 250 2.1.0 Sender OK
         C: RCPT TO:<crew@lists.example>
         S: 550 5.7.2 Only members may write to crew@lists.example
         C: RSET
         S: 250 2.0.0 OK
         C: MAIL FROM:<alice@example.com>
         S: 250 2.1.0 Sender OK
         C: RCPT TO:<crew@lists.example>
         S: 250 2.1.5 Recipient OK
         C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: Subject: ahoy
         C: .",
    );
    assert!(client.read_reply().starts_with("250 2."));
    let message = kept(&example, "mail/new");
    let named: Vec<_> = message.lines().filter(|line| line.starts_with("Delivered-To: ")).collect();
    assert_eq!(named, ["Delivered-To: bob@example.com", "Delivered-To: carol@example.com"]);
    assert!(message.contains("\nSubject: [crew] ahoy\n"), "{message}");
    example.ends_by_ctrl_c();
}

#[test]
fn relay_says_what_the_next_server_says() {
    let example = Example::start("relay");
    let mut client = example.connect();
    client.hello();
    assert_eq!(client.send_message(MESSAGE), "250 2.6.0 Passed on");
    assert!(kept(&example, "mail/new").contains("\nX-Relayed-For: 127.0.0.1\n"));
    client.talk(
        "C: MAIL FROM:<>
         S: 250 2.1.0 Sender OK
         C: RCPT TO:<nobody@example.com>
         S: 250 2.1.5 Recipient OK
         C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: .
         S: 550 5.1.1 Recipient address rejected",
    );
    example.ends_by_ctrl_c();
}

#[test]
fn catch_all_gives_a_test_the_mail_that_it_waits_for() {
    let example = Example::start("catch_all");
    let line = example.printed_first().first().expect("the address of the inbox");
    let address = line.trim_start_matches("the inbox is at http://").trim_end_matches('/');
    let ask = |path: &str| {
        let mut socket = TcpStream::connect(address).expect("it listens");
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
        write!(socket, "GET /{path} HTTP/1.0\r\nHost: localhost\r\n\r\n").expect("it takes a request");
        std::io::read_to_string(socket).expect("an answer")
    };
    let nothing = ask("bob@example.com?seconds=0");
    assert!(nothing.starts_with("HTTP/1.0 404 "), "{nothing}");
    let mut client = example.connect();
    client.hello();
    assert!(client.send_message(MESSAGE).starts_with("250 2."));
    let message = ask("bob@example.com");
    assert!(message.contains("Subject: lunch\r\n\r\nAt one?"), "{message}");
    example.ends_by_ctrl_c();
}
