//! A log without a reader delays nothing.

use std::process::Stdio;

use crate::support::{Client, Program, mailchute};
use rustix::process::Signal;

/// More than the pipe and the queue hold, of a log at the level debug.
const NOOPS: usize = 20_000;
const CONNECTIONS: usize = 1_000;

/// A program whose log has no reader, and is full.
fn flooded(format: &[&str]) -> Program {
    let arguments = [
        "--listen",
        "127.0.0.1:0",
        "--store",
        "discard:",
        "--log-level",
        "debug",
        "--limit",
        "junk-commands=0",
    ];
    let program = match format {
        [] => Program::start(&arguments),
        _ => Program::start_with_json(&arguments),
    };
    let mut client = program.connect();
    client.read_reply();
    client.say("EHLO client.example");
    for _ in 0..NOOPS / 100 {
        // The whole group is in the log before the reply to its last command is sent.
        assert!(client.say(&["NOOP"; 100].join("\r\n")).starts_with("250 "));
        (1..100).for_each(|_| assert!(client.read_reply().starts_with("250 ")));
    }
    for _ in 0..CONNECTIONS {
        assert!(program.connect().read_reply().starts_with("220 "));
    }
    program
}

#[test]
fn an_unread_log_holds_up_neither_clients_nor_the_end() {
    let mut program = flooded(&[]);
    let mut client: Client = program.connect();
    client.begin_message("a@example.com");
    assert!(client.say("Subject: x\r\n\r\n.").starts_with("250 "));
    program.signal(Signal::TERM);
    assert_eq!(client.read_reply(), "421 4.3.2 Service shutting down");
    assert_eq!(program.wait_without_reading(), 0);
}

#[test]
fn an_unread_log_says_later_how_many_lines_it_lacks() {
    for format in [&[][..], &["json"]] {
        let mut program = flooded(format);
        let line =
            program.logged(if format.is_empty() { "lines of the log were dropped" } else { "lines-dropped" });
        let count = line.trim_end().trim_end_matches('}').rsplit(['=', ':']).next().unwrap();
        let count: usize = count.parse().unwrap_or_else(|_| panic!("{line}"));
        // Each connection has two lines or more.
        assert!((1_000..NOOPS + 5 * CONNECTIONS).contains(&count), "{line}");
        assert!(line.contains(if format.is_empty() { " WARN " } else { r#""level":"warn""# }), "{line}");
        let mut client = program.connect();
        client.read_reply();
        client.say("NOOP after all");
        // No more lines are lost.
        assert!(program.logged("NOOP after all").contains("250 2.0.0"));
        program.signal(Signal::TERM);
        assert_eq!(program.wait().0, 0);
    }
}

#[test]
fn a_log_that_cannot_be_written_changes_nothing() {
    use std::io::{BufRead as _, BufReader, Read as _};
    for place in ["closed", "full"] {
        let arguments = ["--listen", "127.0.0.1:0", "--store", "discard:", "--log-level", "debug"];
        let mut command = match place {
            // The other end of the pipe is closed.
            "closed" => mailchute(&arguments),
            _ => {
                let mut command = mailchute(&arguments);
                command.stderr(std::fs::File::options().write(true).open("/dev/full").unwrap());
                command
            }
        };
        if place == "closed" {
            command.stderr(std::io::pipe().unwrap().1);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        drop(command);
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.split(' ').nth(2).unwrap().parse().unwrap();
        for _ in 0..10 {
            let mut client = Client::connect(address);
            client.begin_message("a@example.com");
            assert!(client.say("Subject: x\r\n\r\n.").starts_with("250 "), "{place}");
        }
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::TERM).unwrap();
        stdout.read_to_string(&mut line).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{place}");
    }
}
