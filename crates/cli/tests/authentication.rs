//! `use = "authentication"` in `[[filter]]`, with a DNS server.

use std::fs;
use std::path::Path;

use crate::support::dns::txt_server;
use crate::support::{Client, Program, run, write_config};

const FORGED: &str =
    "Authentication-Results: mx.example.com; dkim=pass\r\nFrom: a@bank.example\r\n\r\nHello\r\n";

fn start(directory: &Path, head: &str, filter: &str) -> Program {
    let dns = txt_server(&[
        ("bank.example", "v=spf1 ip4:192.0.2.1 -all"),
        ("_dmarc.bank.example", "v=DMARC1; p=reject"),
    ]);
    let text = format!(
        "store = \"maildir:{}/mail\"\nlisten = \"127.0.0.1:0\"\ndomain = \"example.com\"\nhostname = \"mx.example.com\"\n\
         proxy-from = \"127.0.0.1\"\ndns = \"{dns}\"\n{head}[[filter]]\nuse = \"authentication\"\n{filter}",
        directory.display()
    );
    Program::start(&["serve", "--config", &write_config(directory, &text)])
}

/// The reply to a message of a client that a proxy names.
fn reply(program: &Program, client: &str) -> String {
    let mut connection = Client::connect(program.address(0));
    assert!(connection.say(&format!("PROXY TCP4 {client} 192.0.2.99 2525 25")).starts_with("220 "));
    assert!(connection.say("EHLO client.example").starts_with("250 "));
    assert!(connection.say("MAIL FROM:<a@bank.example>").starts_with("250 "));
    assert!(connection.say("RCPT TO:<bob@example.com>").starts_with("250 "));
    assert!(connection.say("DATA").starts_with("354 "));
    connection.say(&format!("{FORGED}."))
}

/// The only message that was kept.
fn kept(directory: &Path) -> String {
    let files: Vec<_> = fs::read_dir(directory.join("mail/new")).unwrap().collect();
    let [Ok(file)] = &*files else { panic!("{} messages", files.len()) };
    fs::read_to_string(file.path()).unwrap()
}

#[test]
fn mail_that_fails_is_marked_and_forged_results_are_removed() {
    for head in ["", "sandbox = true\n"] {
        let directory = tempfile::tempdir().unwrap();
        let mut program = start(directory.path(), head, "received-spf = true\n");
        let reply = reply(&program, "203.0.113.9");
        assert!(reply.starts_with("250 "), "{reply}");
        let told = program.logged("accepted");
        assert!(told.contains(" spf=fail dkim=none arc=none dmarc=fail"), "{told}");
        let kept = kept(directory.path());
        let expected = "Authentication-Results: mx.example.com;\n\tspf=fail smtp.mailfrom=bank.example;\n\tdkim=none;\n\t\
                        arc=none;\n\tdmarc=fail header.from=bank.example policy.dmarc=reject\nReceived-SPF: fail ";
        assert!(kept.contains(expected), "{kept}");
        assert!(!kept.contains("dkim=pass"), "{kept}");
    }
}

#[test]
fn dmarc_is_enforced_if_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let program = start(directory.path(), "", "dmarc = \"enforce\"\n");
    let refused = reply(&program, "203.0.113.9");
    assert!(
        refused.starts_with("550 5.7.26 The domain bank.example asks to refuse this message"),
        "{refused}"
    );
    let accepted = reply(&program, "192.0.2.1");
    assert!(accepted.starts_with("250 "), "{accepted}");
    assert!(kept(directory.path()).contains("dmarc=pass header.from=bank.example\n"));
}

#[test]
fn exempt_relays_are_believed() {
    let directory = tempfile::tempdir().unwrap();
    let program = start(directory.path(), "", "dmarc = \"enforce\"\nexempt = [\"203.0.113.0/24\"]\n");
    assert!(reply(&program, "203.0.113.9").starts_with("250 "));
    assert!(kept(directory.path()).contains("Authentication-Results: mx.example.com; dkim=pass\n"));
}

#[test]
fn mistakes_in_authentication_are_told_with_what_to_write() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mailchute.toml").display().to_string();
    let filter = "[[filter]]\nuse = \"authentication\"\n";
    for (text, expected) in [
        (format!("{filter}dmarc = \"refuse\"\n"), "3:9: filter.dmarc: \"refuse\" is invalid: "),
        (
            format!("{filter}trusted-arc-sealers = [\"a b\"]\n"),
            "3:24: filter.trusted-arc-sealers: \"a b\" is invalid: ",
        ),
        (
            format!("{filter}[[filter]]\nuse = \"limits\"\nmessages = \"1/1h\"\nunless = [\"dmarc=pass\"]\n"),
            "6:11: filter.unless: dmarc is known after the message only, and limits decides at RCPT; leave it out",
        ),
    ] {
        write_config(directory.path(), &text);
        let (code, error) = run(&["check", "--config", &path]);
        let expected = format!("mailchute: {path}:{expected}");
        assert!(
            code == 2 && error.starts_with(&expected),
            "{text}: {code} {error} does not begin with {expected}"
        );
    }
}
