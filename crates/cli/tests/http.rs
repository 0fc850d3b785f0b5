//! HTTP beside mail: its sockets, its options, and `mailchute inbox`.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;

use crate::support::{ALICE, Client, Program, mailchute, run, write_certificate, write_config};
use command_fds::{CommandFdExt as _, FdMapping};
use rustix::process::{Signal, kill_process};

/// The first line of an answer, and its body.
pub(crate) fn get(address: SocketAddr, path: &str) -> (String, String) {
    ask(address, "GET", path)
}

fn ask(address: SocketAddr, method: &str, path: &str) -> (String, String) {
    let mut client = TcpStream::connect(address).unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    client.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

/// The arguments, with a store in a directory of the test.
fn inbox(directory: &std::path::Path, arguments: &[&str]) -> Command {
    let mut command = mailchute(&["inbox", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
    command.args(arguments).current_dir(directory);
    command
}

#[test]
fn health_is_served_beside_mail() {
    let program =
        Program::start(&["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", "discard:"]);
    assert!(program.welcome[1].ends_with(" (http)"), "{:?}", program.welcome);
    assert_eq!(get(program.address(1), "/live"), ("HTTP/1.1 200 OK".to_owned(), "ok\n".to_owned()));
    assert!(program.connect().read_reply().starts_with("220 "));
    program.signal(Signal::TERM);
    assert_eq!(program.wait().0, 0);
}

#[test]
fn pages_are_served_with_the_console_only() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("maildir:{}", directory.path().join("mail").display());
    let arguments = ["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", &store];
    let program = Program::start(&arguments);
    assert_eq!(get(program.address(1), "/").0, "HTTP/1.1 404 Not Found");
    let program = Program::start(&[&arguments[..], &["--console"]].concat());
    let url = format!("the console is at http://{}/", program.address(1));
    assert!(program.welcome.contains(&url), "{:?}", program.welcome);
}

#[test]
fn a_message_is_released_out_of_the_sandbox() {
    let directory = tempfile::tempdir().unwrap();
    let kept = directory.path().join("next-hop");
    let hop = Program::start(&["--listen", "127.0.0.1:0", "--store", &format!("maildir:{}", kept.display())]);
    let url = format!("smtp://{}", hop.address(0));
    let options =
        ["--sandbox", "--console-release", &url, "--console-release-to", "bob@example.com,example.org"];
    let program = Program::start_command(&mut inbox(directory.path(), &options));
    let mut client = program.connect();
    client.begin_message("a@example.com");
    assert!(client.say(".").starts_with("250 "));
    let release = |to: &str| {
        let body = format!("{{\"to\": [\"{to}\"]}}");
        let mut client = TcpStream::connect(program.address(1)).unwrap();
        let request = format!(
            "POST /api/v1/messages/latest/release HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        client.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(release("eve@example.com").starts_with("HTTP/1.1 403 "));
    let answer = release("carol@example.org");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let files: Vec<_> = std::fs::read_dir(kept.join("new")).unwrap().collect();
    assert_eq!(files.len(), 1);
    program.signal(Signal::TERM);
    assert_eq!(program.wait().0, 0);
}

#[test]
fn the_new_process_takes_over_the_socket_of_http() {
    let mut program =
        Program::start(&["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", "discard:"]);
    let address = program.address(1);
    // A message that the old process must finish keeps it running.
    let mut sending = program.connect();
    sending.begin_message("a@example.com");
    program.signal(Signal::USR2);
    let successor = program.handed_over();
    for _ in 0..10 {
        assert_eq!(get(address, "/live").1, "ok\n");
    }
    assert!(sending.say(".").starts_with("250 2.6.0 "));
    kill_process(successor, Signal::TERM).unwrap();
    assert_eq!(program.wait().0, 0);
    assert!(TcpStream::connect(address).is_err(), "no process listens any more");
}

#[test]
fn a_socket_of_systemd_serves_http() {
    let mut command = mailchute(&["--listen", "systemd:mx", "--http", "systemd:web", "--store", "discard:"]);
    command.env("LISTEN_FDS", "2").env("LISTEN_FDNAMES", "mx:web");
    let sockets = (3..).zip(["127.0.0.1:0"; 2]).map(|(child_fd, address)| FdMapping {
        parent_fd: TcpListener::bind(address).unwrap().into(),
        child_fd,
    });
    command.fd_mappings(sockets.collect()).unwrap();
    let program = Program::start_command(&mut command);
    assert_eq!(get(program.address(1), "/live").1, "ok\n");
}

#[test]
fn health_is_served_in_the_sandbox() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("maildir:{}", directory.path().join("mail").display());
    let arguments = ["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", &store];
    let program = Program::start(&[&arguments[..], &["--console", "--keep", "10", "--sandbox"]].concat());
    assert_eq!(get(program.address(1), "/live").1, "ok\n");
}

#[test]
fn the_log_names_the_address_of_http() {
    let program = Program::start_with_json(&[
        "--listen",
        "127.0.0.1:0",
        "--http",
        "127.0.0.1:0",
        "--store",
        "discard:",
    ]);
    assert_eq!(get(program.address(1), "/live").1, "ok\n");
}

#[test]
fn deleted_messages_are_gone_when_the_program_has_ended() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::start_command(&mut inbox(directory.path(), &[]));
    let mut client = program.connect();
    client.begin_message("a@example.com");
    assert!(client.say(".").starts_with("250 "));
    assert_eq!(ask(program.address(1), "DELETE", "/api/v1/messages").1, "ok");
    program.signal(Signal::TERM);
    assert_eq!(program.wait().0, 0);
    let files =
        ["new", "cur"].map(|name| std::fs::read_dir(directory.path().join("mail").join(name)).unwrap());
    assert_eq!(files.into_iter().flatten().count(), 0);
}

#[test]
fn an_inbox_takes_everything_and_names_its_page_first() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::start_command(&mut inbox(directory.path(), &["--store", "maildir:./mail"]));
    assert_eq!(program.welcome[0], format!("See mail at http://{}/", program.address(1)));
    let mut client = program.connect();
    assert!(client.read_reply().starts_with("220 "));
    let offer = client.hear_all("EHLO [client_host]");
    assert!(
        offer.contains("250-AUTH ") && !offer.contains("STARTTLS"),
        "programs would refuse the certificate: {offer}"
    );
    assert!(client.say(&format!("AUTH PLAIN {ALICE}")).starts_with("235 "), "any login without TLS");
    assert!(client.say("MAIL FROM: app@localhost").starts_with("250 "));
    assert!(client.say("RCPT TO:<any@where.example>").starts_with("250 "));
    assert!(client.say("DATA").starts_with("354 "));
    assert!(client.say("Subject: hi\n\nbare line ends\n\r\n.").starts_with("250 "));
    assert_eq!(std::fs::read_dir(directory.path().join("mail/new")).unwrap().count(), 1);
    // This Maildir has LF for each line end, so only the session knows it, and the console hears of that a moment later.
    let checks = || get(program.address(1), "/api/v1/messages/latest").1;
    while !checks().contains("\"bare-line-ends\"") {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    program.signal(Signal::TERM);
    let (code, log) = program.wait();
    assert_eq!(code, 0);
    assert!(log.contains(" line-ends=bare "), "{log}");
    assert!(!log.contains(" is accepted"), "its defaults are no reason for a warning: {log}");
}

#[test]
fn an_inbox_offers_tls_if_an_option_asks_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::start_command(&mut inbox(directory.path(), &["--require-tls"]));
    let mut client = program.connect();
    assert!(client.read_reply().starts_with("220 "));
    assert!(client.hear_all("EHLO client.example").contains("STARTTLS"));
}

#[test]
fn an_inbox_keeps_the_newest_messages() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::start_command(&mut inbox(directory.path(), &["--keep", "2"]));
    let mut client = program.connect();
    assert!(client.read_reply().starts_with("220 "));
    assert!(client.say("EHLO client.example").starts_with("250"));
    for number in 1..=3 {
        assert!(client.say("MAIL FROM:<a@x.example>").starts_with("250 "));
        assert!(client.say("RCPT TO:<b@x.example>").starts_with("250 "));
        assert!(client.say("DATA").starts_with("354 "));
        assert!(client.say(&format!("Subject: number {number}\r\n\r\nx\r\n.")).starts_with("250 "));
    }
    let list = get(program.address(1), "/api/v1/messages").1;
    assert!(list.contains("number 3") && list.contains("number 2") && !list.contains("number 1"), "{list}");
    let files = std::fs::read_dir(directory.path().join("mail/new")).unwrap();
    let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let texts: Vec<_> = texts.collect();
    assert_eq!(texts.len(), 2);
    assert!(texts.iter().all(|text| text.ends_with("\r\n\r\nx\r\n")), "line ends stay: {texts:?}");
}

#[test]
fn an_inbox_groups_messages_by_login_and_tag() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::start_command(&mut inbox(directory.path(), &["--console-tags", "X-Branch"]));
    // alice and wonderland; a name that looks like another result; nobody.
    for login in ["AGFsaWNlAHdvbmRlcmxhbmQ=", "AHg7IGRtYXJjPXBhc3MAeA==", ""] {
        let mut client = program.connect();
        client.read_reply();
        client.hear_all("EHLO client.example");
        assert!(login.is_empty() || client.say(&format!("AUTH PLAIN {login}")).starts_with("235 "));
        assert!(client.say("MAIL FROM:<a@x.example>").starts_with("250 "));
        assert!(client.say("RCPT TO:<b@x.example>").starts_with("250 "));
        assert!(client.say("DATA").starts_with("354 "));
        let forged = "Authentication-Results: mx; auth=pass smtp.auth=eve";
        assert!(
            client
                .say(&format!("{forged}\r\nX-Branch: main\r\nX-Tags: none\r\n\r\nx\r\n."))
                .starts_with("250 ")
        );
    }
    let list = |search: &str| get(program.address(1), &format!("/api/v1/messages?q={search}")).1;
    assert!(list("login:ALICE").contains("\"Username\":\"alice\""));
    let all = list("tag:main");
    // A name that could pass for a result is not written.
    assert!(all.contains("\"messages_count\":3") && all.matches("\"Username\":\"\"").count() == 2, "{all}");
    assert!(all.contains("\"Tags\":[\"main\"]") && !all.contains("none"), "{all}");
    assert!(list("login:eve").contains("\"messages_count\":0"));
    let page = get(program.address(1), "/").1;
    assert!(
        page.contains("Logins") && page.contains("/?q=login%3Aalice") && !page.contains("dmarc=pass</span>"),
        "{page}"
    );
}

#[test]
fn an_inbox_may_be_reached_from_other_hosts() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = mailchute(&["inbox", "--listen", "0.0.0.0:0", "--http", "0.0.0.0:0", "--allow-root"]);
    let program = Program::start_command(command.current_dir(directory.path()));
    let port = program.address(1).port();
    assert_eq!(program.welcome[0], format!("See mail at http://localhost:{port}/"));
    assert_eq!(get(([127, 0, 0, 1], port).into(), "/live").1, "ok\n");
}

#[test]
fn options_replace_the_defaults_of_an_inbox() {
    let directory = tempfile::tempdir().unwrap();
    let config = write_config(directory.path(), "domain = \"example.com\"\nbare-line-ends = \"refuse\"\n");
    let program = Program::start_command(&mut inbox(directory.path(), &["--config", &config, "--keep", "5"]));
    let mut client = program.connect();
    assert!(client.read_reply().starts_with("220 "));
    assert!(client.say("HELO client.example").starts_with("250 "));
    assert!(client.say("MAIL FROM:<a@b.example>").starts_with("250 "));
    assert!(client.say("RCPT TO:<any@where.example>").starts_with("550 "));
    assert!(client.say("RCPT TO:<any@example.com>").starts_with("250 "));
    assert!(client.say("DATA").starts_with("354 "));
    assert!(client.say("bare\nline\r\n.").starts_with("550 5.5.2 "));
}

#[test]
fn a_public_console_needs_a_login() {
    for (arguments, texts) in [
        (
            &["check", "--console", "--http", "0.0.0.0:8025", "--allow-root"][..],
            &["--http: 0.0.0.0:8025", "--console-auth"][..],
        ),
        (&["check", "--http", "unix:/run/web"], &["HTTP is served over TCP only"]),
        (
            &["check", "--console-name", "mail.example.com"],
            &["--console-name: there is no console", "--console"],
        ),
        (&["check", "--keep", "500"], &["--keep: there is no console; add --console"]),
        (
            &["check", "--console", "--keep", "500", "--keep", "30"],
            &["--keep: there are two of the same kind"],
        ),
        (&["check", "--console", "--keep", "5m"], &["--keep", "such as 30d"]),
        (
            &["check", "--console", "--keep", "5", "--store", "discard:"],
            &["--keep: the console shows no Maildir"],
        ),
        (&["check", "--console", "--console-name", "http://x"], &["--console-name", "not a host name"]),
        (
            &["check", "--console", "--console-tags", "X-Tags:"],
            &["--console-tags", "without its colon, such as X-Tags"],
        ),
        (&["check", "--console-tags", "X-Tags"], &["--console-tags: there is no console; add --console"]),
        (&["check", "--http", "2525", "--listen", "2525"], &["--http: 127.0.0.1:2525 is given twice"]),
    ] {
        let (code, error) = run(arguments);
        assert_eq!(code, 2, "{arguments:?}: {error}");
        for text in texts {
            assert!(error.contains(text), "{arguments:?} does not say {text:?}: {error}");
        }
    }
    let (code, error) = run(&["check", "--http", "0.0.0.0:8025", "--allow-root"]);
    assert_eq!((code, error.as_str()), (0, ""), "metrics alone need no login");
}

#[test]
fn the_address_of_http_cannot_change_at_a_reload() {
    let directory = tempfile::tempdir().unwrap();
    let text = "listen = \"127.0.0.1:0\"\nstore = \"discard:\"\n";
    let config = write_config(directory.path(), &format!("{text}http = \"127.0.0.1:0\"\n"));
    let mut program = Program::start(&["--config", &config]);
    write_config(directory.path(), text);
    program.signal(Signal::HUP);
    program.logged("--http: this option cannot change while the program runs");
    assert_eq!(get(program.address(1), "/live").1, "ok\n");
    assert!(Client::connect(program.address(0)).read_reply().starts_with("220 "));
}

#[test]
fn a_health_check_asks_whether_mail_can_be_taken() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::start_command(&mut inbox(directory.path(), &[]));
    let address = program.address(1).to_string();
    let output = mailchute(&["healthcheck", &address]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "{\"ready\":true,\"reasons\":[]}\n");
    assert_eq!(run(&["healthcheck", &format!("http://{address}/live")]), (0, String::new()));
    std::fs::rename(directory.path().join("mail"), directory.path().join("moved")).unwrap();
    let (code, error) = loop {
        let (code, error) = run(&["healthcheck", &address]);
        // The last check of the disk holds for a second.
        if code != 0 {
            break (code, error);
        }
    };
    assert_eq!(code, 1);
    assert!(error.contains("the store cannot be written to"), "{error}");
    program.signal(Signal::TERM);
    assert_eq!(program.wait().0, 0);
    let (code, error) = run(&["healthcheck", &address]);
    assert_eq!(code, 1);
    assert!(error.contains(&address), "{error}");
    assert_eq!(run(&["healthcheck", "here"]).0, 2);
}

#[test]
fn an_expired_certificate_is_why_a_server_is_not_ready() {
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = write_certificate(directory.path());
    let renewed = std::fs::read(&certificate).unwrap();
    let pair = rcgen::KeyPair::from_pem(&std::fs::read_to_string(&key).unwrap()).unwrap();
    let mut parameters = rcgen::CertificateParams::new(["mx.example.com".to_owned()]).unwrap();
    parameters.not_after = rcgen::date_time_ymd(2020, 1, 1);
    std::fs::write(&certificate, parameters.self_signed(&pair).unwrap().pem()).unwrap();
    let mut program = Program::start(&[
        "--listen",
        "127.0.0.1:0",
        "--http",
        "127.0.0.1:0",
        "--store",
        "discard:",
        "--tls-cert",
        &certificate,
        "--tls-key",
        &key,
    ]);
    let (status, body) = get(program.address(1), "/ready");
    assert_eq!(status, "HTTP/1.1 503 Service Unavailable");
    assert_eq!(body, r#"{"ready":false,"reasons":["certificates have expired: 1"]}"#);
    let (code, error) = run(&["healthcheck", &program.address(1).to_string()]);
    assert!(code == 1 && error.contains("certificates have expired"), "{code}: {error}");
    std::fs::write(&certificate, renewed).unwrap();
    program.signal(Signal::HUP);
    program.logged("read the certificates again");
    // The line is written just before the certificates count.
    while get(program.address(1), "/ready").1 != r#"{"ready":true,"reasons":[]}"# {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

#[test]
fn a_stopping_server_is_not_ready_and_still_answers() {
    let program =
        Program::start(&["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", "discard:"]);
    let mut sending = program.connect();
    sending.begin_message("a@example.com");
    program.signal(Signal::TERM);
    let (_, reason) = loop {
        let answer = get(program.address(1), "/ready");
        if answer.0.contains("503") {
            break answer;
        }
    };
    assert!(reason.contains("the server is stopping"), "{reason}");
    assert!(sending.say(".").starts_with("250 2.6.0 "));
    assert_eq!(program.wait().0, 0);
}

#[test]
fn metrics_count_verdicts_and_refusals_of_filters() {
    let directory = tempfile::tempdir().unwrap();
    let filters = "[[filter]]\nuse = \"limits\"\nrecipients = \"1/1h\"\n[[filter]]\nuse = \"greylist\"\ndelay = \"0s\"\n";
    let state = format!("state = {:?}\n", directory.path().join("state"));
    let config = write_config(directory.path(), &format!("{state}{filters}"));
    let arguments = ["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", "discard:"];
    let program = Program::start(&[&["serve", "--config", &config], &arguments[..]].concat());
    let metrics = get(program.address(1), "/metrics").1;
    assert!(metrics.contains("\nmailchute_filter_refusals_total{filter=\"limits\"} 0\n"), "{metrics}");
    let mut client = program.connect();
    assert!(client.read_reply().starts_with("220 "));
    assert!(client.say("EHLO client.example").starts_with("250 "));
    assert!(client.say("MAIL FROM:<a@client.example>").starts_with("250 "));
    for _ in 0..2 {
        assert!(client.say("RCPT TO:<bob@example.com>").starts_with("45"));
    }
    let metrics = get(program.address(1), "/metrics").1;
    for line in [
        "mailchute_filter_refusals_total{filter=\"greylist\"} 1",
        "mailchute_filter_refusals_total{filter=\"limits\"} 1",
        "mailchute_filter_verdicts_total{check=\"greylist\",result=\"wait\"} 1",
        "mailchute_filter_verdicts_total{check=\"limits\",result=\"over\"} 1",
        "mailchute_events_missed_total 0",
    ] {
        assert!(metrics.contains(&format!("\n{line}\n")), "{line} is not in {metrics}");
    }
    let seconds = metrics.lines().filter(|line| line.starts_with("mailchute_filter_seconds_total{"));
    assert!(seconds.clone().all(|line| !line.ends_with(" 0.0")) && seconds.count() == 2, "{metrics}");
}

#[test]
fn metrics_count_sessions_and_messages() {
    let program =
        Program::start(&["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", "discard:"]);
    let mut client = program.connect();
    client.begin_message("a@example.com");
    assert!(client.say(".").starts_with("250 2.6.0 "));
    let metrics = get(program.address(1), "/metrics").1;
    let address = "127.0.0.1:0";
    for line in [
        format!("mailchute_sessions_total{{listener=\"{address}\"}} 1"),
        format!("mailchute_messages_total{{listener=\"{address}\",result=\"accepted\"}} 1"),
        "mailchute_connections_open 1".to_owned(),
    ] {
        assert!(metrics.contains(&format!("\n{line}\n")), "{line} is not in {metrics}");
    }
}
