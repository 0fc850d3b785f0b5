//! `mailchute talk` against the program itself, and against servers that do not behave.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Output, Stdio};
use std::thread;

use rustix::process::{Pid, Signal};

use crate::support::{Program, mailchute, run, write_certificate};

/// Runs a talk with this input. Returns the exit code and what was printed.
fn talk(arguments: &[&str], input: &str) -> (i32, String) {
    let mut child = mailchute(&["talk"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    (status.code().unwrap(), text)
}

/// Removes the seconds in front of each line.
fn without_times(text: &str) -> String {
    let lines = text.lines().map(|line| match line.trim_start().strip_prefix('+') {
        Some(rest) => rest.split_once(' ').map_or(rest, |(_, line)| line),
        None => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A server that says these bytes, and closes the connection after a line of the client.
fn saying(bytes: &'static [u8]) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(bytes).unwrap();
        let mut heard = String::new();
        BufReader::new(stream).read_line(&mut heard).unwrap();
        heard
    });
    (address, server)
}

fn program(directory: &tempfile::TempDir, more: &[&str]) -> Program {
    let url = format!("maildir:{}", directory.path().join("mail").display());
    let mut arguments = vec!["--listen", "127.0.0.1:0", "--store", &url, "--hostname", "mx.example.com"];
    arguments.extend(more);
    Program::start(&arguments)
}

fn kept(directory: &tempfile::TempDir) -> Vec<String> {
    let files = std::fs::read_dir(directory.path().join("mail/new")).unwrap();
    files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn a_message_goes_by_starttls_and_each_line_is_explained() {
    let directory = tempfile::tempdir().unwrap();
    let program = program(&directory, &[]);
    let (code, text) = talk(
        &[&program.address(0).to_string()],
        "EHLO a.example\nSTARTTLS\nEHLO a.example\nMAIL FROM:<a@b.example>\nRCPT TO:<you@example.com>\nDATA\n\
         Subject: hi\n\n..dot\n.\n",
    );
    let shown = without_times(&text);
    assert_eq!(code, 0, "{text}");
    for lines in [
        "S: 220 mx.example.com ESMTP Mailchute\n          | Welcome. ",
        "C: EHLO a.example\n          | EHLO: Greet the server. ",
        "S: 250-STARTTLS\n          | Encryption. ",
        "* TLS is up: TLSv1.3 TLS_",
        "* THE CERTIFICATE IS NOT VERIFIED: ",
        "S: 250 2.1.5 Recipient OK\n          | Recipient accepted. ",
        "S: 354 End data with <CR><LF>.<CR><LF>\n          | Send the message now. ",
        "C: (22 bytes of a message)",
        "C: QUIT\n          | End the session. ",
        "S: 221 2.0.0 Closing connection\n          | Goodbye. ",
    ] {
        assert!(shown.contains(lines), "no {lines:?} in\n{shown}");
    }
    let kept = kept(&directory);
    assert!(kept.len() == 1 && kept[0].ends_with("\nSubject: hi\n\n.dot\n"), "{kept:?}");
    assert!(kept[0].contains("with ESMTPS"), "{kept:?}");
}

#[test]
fn a_trusted_certificate_that_names_the_host_is_verified() {
    let directory = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| directory.path().join(name).display().to_string());
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let program =
        program(&directory, &["--tls-listen", "127.0.0.1:0", "--tls-cert", &cert, "--tls-key", &key]);
    let port = program.address(1).port();
    let (code, text) = talk(&[&format!("smtps://localhost:{port}"), "--ca", &cert], "EHLO a.example\n");
    assert!(code == 0 && text.contains("* the certificate is verified; it names localhost\n"), "{text}");
    let (code, text) = talk(&[&format!("smtps://127.0.0.1:{port}"), "--ca", &cert], "EHLO a.example\n");
    assert!(code == 0 && text.contains("* THE CERTIFICATE IS NOT VERIFIED: "), "{text}");
    let (other, _) = write_certificate(directory.path());
    let (code, text) = talk(&[&format!("smtps://localhost:{port}"), "--ca", &other], "EHLO a.example\n");
    assert!(code == 0 && text.contains("NOT VERIFIED: "), "{text}");
}

#[test]
fn credentials_are_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let program = program(&directory, &["--auth-any", "--allow-plaintext-auth"]);
    let (code, text) = talk(
        &[&program.address(0).to_string()],
        "EHLO a.example\nAUTH LOGIN\nYWxpY2U=\nd29uZGVy\nMAIL FROM:<a@b.example>\nRSET\nQUIT\n",
    );
    assert!(code == 0 && text.contains("S: 235 2.7.0 "), "{text}");
    let (_, more) =
        talk(&[&program.address(0).to_string()], "EHLO a.example\nAUTH PLAIN AGFsaWNlAHdvbmRlcg==\n");
    assert!(more.contains("C: AUTH PLAIN (left out, as it may hold credentials)\n"), "{more}");
    for secret in ["YWxpY2U", "d29uZGVy", "AGFsaWNl"] {
        assert!(!text.contains(secret) && !more.contains(secret), "{text}{more}");
    }
}

#[test]
fn the_exit_code_tells_the_last_reply_before_quit() {
    let directory = tempfile::tempdir().unwrap();
    let program = program(&directory, &["--domain", "example.com"]);
    let address = program.address(0).to_string();
    let begin = "EHLO a.example\nMAIL FROM:<a@b.example>\n";
    let (code, text) = talk(&[&address], &format!("{begin}RCPT TO:<you@elsewhere.example>\nQUIT\n"));
    assert!(code == 1 && without_times(&text).contains("The server refuses this recipient"), "{text}");
    let (code, _) = talk(&[&address], &format!("{begin}RCPT TO:<you@example.com>\n"));
    assert_eq!(code, 0);
    let (code, text) = talk(&["127.0.0.1:1"], "");
    assert!(code == 3 && text.contains("cannot connect: "), "{text}");
    assert_eq!(run(&["talk", "nowhere"]).0, 2);
}

#[test]
fn an_input_that_ends_within_the_message_sends_none() {
    let directory = tempfile::tempdir().unwrap();
    let program = program(&directory, &[]);
    let begin = "EHLO a.example\nMAIL FROM:<a@b.example>\nRCPT TO:<you@example.com>\nDATA\n";
    let (code, text) = talk(&[&program.address(0).to_string()], &format!("{begin}Subject: half\n"));
    assert!(code == 1 && text.contains("* the input ended within the message"), "{text}");
    let stuffed = format!("{begin}Subject: dots\n\n.one\n..two\n.\n");
    let (code, text) = talk(&["--dot-stuff", "--no-explain", &program.address(0).to_string()], &stuffed);
    assert!(code == 0 && !text.contains(" | "), "{text}");
    let kept = kept(&directory);
    assert!(kept.len() == 1 && kept[0].ends_with("Subject: dots\n\n.one\n..two\n"), "{kept:?}");
}

#[test]
fn bdat_takes_its_bytes_from_the_lines() {
    let directory = tempfile::tempdir().unwrap();
    let program = program(&directory, &[]);
    let (code, text) = talk(
        &[&program.address(0).to_string()],
        "EHLO a.example\nMAIL FROM:<a@b.example>\nRCPT TO:<you@example.com>\nBDAT 16\nSubject: parts\n\nBDAT 6 LAST\n\
         body\nRSET\n",
    );
    assert!(code == 0 && text.contains("S: 250 2.0.0 16 octets received\n"), "{text}");
    let text = without_times(&text);
    assert!(text.contains("C: RSET\n"), "{text}");
    let kept = kept(&directory);
    assert!(kept.len() == 1 && kept[0].ends_with("Subject: parts\nbody\n"), "{kept:?}");
}

#[test]
fn lmtp_has_a_reply_for_each_recipient() {
    let directory = tempfile::tempdir().unwrap();
    let socket = format!("unix:{}", directory.path().join("lmtp").display());
    let _program = program(&directory, &["--lmtp", &socket]);
    let (code, text) = talk(
        &[&format!("lmtp:{socket}")],
        "LHLO a.example\nMAIL FROM:<a@b.example>\nRCPT TO:<one@example.com>\nRCPT TO:<two@example.com>\nDATA\n\
         Subject: hi\n.\nNOOP\n",
    );
    assert_eq!(code, 0, "{text}");
    let shown = without_times(&text);
    let replies = shown.split_once("C: (13 bytes").unwrap().1.split_once("C: NOOP").unwrap().0;
    assert_eq!(replies.matches("S: 250 2.6.0 ").count(), 2, "{shown}");
}

#[test]
fn a_server_cannot_control_the_terminal() {
    let (address, server) =
        saying(b"220 hi \x1b[2J\x07\n250-\xffx\r\r\n\xe2\x80\xae nonsense\r\n250 end\r\n");
    let (code, text) = talk(&[&address], "NOOP\n");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    let shown = without_times(&text);
    assert!(shown.contains("S: 220 hi \\u{1b}[2J\\u{7}\\n\n          | Welcome. "), "{shown}");
    for lines in ["S: 250-\\xffx\\r\n", "S: \\u{202e} nonsense\n          | Not a reply: "] {
        assert!(shown.contains(lines), "no {lines:?} in\n{shown}");
    }
    assert!(shown.contains("* the server closed the connection"), "{shown}");
    assert_eq!(code, 0);
    assert_eq!(server.join().unwrap(), "NOOP\r\n");
}

#[test]
fn an_interrupt_ends_the_talk_with_quit() {
    let directory = tempfile::tempdir().unwrap();
    let program = program(&directory, &[]);
    let mut child = mailchute(&["talk", "--no-explain", &program.address(0).to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.by_ref().any(|line| line.contains("S: 220 mx.example.com")));
    rustix::process::kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let rest: Vec<_> = lines.collect();
    assert!(rest.iter().any(|line| line.ends_with("C: QUIT")), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("S: 221 2.0.0 ")), "{rest:?}");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_silent_server_ends_the_talk_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (code, text) = talk(&["--timeout", "1s", &address], "");
    assert!(code == 1 && text.contains("the server did not answer in time; see --timeout"), "{text}");
}
