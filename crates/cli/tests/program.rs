//! The program receives mail, and exits as documented.

use std::io::{BufRead as _, BufReader};
use std::os::unix::net::UnixStream;

use crate::support::{Client, Program};
use rustix::process::Signal;

fn maildir() -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("maildir:{}", directory.path().join("mail").display());
    (directory, url)
}

fn messages(directory: &tempfile::TempDir) -> Vec<String> {
    let new = directory.path().join("mail/new");
    std::fs::read_dir(new)
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect()
}

#[test]
fn a_message_is_in_the_maildir_when_the_250_comes() {
    let (directory, url) = maildir();
    let program =
        Program::start(&["--listen", "127.0.0.1:0", "--store", &url, "--hostname", "mx.example.com"]);
    let mut client = program.connect();
    client.begin_message("anybody@wherever.example");
    assert!(client.say("Subject: hello\r\n\r\n..dots\r\n.").starts_with("250 2.6.0 "));
    let kept = messages(&directory);
    assert_eq!(kept.len(), 1);
    assert!(
        kept[0].starts_with("Return-Path: <a@b.example>\nDelivered-To: anybody@wherever.example\nReceived: ")
    );
    assert!(kept[0].contains("by mx.example.com (Mailchute) with ESMTP id "));
    assert!(kept[0].ends_with("\nSubject: hello\n\n.dots\n"));
    assert!(client.say("QUIT").starts_with("221 2.0.0 "));
}

#[test]
fn it_says_where_it_listens_and_where_mail_goes() {
    let program = Program::start(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--tls-listen",
        "127.0.0.1:0",
        "--store",
        "discard:",
    ]);
    assert_eq!(program.welcome[0], format!("listening on {} (smtp, starttls)", program.address(0)));
    assert_eq!(program.welcome[1], format!("listening on {} (smtps)", program.address(1)));
    assert_eq!(program.welcome[2], "discarding all mail (discard:)");
    let mut client = program.connect();
    client.begin_message("a@example.com");
    assert!(client.say(".").starts_with("250 2.6.0 "));
}

#[test]
fn serves_lmtp_and_smtp_on_unix_sockets() {
    let directory = tempfile::tempdir().unwrap();
    let [smtp, lmtp] = ["smtp", "lmtp"].map(|name| directory.path().join(name));
    let [listen, deliver] = [&smtp, &lmtp].map(|path| format!("unix:{}", path.display()));
    let program = Program::start(&[
        "--listen",
        &listen,
        "--lmtp",
        &deliver,
        "--lmtp",
        "127.0.0.1:0",
        "--store",
        "discard:",
    ]);
    assert_eq!(program.welcome[0], format!("listening on {listen} (smtp, starttls)"));
    assert_eq!(program.welcome[1], format!("listening on {deliver} (lmtp)"));
    assert_eq!(program.welcome[2], format!("listening on {} (lmtp)", program.address(2)));
    for (path, protocol) in [(&smtp, "ESMTP"), (&lmtp, "LMTP")] {
        let mut greeting = String::new();
        let stream = UnixStream::connect(path).unwrap();
        BufReader::new(stream).read_line(&mut greeting).unwrap();
        assert!(greeting.ends_with(&format!(" {protocol} Mailchute\r\n")), "{greeting}");
    }
    assert!(Client::connect(program.address(2)).read_reply().ends_with(" LMTP Mailchute"));
    program.signal(Signal::TERM);
    assert_eq!(program.wait().0, 0);
    assert!(!smtp.exists() && !lmtp.exists());
}

#[test]
fn refuses_recipients_outside_the_given_domains() {
    let program = Program::start(&[
        "--listen",
        "127.0.0.1:0",
        "--store",
        "discard:",
        "--domain",
        "example.com",
        "--domain",
        "b.example",
    ]);
    let mut client = program.connect();
    client.read_reply();
    client.say("EHLO client.example");
    client.say("MAIL FROM:<>");
    assert_eq!(client.say("RCPT TO:<a@elsewhere.example>"), "550 5.7.1 Relaying denied");
    assert_eq!(client.say("RCPT TO:<a@sub.example.com>"), "550 5.7.1 Relaying denied");
    for ours in ["a@EXAMPLE.com", "a@b.example", "Postmaster"] {
        assert_eq!(client.say(&format!("RCPT TO:<{ours}>")), "250 2.1.5 Recipient OK");
    }
}

#[test]
fn limits_and_timeouts_come_from_flags() {
    let arguments = ["--listen", "127.0.0.1:0", "--store", "discard:", "--limit", "connections-per-client=1"];
    let program =
        Program::start(&[&arguments[..], &["--max-message-size", "1000", "--timeout", "command=1"]].concat());
    let mut first = program.connect();
    assert!(first.read_reply().starts_with("220 "));
    assert_eq!(program.connect().read_reply(), "421 4.7.0 Too many connections from your address");
    assert_eq!(first.say("EHLO x").split(' ').next(), Some("250"));
    assert_eq!(first.say("MAIL FROM:<> SIZE=1001"), "552 5.3.4 Message exceeds the maximum size");
    assert_eq!(first.read_reply(), "421 4.4.2 Timeout: closing connection");
}

#[test]
fn sigterm_and_sigint_end_idle_sessions_and_exit_with_0() {
    for signal in [Signal::TERM, Signal::INT] {
        let program = Program::start(&["--listen", "127.0.0.1:0", "--store", "discard:"]);
        let mut idle = program.connect();
        assert!(idle.read_reply().starts_with("220 "));
        program.signal(signal);
        assert_eq!(idle.read_reply(), "421 4.3.2 Service shutting down");
        assert_eq!(program.wait().0, 0);
    }
}

#[test]
fn a_message_that_is_under_way_at_sigterm_is_finished_and_kept() {
    let (directory, url) = maildir();
    let program = Program::start(&["--listen", "127.0.0.1:0", "--store", &url]);
    let (mut sending, mut idle) = (program.connect(), program.connect());
    sending.begin_message("a@example.com");
    assert!(idle.read_reply().starts_with("220 "));
    let address = program.address(0);
    program.signal(Signal::TERM);
    assert_eq!(idle.read_reply(), "421 4.3.2 Service shutting down");
    assert!(std::net::TcpStream::connect(address).is_err(), "no more connections are taken");
    assert!(sending.say("Subject: in time\r\n\r\n.").starts_with("250 2.6.0 "));
    assert_eq!(sending.read_reply(), "421 4.3.2 Service shutting down");
    assert_eq!(program.wait().0, 0);
    assert!(messages(&directory)[0].ends_with("Subject: in time\n\n"));
}

#[test]
fn a_client_that_never_shakes_hands_does_not_hold_up_the_end() {
    let program = Program::start(&[
        "--tls-listen",
        "127.0.0.1:0",
        "--store",
        "discard:",
        "--timeout",
        "handshake=3600",
    ]);
    let _silent = std::net::TcpStream::connect(program.address(0)).unwrap();
    program.signal(Signal::TERM);
    assert_eq!(program.wait().0, 0);
}

#[test]
fn sighup_changes_nothing_when_a_file_is_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = crate::support::write_certificate(directory.path());
    let good = std::fs::read_to_string(&certificate).unwrap();
    for (content, expected) in [
        ("no certificate".to_owned(), "cert.pem: holds no certificate"),
        (good.clone(), "read the certificates again"),
    ] {
        std::fs::write(&certificate, &good).unwrap();
        let pair = ["--tls-cert", &certificate, "--tls-key", &key];
        let program =
            Program::start(&[&["--listen", "127.0.0.1:0", "--store", "discard:"], &pair[..]].concat());
        let mut sending = program.connect();
        sending.begin_message("a@example.com");
        std::fs::write(&certificate, content).unwrap();
        program.signal(Signal::HUP);
        program.signal(Signal::TERM);
        assert!(sending.say(".").starts_with("250 2.6.0 "));
        let (code, log) = program.wait();
        assert_eq!(code, 0);
        assert!(log.contains(expected), "{log}");
        assert_eq!(log.contains("kept all certificates"), expected.starts_with("cert.pem"));
    }
}

#[test]
fn a_second_signal_cuts_off_what_the_first_one_waits_for() {
    let program = Program::start(&["--listen", "127.0.0.1:0", "--store", "discard:"]);
    let mut sending = program.connect();
    sending.begin_message("a@example.com");
    let mut idle = program.connect();
    idle.read_reply();
    program.signal(Signal::TERM);
    // Its farewell shows that it has seen the first signal.
    assert_eq!(idle.read_reply(), "421 4.3.2 Service shutting down");
    program.signal(Signal::TERM);
    let (code, log) = program.wait();
    assert_eq!(code, 1);
    assert!(log.contains("stopped at once by a second signal"), "{log}");
}

#[test]
fn refuses_a_message_past_the_file_size_limit() {
    let (directory, store) = maildir();
    let mut command = std::process::Command::new("sh");
    // In blocks of 512 bytes.
    command.args(["-c", "ulimit -f 200; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_mailchute")]);
    command.args(["--listen", "127.0.0.1:0", "--store", &store]);
    let program = Program::start_command(&mut command);
    let mut client: Client = program.connect();
    client.read_reply();
    client.say("EHLO client.example");
    for (size, reply) in [(400_000, "451 4.3.0 "), (10_000, "250 2.6.0 ")] {
        client.say("MAIL FROM:<a@b.example>");
        client.say("RCPT TO:<c@d.example>");
        client.say("DATA");
        let text = format!("{}\r\n", "x".repeat(98)).repeat(size / 100);
        let told = client.say(&format!("Subject: x\r\n\r\n{text}."));
        assert!(told.starts_with(reply), "{told}");
    }
    assert_eq!(std::fs::read_dir(directory.path().join("mail/tmp")).unwrap().count(), 0);
}
