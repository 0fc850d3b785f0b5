//! The content of the log at each level, and its format.

use crate::support::{Client, Program, mailchute};
use rustix::process::Signal;

/// A program that logs at this level in this format, and a client that has sent EHLO.
fn logging(format: &str, level: &str) -> (Program, Client) {
    let arguments = ["--listen", "127.0.0.1:0", "--store", "discard:", "--log-level", level];
    let program = match format {
        "json" => Program::start_with_json(&arguments),
        _ => Program::start(&arguments),
    };
    let mut client = program.connect();
    client.read_reply();
    client.say("EHLO client.example");
    (program, client)
}

/// The log of a program that is told to stop.
fn log_of(program: Program) -> String {
    program.signal(Signal::TERM);
    let (code, log) = program.wait();
    assert_eq!(code, 0);
    log
}

#[test]
fn debug_has_a_line_for_connections_commands_and_ends() {
    for format in ["text", "json"] {
        let (program, mut client) = logging(format, "debug");
        client.say("QUIT");
        let log = log_of(program);
        for word in
            ["connected", "EHLO client.example", "221 2.0.0 Closing connection", "disconnected", "quit"]
        {
            let line =
                log.lines().find(|line| line.contains(word)).unwrap_or_else(|| panic!("{word}: {log}"));
            assert!(line.contains("session") && line.contains("127.0.0.1"), "{line}");
            assert_eq!(format == "json", line.starts_with('{') && line.ends_with('}'), "{line}");
        }
    }
}

#[test]
fn debug_has_a_line_for_each_chunk_of_a_message() {
    let (program, mut client) = logging("text", "debug");
    client.say("MAIL FROM:<a@b.example>");
    client.say("RCPT TO:<c@d.example>");
    assert!(client.say("BDAT 6\r\nX: y").starts_with("250 "));
    assert!(client.say("BDAT 8\r\n\r\ntext").starts_with("250 "));
    assert!(client.say("BDAT 0 LAST").starts_with("250 2.6.0 "));
    let log = log_of(program);
    for command in ["BDAT 6", "BDAT 8", "BDAT 0 LAST"] {
        assert_eq!(log.matches(&format!("command=\"{command}\"")).count(), 1, "{command}: {log}");
    }
}

#[test]
fn the_log_level_comes_by_flag_and_by_environment() {
    for (flag, variable) in [(Some("error"), None), (None, Some("error"))] {
        let mut arguments = vec!["--listen", "127.0.0.1:0", "--store", "discard:"];
        arguments.extend(flag.into_iter().flat_map(|level| ["--log-level", level]));
        let program = Program::start_with(&arguments, variable.map(|level| ("MAILCHUTE_LOG_LEVEL", level)));
        program.connect().read_reply();
        assert_eq!(log_of(program), "");
    }
}

#[test]
fn the_line_of_an_accepted_message_can_be_read_by_programs() {
    for format in ["text", "json"] {
        let (program, mut client) = logging(format, "info");
        client.say("MAIL FROM:<\"x recipients=9 \u{202e}\"@b.example> SMTPUTF8");
        client.say("RCPT TO:<c@d.example>");
        client.say("DATA");
        assert!(client.say("Subject: x\r\n.").starts_with("250 2.6.0 "));
        let log = log_of(program);
        let line = log.lines().find(|line| line.contains("accepted"));
        let line = line.unwrap_or_else(|| panic!("it is not in the log: {log}"));
        let expected = match format {
            "text" => concat!(
                r#"helo=client.example from="\"x recipients=9 \\u{202e}\"@b.example" to=c@d.example recipients=1 "#,
                r#"size=12 store="Message discarded as "#
            ),
            _ => concat!(
                r#""helo":"client.example","from":"\"x recipients=9 \\u{202e}\"@b.example","to":"c@d.example","#,
                r#""recipients":1,"size":12,"store":"Message discarded as "#
            ),
        };
        assert!(line.contains(expected), "{line}");
        assert_eq!(line.matches("\"message\":").count(), usize::from(format == "json"), "{line}");
    }
}

/// The lines at the default level for this client's actions, without the program's own lines.
fn lines_of(flags: &[&str], act: impl Fn(&Program, &mut Client)) -> Vec<String> {
    let program = Program::start(&[&["--listen", "127.0.0.1:0", "--store", "discard:"], flags].concat());
    let mut client = program.connect();
    client.read_reply();
    act(&program, &mut client);
    drop(client);
    let log = log_of(program);
    log.lines().filter(|line| line.contains(" session=")).map(str::to_owned).collect()
}

#[test]
fn health_checks_and_whole_sessions_are_not_in_the_default_log() {
    let sessions: [&[&str]; 4] = [
        &[],
        &["QUIT"],
        &["EHLO client.example", "NOOP", "VRFY a", "HELP", "RSET", "QUIT"],
        &["EHLO client.example", "MAIL FROM:<>", "RSET"],
    ];
    for said in sessions {
        let lines = lines_of(&[], |_, client| said.iter().for_each(|line| drop(client.say(line))));
        assert_eq!(lines, [""; 0], "{said:?}");
    }
    // No handshake happens.
    let program =
        Program::start(&["--tls-listen", "127.0.0.1:0", "--store", "discard:", "--proxy-from", "::1"]);
    drop(std::net::TcpStream::connect(program.address(0)).unwrap());
    assert_eq!(log_of(program).matches("session=").count(), 0);
}

#[test]
fn health_checks_of_a_proxy_are_not_in_the_default_log() {
    use std::io::{Read as _, Write as _};
    let flags = ["--listen", "127.0.0.1:0", "--store", "discard:", "--proxy-from", "127.0.0.1"];
    let program = Program::start(&flags);
    for check in [&b""[..], b"PROXY UNKNOWN\r\n", b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"] {
        let mut stream = std::net::TcpStream::connect(program.address(0)).unwrap();
        stream.write_all(check).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let mut stream = std::net::TcpStream::connect(program.address(0)).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
    let log = log_of(program);
    let lines: Vec<_> = log.lines().filter(|line| line.contains("client=")).collect();
    assert!(matches!(&lines[..], [line] if line.contains(" WARN turned away client=127.0.0.1 ")), "{log}");
}

#[test]
fn a_refusal_is_one_line_at_the_default_level() {
    let lines = lines_of(&["--domain", "example.com"], |_, client| {
        client.say("EHLO client.example");
        client.say("MAIL FROM:<a@b.example>");
        client.say("RCPT TO:<c@example.com>");
        client.say("RCPT TO:<x@elsewhere.example>");
        client.say("DATA");
        client.say("a\nb\r\n.");
    });
    let [refused, message, _end] = &lines[..] else { panic!("{lines:?}") };
    let expected = concat!(
        "helo=client.example from=a@b.example command=\"RCPT TO:<x@elsewhere.example>\" ",
        "reply=\"550 5.7.1 "
    );
    assert!(refused.contains(" INFO refused session=") && refused.contains(expected), "{refused}");
    assert!(message.contains(" INFO refused session=") && message.contains(" message="), "{message}");
    let expected = "helo=client.example from=a@b.example to=c@example.com reply=\"550 5.5.2 ";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn sessions_that_end_badly_have_a_line_at_the_default_level() {
    let in_transaction = |_: &Program, client: &mut Client| {
        client.say("EHLO client.example");
        client.say("MAIL FROM:<a@b.example>");
    };
    let [line] = &lines_of(&[], in_transaction)[..] else { panic!("one line") };
    for part in
        [" INFO disconnected ", " cause=\"client gone\" helo=client.example from=a@b.example messages=0 "]
    {
        assert!(line.contains(part), "{line}");
    }
    let lines = lines_of(&["--timeout", "command=1"], |_, client| drop(client.read_reply()));
    assert!(matches!(&lines[..], [line] if line.contains(" cause=timeout ")), "{lines:?}");
    let lines = lines_of(&[], |_, client| {
        client.say("EHLO client.example");
        client.say("STARTTLS");
    });
    assert!(matches!(&lines[..], [line] if line.contains(" the TLS handshake failed ")), "{lines:?}");
}

#[test]
fn what_one_client_has_written_to_the_log_is_bounded() {
    // Not even for thousands of refusals and long lines, with the limit on errors disabled.
    let lines = lines_of(
        &["--limit", "errors=0", "--domain", "example.com", "--limit", "recipients=1"],
        |_, client| {
            client.say(&format!("EHLO {}", "x".repeat(200)));
            client.say("MAIL FROM:<a@b.example>");
            client.say("RCPT TO:<c@example.com>");
            for _ in 0..300 {
                assert!(
                    client.say(&format!("RCPT TO:<{}@example.com>", "\u{1}".repeat(60))).starts_with('5')
                );
                assert!(client.say("RCPT TO:<d@example.com>").starts_with("452 "));
                assert!(client.say(&"y".repeat(2000)).starts_with('5'));
            }
        },
    );
    assert_eq!(lines.len(), 101);
    assert!(lines.iter().all(|line| line.len() < 2000), "{lines:?}");
    assert!(lines[100].contains(" refusals=900 "), "{}", lines[100]);
}

#[test]
fn in_json_all_that_is_written_is_json() {
    let directory = tempfile::tempdir().unwrap();
    let config = crate::support::write_config(directory.path(), "log-format = \"json\"\ncolour = 1\n");
    for arguments in [
        &["--log-format", "json", "--listen", "nowhere"][..],
        &["serve", "--log-format=json", "--colour"],
        &["--log-format", "json", "--store", "maildir:/dev/null/x"],
        &["--config", &config],
    ] {
        let done = mailchute(arguments).output().unwrap();
        let [out, error] = [done.stdout, done.stderr].map(|text| String::from_utf8(text).unwrap());
        assert_eq!(out, "", "{arguments:?}");
        assert!(!error.is_empty() && matches!(done.status.code(), Some(2 | 3)), "{arguments:?}: {error}");
        for line in error.lines() {
            assert!(line.starts_with("{\"time\":\"20") && line.ends_with("\"}"), "{arguments:?}: {line}");
            assert!(line.contains(",\"level\":\"error\",\"event\":\"failed\",\"error\":\""), "{line}");
        }
    }
    // Other commands print their errors for people.
    let done = mailchute(&["check", "--log-format", "json", "--listen", "nowhere"]).output().unwrap();
    assert!(done.stderr.starts_with(b"error: ") || done.stderr.starts_with(b"mailchute: "));
}
