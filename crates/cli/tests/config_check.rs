//! `mailchute check` finds the mistakes that `mailchute serve` would, and changes nothing; `mailchute example-config`
//! prints a file that both accept.

use std::fs;

use crate::support::{Program, mailchute, run, write_certificate, write_config};

#[test]
fn check_accepts_a_good_file_and_creates_no_store() {
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = write_certificate(directory.path());
    let program = Program::start(&["--listen", "127.0.0.1:0", "--store", "discard:"]);
    let mail = directory.path().join("mail");
    let text = format!(
        "listen = [\"{}\"]\nstore = \"maildir:{}\"\ntls-cert = [{certificate:?}]\ntls-key = [{key:?}]\n",
        program.address(0),
        mail.display()
    );
    let (code, error) = run(&["check", "--config", &write_config(directory.path(), &text)]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(!mail.exists());
}

#[test]
fn check_reports_all_mistakes_in_one_run() {
    let directory = tempfile::tempdir().unwrap();
    let users = directory.path().join("users");
    fs::write(&users, "bob builder\n").unwrap();
    let text = format!(
        "listen = [\"0.0.0.0:0\"]\nlmtp = [\"unix:/lmtp\"]\nsandbox = true\nstore = \"mailbox:x\"\nauth-file = {:?}\n\
         tls-cert = [\"/no/a\"]\ntls-key = [\"/no/b\"]\n",
        users.display().to_string()
    );
    let (code, error) = run(&["check", "--config", &write_config(directory.path(), &text)]);
    assert_eq!(code, 2, "{error}");
    for complaint in [
        "0.0.0.0:0 is reachable",
        "access to / would leave the whole host in reach",
        "mailbox",
        "users:1: this is not USER:VERIFIER",
        "/no/a",
    ] {
        assert!(error.contains(complaint), "{error} does not say {complaint}");
    }
}

#[test]
fn check_exits_with_the_code_of_serve() {
    let directory = tempfile::tempdir().unwrap();
    for (text, code, complaint) in [
        ("tls-cert = [\"/no/a\"]\ntls-key = [\"/no/b\"]\n", 3, "mailchute.toml:1:13: tls-cert: /no/a"),
        ("limits.recipients = 0\n", 2, "mailchute.toml:1:21: limits.recipients=0"),
        ("colour = 1\n", 2, "mailchute.toml:1:1: "),
    ] {
        let path = write_config(directory.path(), text);
        let (exit, error) = run(&["check", "--config", &path]);
        assert_eq!(exit, code, "{error}");
        assert!(error.contains(complaint), "{error} does not say {complaint}");
    }
    assert_eq!(run(&["check", "--limit", "recipients=0"]).0, 2, "flags are looked at as well");
}

#[test]
fn the_example_can_be_served_as_it_is_printed() {
    let directory = tempfile::tempdir().unwrap();
    let printed = mailchute(&["example-config"]).output().unwrap();
    assert!(printed.status.success());
    let path = write_config(directory.path(), &String::from_utf8(printed.stdout).unwrap());
    assert_eq!(run(&["check", "--config", &path]), (0, String::new()));
    let place = ["--listen", "127.0.0.1:0", "--store", "discard:"];
    let program = Program::start(&[&["serve", "--config", &path][..], &place].concat());
    assert!(program.connect().read_reply().starts_with("220 "));
}
