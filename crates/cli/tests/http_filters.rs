//! `use = "rspamd"` and `use = "http"`: scanners that the program asks by HTTP.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use crate::support::{Program, run, write_config};

/// A web server that gives one answer again and again, and keeps the requests.
struct Web {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Web {
    fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let web = Self { address: listener.local_addr().unwrap(), requests: Arc::default() };
        let requests = Arc::clone(&web.requests);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let mut request = String::new();
                while !request.ends_with("\r\n\r\n") {
                    stream.read_line(&mut request).unwrap();
                }
                let length = request.to_ascii_lowercase();
                let length = length.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
                let mut body = vec![0; length.trim().parse().unwrap()];
                stream.read_exact(&mut body).unwrap();
                request.push_str(&String::from_utf8_lossy(&body));
                requests.lock().unwrap().push(request);
                let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length";
                write!(stream.get_mut(), "{head}: {}\r\n\r\n{answer}", answer.len()).unwrap();
            }
        });
        web
    }

    fn one(&self) -> String {
        let requests = self.requests.lock().unwrap();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }
}

fn start(directory: &std::path::Path, filter: &str) -> Program {
    let store = format!("maildir:{}", directory.join("mail").display());
    let head =
        format!("store = \"{store}\"\nlisten = \"127.0.0.1:0\"\ndomain = \"example.com\"\nsandbox = true\n");
    Program::start(&["serve", "--config", &write_config(directory, &format!("{head}[[filter]]\n{filter}"))])
}

/// Sends a message. Returns the reply.
fn send(program: &Program) -> String {
    let mut client = program.connect();
    assert!(client.read_reply().starts_with("220 "));
    assert!(client.say("EHLO client.example").starts_with("250 "));
    assert!(client.say("MAIL FROM:<alice@client.example>").starts_with("250 "));
    assert!(client.say("RCPT TO:<bob@example.com>").starts_with("250 "));
    assert!(client.say("DATA").starts_with("354 "));
    client.say("Subject: x\r\n\r\nbody\r\n.")
}

/// The only message of the Maildir.
fn kept(directory: &std::path::Path) -> String {
    let mut files = fs::read_dir(directory.join("mail/new")).unwrap();
    fs::read_to_string(files.next().unwrap().unwrap().path()).unwrap()
}

#[test]
fn rspamd_gets_a_message_and_its_edits_are_made() {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    fs::write(&secret, "hunter2\n").unwrap();
    let web = Web::start(r#"{"action":"add header","score":7,"milter":{"add_headers":{"X-Scanned":"yes"}}}"#);
    let filter = format!(
        "use = \"rspamd\"\nurl = \"http://{}\"\nsecret = \"file:{}\"\nsettings = \"mx\"\n\
         result-field = true\ntimeout = \"10s\"\n",
        web.address,
        secret.display()
    );
    let mut program = start(directory.path(), &filter);
    assert!(send(&program).starts_with("250 "));
    let request = web.one().to_ascii_lowercase();
    for part in
        ["post /checkv2 ", "\r\npassword: hunter2\r\n", "\r\nsettings-id: mx\r\n", "\r\n\r\nsubject: x\r\n"]
    {
        assert!(request.contains(part), "{part:?}: {request}");
    }
    let message = kept(directory.path());
    for field in ["X-Spam: Yes", "X-Scanned: yes", "X-Spamd-Result: default: False [7.00 / nan]"] {
        assert!(message.contains(field), "{field}: {message}");
    }
    let accepted = program.logged(" accepted ");
    assert!(accepted.contains(" rspamd=add-header"), "{accepted}");
}

#[test]
fn a_reload_reads_a_changed_password_again() {
    let directory = tempfile::tempdir().unwrap();
    let web = Web::start(r#"{"action":"no action"}"#);
    let secret = directory.path().join("secret");
    fs::write(&secret, "first\n").unwrap();
    let filter = format!(
        "use = \"rspamd\"\nurl = \"http://{}\"\nsecret = \"file:{}\"\n",
        web.address,
        secret.display()
    );
    let mut program = start(directory.path(), &filter);
    let last = || web.requests.lock().unwrap().pop().unwrap();
    assert!(send(&program).starts_with("250 ") && last().contains("\r\npassword: first\r\n"));
    fs::write(&secret, "second\n").unwrap();
    program.signal(rustix::process::Signal::HUP);
    program.logged("read the configuration again");
    assert!(send(&program).starts_with("250 ") && last().contains("\r\npassword: second\r\n"));
}

#[test]
fn a_web_server_refuses_at_rcpt_by_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let web = Web::start(r#"{"action":"reject","response":{"status":554,"message":"No"}}"#);
    let filter = format!(
        "use = \"http\"\nurl = \"http://{}/hook\"\nname = \"policy\"\nstages = [\"rcpt\", \"data\"]\n",
        web.address
    );
    let mut program = start(directory.path(), &filter);
    let mut client = program.connect();
    assert!(client.read_reply().starts_with("220 "));
    assert!(client.say("EHLO client.example").starts_with("250 "));
    assert!(client.say("MAIL FROM:<alice@client.example>").starts_with("250 "));
    assert_eq!(client.say("RCPT TO:<bob@example.com>").trim_end(), "554 5.7.1 No");
    let refused = program.logged(" refused ");
    assert!(refused.contains(" policy=reject"), "{refused}");
    assert!(web.one().contains(r#""stage":"rcpt""#));
}

#[test]
fn mistakes_in_scanners_are_told_with_what_to_write() {
    let directory = tempfile::tempdir().unwrap();
    for (filter, told) in [
        ("use = \"rspamd\"\n", "url"),
        ("use = \"rspamd\"\nurl = \"http://us:hunter2@host/\"\n", "write http://HOST:PORT/PATH"),
        ("use = \"http\"\nurl = \"unix:relative\"\n", "unix:/PATH"),
        (
            "use = \"http\"\nurl = \"http://127.0.0.1/\"\nstages = [\"rcptt\"]\n",
            "connect, ehlo, auth, mail, rcpt and data",
        ),
        (
            "use = \"http\"\nurl = \"http://127.0.0.1/\"\nuser = \"a\"\n",
            "a user has a password; write secret",
        ),
    ] {
        let text = format!("store = \"discard:\"\ndomain = \"example.com\"\n[[filter]]\n{filter}");
        let path = write_config(directory.path(), &text);
        let (code, error) = run(&["check", "--config", &path]);
        assert!(code == 2 && error.contains(told), "{filter}: {code} {error}");
    }
}
