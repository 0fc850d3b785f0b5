//! `use = "milter"` in `[[filter]]`, with a milter that adds a field.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;

use crate::support::{Client, Program, run, write_config};

/// Wants nothing but the end of each message, and adds a field then.
fn serve(mut stream: impl Read + Write) {
    let mut length = [0; 4];
    while stream.read_exact(&mut length).is_ok() {
        let mut packet = vec![0; u32::from_be_bytes(length) as usize];
        if stream.read_exact(&mut packet).is_err() {
            return;
        }
        let answer: &[u8] = match packet[0] {
            b'O' => b"\0\0\0\x0dO\0\0\0\x06\0\0\0\x01\0\0\x03\x7f",
            b'E' => b"\0\0\0\x0chX-Seen\0yes\0\0\0\0\x01c",
            _ => b"",
        };
        stream.write_all(answer).unwrap();
    }
}

/// A milter over TCP. Returns its address.
fn over_tcp() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("inet:{}", listener.local_addr().unwrap());
    thread::spawn(move || listener.incoming().for_each(|stream| serve(stream.unwrap())));
    address
}

/// A milter over a Unix socket. Returns its address.
fn over_unix(directory: &Path) -> String {
    let path = directory.join("milter.sock");
    let listener = UnixListener::bind(&path).unwrap();
    thread::spawn(move || listener.incoming().for_each(|stream| serve(stream.unwrap())));
    format!("unix:{}", path.display())
}

fn start(directory: &Path, filter: &str) -> Program {
    let store = directory.join("mail");
    let text = format!(
        "store = \"maildir:{}\"\nlisten = \"127.0.0.1:0\"\ndomain = \"example.com\"\n{filter}",
        store.display()
    );
    Program::start(&["serve", "--config", &write_config(directory, &text)])
}

/// The last reply to a message.
fn send(program: &Program) -> String {
    let mut client = program.connect();
    assert!(client.read_reply().starts_with("220 "));
    for command in ["EHLO client.example", "MAIL FROM:<alice@client.example>"] {
        let reply = client.say(command);
        if !reply.starts_with("250 ") {
            return reply;
        }
    }
    assert!(client.say("RCPT TO:<bob@example.com>").starts_with("250 "));
    assert!(client.say("DATA").starts_with("354 "));
    end(client)
}

fn end(mut client: Client) -> String {
    client.say("Subject: hello\r\n\r\nhi\r\n.")
}

#[test]
fn a_milter_edits_messages_also_in_the_sandbox() {
    for sandbox in [false, true] {
        for socket in ["tcp", "unix"] {
            let directory = tempfile::tempdir().unwrap();
            let url = if socket == "tcp" { over_tcp() } else { over_unix(directory.path()) };
            let filter = format!(
                "sandbox = {sandbox}\n[[filter]]\nuse = \"milter\"\nurl = \"{url}\"\nname = \"clamav\"\n"
            );
            let mut program = start(directory.path(), &filter);
            let reply = send(&program);
            assert!(reply.starts_with("250 "), "{socket}: {reply}");
            assert!(program.logged("accepted").contains(" clamav=pass "), "{socket}");
            let kept = fs::read_dir(directory.path().join("mail/new")).unwrap().next().unwrap().unwrap();
            let kept = fs::read_to_string(kept.path()).unwrap();
            assert!(kept.contains("\nSubject: hello\nX-Seen: yes\n\nhi\n"), "{kept}");
        }
    }
}

#[test]
fn a_milter_that_is_gone_refuses_for_now_or_is_skipped() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = listener.local_addr().unwrap();
    drop(listener);
    for (on_failure, code) in [
        ("", "451 4.7.1"),
        ("on-failure = \"tempfail\"\n", "451 4.7.1"),
        ("on-failure = \"accept\"\n", "250 2.6.0"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let filter = format!("[[filter]]\nuse = \"milter\"\nurl = \"{url}\"\n{on_failure}");
        let mut program = start(directory.path(), &filter);
        let reply = send(&program);
        assert!(reply.starts_with(code), "{on_failure}: {reply}");
        let told = program.logged(" milter=failed ");
        assert!(told.contains("alice@client.example"), "{told}");
    }
}

#[test]
fn the_mistakes_of_a_milter_are_told_with_their_line() {
    for (filter, expected) in [
        ("url = \"/run/x\"\n", "write inet:HOST:PORT, HOST:PORT or unix:PATH"),
        (
            "url = \"unix:/run/x\"\nname = \"a b\"\n",
            "write 1 to 64 letters, digits, -, _ and ., such as clamav",
        ),
        ("url = \"unix:/run/x\"\non-failure = \"reject\"\n", "tempfail"),
        ("", "url"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let text =
            format!("store = \"discard:\"\ndomain = \"example.com\"\n[[filter]]\nuse = \"milter\"\n{filter}");
        let config = write_config(directory.path(), &text);
        let (code, told) = run(&["check", "--config", &config]);
        assert!(code != 0 && told.contains(expected), "{filter}: {told}");
    }
}
