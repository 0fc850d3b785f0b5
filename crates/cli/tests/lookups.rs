//! `recipients` of `[[domain]]`: users that a directory, an LMTP server or a web server knows.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

use rustix::process::Signal;

use crate::support::{Client, Program, run, write_config};

/// A client that has said MAIL.
fn client(program: &Program) -> Client {
    let mut client = program.connect();
    client.read_reply();
    client.say("EHLO client.example");
    client.say("MAIL FROM:<alice@client.example>");
    client
}

fn rcpt(program: &Program, to: &str) -> String {
    client(program).say(&format!("RCPT TO:<{to}>"))
}

/// An LMTP server that knows bob; the lines that it reads.
fn lmtp() -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let sender = sender.clone();
            std::thread::spawn(move || answer(stream.unwrap(), |line| sender.send(line.to_owned()).is_ok()));
        }
    });
    (address, lines)
}

fn answer(mut stream: TcpStream, told: impl Fn(&str) -> bool) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut reply = "220 users.example";
    while stream.write_all(format!("{reply}\r\n").as_bytes()).is_ok() {
        let Some(Ok(line)) = lines.next() else { return };
        reply = match line.as_str() {
            "RCPT TO:<bob@example.com>" => "250 2.1.5 Ok",
            "RCPT TO:<full@example.com>" => "552 5.2.2 Quota exceeded",
            "RCPT TO:<late@example.com>" => "451 4.3.0 Come again",
            line if line.starts_with("RCPT") => "550 5.1.1 Never heard of",
            _ => "250 2.0.0 Ok",
        };
        if !told(&line) {
            return;
        }
    }
}

fn asking(folder: &Path, recipients: &str, more: &str) -> String {
    let text = format!(
        "listen = \"127.0.0.1:0\"\nstore = \"maildir:{}/mail\"\n{more}\n[[domain]]\nname = [\"example.com\", \"example.org\"]\n\
         recipients = \"{recipients}\"\n",
        folder.display()
    );
    write_config(folder, &text)
}

#[test]
fn a_user_is_known_whose_directory_exists() {
    let folder = tempfile::tempdir().unwrap();
    let mail = folder.path().join("mail");
    fs::create_dir_all(mail.join("example.com/bob")).unwrap();
    let text = format!(
        "listen = \"127.0.0.1:0\"\nstore = \"maildir:{}/{{domain}}/{{user}}\"\n[[domain]]\nname = [\"example.com\", \
         \"example.org\"]\nrecipients = \"maildir\"\n",
        mail.display()
    );
    let program = Program::start(&["serve", "--config", &write_config(folder.path(), &text)]);
    let mut client = client(&program);
    for (to, reply) in [
        ("Bob+x@example.org", "250 2.1.5"),
        ("eve@example.com", "550 5.1.1 No such user here"),
        ("\"\"@example.com", "550 5.1.1 No such user here"),
        ("\"..\"@example.com", "550 5.1.1 No such user here"),
        (".mailchute@example.com", "5"),
        ("postmaster@example.com", "250 2.1.5"),
    ] {
        let told = client.say(&format!("RCPT TO:<{to}>"));
        assert!(told.starts_with(reply), "{to}: {told}");
    }
    client.say("RSET");
    client.say("MAIL FROM:<alice@client.example>");
    client.say("RCPT TO:<bob@example.com>");
    client.say("DATA");
    assert!(client.say("Subject: hello\r\n\r\nHello\r\n.").starts_with("250 2.6.0"));
    assert_eq!(fs::read_dir(mail.join("example.com/bob/new")).unwrap().count(), 1);
    let users: Vec<_> =
        fs::read_dir(mail.join("example.com")).unwrap().map(|user| user.unwrap().file_name()).collect();
    assert_eq!(users, ["bob"], "a refused user gets no directory");
    fs::create_dir(mail.join("example.com/eve")).unwrap();
    assert!(rcpt(&program, "eve@example.com").starts_with("250"), "a new user is known at once");
}

#[test]
fn another_server_is_asked_at_rcpt_once_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let (address, lines) = lmtp();
    let config =
        asking(folder.path(), &format!("lmtp:{address}"), "hostname = \"mx.example.com\"\nsandbox = true");
    let mut program = Program::start(&["serve", "--config", &config]);
    for _ in 0..2 {
        let mut client = client(&program);
        for (to, reply) in [
            ("Bob+x@example.org", "250 2.1.5"),
            ("eve@example.com", "550 5.1.1 No such user here"),
            ("full@example.com", "552 5.2.2 Quota exceeded"),
            ("late@example.com", "451 4.3.0 Come again"),
            ("bob@other.example", "550 5.7.1 Relaying denied"),
        ] {
            let told = client.say(&format!("RCPT TO:<{to}>"));
            assert!(told.starts_with(reply), "{to}: {told}");
        }
    }
    let of = |user: &str, lines: &[String]| lines.iter().filter(|line| line.contains(user)).count();
    let heard: Vec<_> = lines.try_iter().collect();
    assert_eq!(heard[..3], ["LHLO mx.example.com", "MAIL FROM:<>", "RCPT TO:<bob@example.com>"]);
    assert!(heard.iter().any(|line| line == "RSET") && !heard.iter().any(|line| line == "DATA"), "{heard:?}");
    assert_eq!(
        [of("bob@", &heard), of("eve@", &heard), of("full@", &heard), of("late@", &heard)],
        [1, 1, 2, 2]
    );
    program.signal(Signal::HUP);
    program.logged("read the configuration again");
    assert!(rcpt(&program, "bob@example.com").starts_with("250"));
    assert_eq!(of("bob@", &lines.try_iter().collect::<Vec<_>>()), 1, "a reload forgets the answers");
}

#[test]
fn refusals_by_a_server_count_as_guesses() {
    let folder = tempfile::tempdir().unwrap();
    let (address, _lines) = lmtp();
    let config = asking(folder.path(), &format!("lmtp:{address}"), "limits.errors = 3");
    let program = Program::start(&["serve", "--config", &config]);
    let mut client = client(&program);
    let guess = |number| client.say(&format!("RCPT TO:<guess{number}@example.com>"))[..3].to_owned();
    let replies: Vec<_> = (0..3).map(guess).collect();
    assert_eq!(replies, ["550", "550", "421"]);
}

#[test]
fn a_server_that_is_gone_puts_mail_off() {
    let folder = tempfile::tempdir().unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = asking(folder.path(), &format!("lmtp:{gone}"), "");
    let program = Program::start(&["serve", "--config", &config]);
    assert_eq!(rcpt(&program, "bob@example.com"), "451 4.4.1 The next server cannot be reached");
}

#[test]
fn the_server_of_the_store_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (address, _lines) = lmtp();
    let text = format!(
        "listen = \"127.0.0.1:0\"\n[[domain]]\nname = \"example.com\"\nrecipients = \"lmtp\"\nstore = \"lmtp:{address}\"\n"
    );
    let config = write_config(folder.path(), &text);
    let program = Program::start(&[
        "serve",
        "--config",
        &config,
        "--state",
        &folder.path().join("s").display().to_string(),
        "--store",
        "discard:",
    ]);
    assert!(rcpt(&program, "bob@example.com").starts_with("250"));
    assert_eq!(rcpt(&program, "eve@example.com"), "550 5.1.1 Never heard of");
}

#[test]
fn a_reload_changes_domains_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (address, _lines) = lmtp();
    let config = asking(folder.path(), "any", "");
    let mut program = Program::start(&["serve", "--config", &config]);
    assert!(rcpt(&program, "eve@example.com").starts_with("250"));
    asking(folder.path(), &format!("lmtp:{address}"), "");
    program.signal(Signal::HUP);
    program.logged("read the configuration again");
    assert!(rcpt(&program, "eve@example.com").starts_with("550 5.1.1"));
    asking(folder.path(), "maildir", "max-message-size = 5");
    program.signal(Signal::HUP);
    let told = program.logged("kept all certificates");
    assert!(
        told.contains("mailchute.toml:6:14: domain.recipients: the store of this domain has no directory"),
        "{told}"
    );
    assert!(rcpt(&program, "eve@example.com").starts_with("550 5.1.1"));
    let size = client(&program).say("RSET");
    assert!(size.starts_with("250"), "{size}");
}

#[test]
fn a_sandbox_does_not_allow_a_server_that_a_reload_names() {
    let folder = tempfile::tempdir().unwrap();
    let (address, _lines) = lmtp();
    let config = asking(folder.path(), "any", "sandbox = true");
    let mut program = Program::start(&["serve", "--config", &config]);
    asking(folder.path(), &format!("lmtp:{address}"), "sandbox = true");
    program.signal(Signal::HUP);
    let told = program.logged("kept all certificates");
    let place = "mailchute.toml:6:14: domain.recipients: this option cannot change while the program runs; restart, as the sandbox";
    assert!(told.contains(place), "{told}");
}

/// A web server that knows bob and eve; the paths that are asked for.
fn web() -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, paths) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let sender = sender.clone();
            std::thread::spawn(move || respond(stream.unwrap(), |path| sender.send(path.to_owned()).is_ok()));
        }
    });
    (address, paths)
}

fn respond(mut stream: TcpStream, told: impl Fn(&str) -> bool) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    while let Some(Ok(line)) = lines.next() {
        let Some(path) = line.strip_prefix("GET ").and_then(|line| line.strip_suffix(" HTTP/1.1")) else {
            continue;
        };
        let status = match path.rsplit(['=', '/']).next().unwrap() {
            "bob%40example.com" => "200 OK",
            "eve%40example.com" => "204 No Content",
            "moved%40example.com" => "302 Found\r\nLocation: /bob%40example.com",
            "broken%40example.com" => "500 Internal Server Error",
            "gone%40example.com" => return,
            _ => "404 Not Found",
        };
        let body = if status.starts_with("204") { "" } else { "Content-Length: 2\r\n\r\n{}" };
        let end = if body.is_empty() { "\r\n" } else { "" };
        if !told(path) || stream.write_all(format!("HTTP/1.1 {status}\r\n{body}{end}").as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn a_web_server_is_asked_at_rcpt_once_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let (address, paths) = web();
    let config = asking(folder.path(), &format!("http://{address}/users?kind=mail"), "sandbox = true");
    let mut program = Program::start(&["serve", "--config", &config]);
    for _ in 0..2 {
        let mut client = client(&program);
        for (to, reply) in [
            ("Bob+x@example.org", "250 2.1.5"),
            ("eve@example.com", "250 2.1.5"),
            ("nobody@example.com", "550 5.1.1 No such user here"),
            ("moved@example.com", "451 4.3.0 Recipients cannot be looked up now"),
            ("broken@example.com", "451 4.3.0 Recipients cannot be looked up now"),
            ("gone@example.com", "451 4.3.0 Recipients cannot be looked up now"),
            ("postmaster@example.com", "250 2.1.5"),
        ] {
            let told = client.say(&format!("RCPT TO:<{to}>"));
            assert!(told.starts_with(reply), "{to}: {told}");
        }
    }
    let heard: Vec<_> = paths.try_iter().collect();
    let of = |user: &str| heard.iter().filter(|path| path.contains(user)).count();
    assert_eq!(heard[0], "/users?kind=mail&address=bob%40example.com");
    assert_eq!([of("bob%40"), of("eve%40"), of("nobody%40"), of("broken%40")], [1, 1, 1, 2]);
    asking(folder.path(), &format!("http://{address}/{{domain}}/{{address}}"), "sandbox = true");
    program.signal(Signal::HUP);
    program.logged("read the configuration again");
    assert!(rcpt(&program, "bob@example.com").starts_with("250"));
    assert_eq!(paths.try_iter().collect::<Vec<_>>(), ["/example.com/bob%40example.com"]);
}

#[test]
fn unknown_users_of_a_web_server_count_as_guesses() {
    let folder = tempfile::tempdir().unwrap();
    let (address, _paths) = web();
    let config = asking(folder.path(), &format!("http://{address}/"), "limits.errors = 3");
    let program = Program::start(&["serve", "--config", &config]);
    let mut client = client(&program);
    let guess = |number| client.say(&format!("RCPT TO:<guess{number}@example.com>"))[..3].to_owned();
    let replies: Vec<_> = (0..3).map(guess).collect();
    assert_eq!(replies, ["550", "550", "421"]);
}

#[test]
fn a_web_server_that_is_gone_puts_mail_off() {
    let folder = tempfile::tempdir().unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = asking(folder.path(), &format!("http://{gone}/"), "");
    let program = Program::start(&["serve", "--config", &config]);
    assert_eq!(rcpt(&program, "bob@example.com"), "451 4.3.0 Recipients cannot be looked up now");
}

#[test]
fn a_password_in_a_url_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let config = asking(folder.path(), "https://us:hunter2@app.example/", "");
    let (code, error) = run(&["check", "--config", &config]);
    assert!(
        code == 2 && error.contains(":6:14: domain.recipients: the URL has a user or a password; "),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");
    let config = asking(folder.path(), "http://app.example/", "");
    let (code, warning) = run(&["check", "--config", &config]);
    assert!(
        code == 0 && warning.contains(":6:14: domain.recipients: addresses go to app.example without TLS"),
        "{warning}"
    );
}
