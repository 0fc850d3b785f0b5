//! `mailchute check --print`: the active configuration, as a file that gives it again.

use std::fs;
use std::path::Path;

use crate::support::{mailchute, run, write_config};

fn print(folder: &Path, config: &str, flags: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = mailchute(&[&["check", "--print", "--config", config], flags].concat());
    let output = command.current_dir(folder).envs(variables.iter().copied()).output().unwrap();
    let (text, errors) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned());
    assert!(output.status.success(), "{errors}");
    text
}

#[test]
fn flags_variables_and_file_are_one_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("users"), "bob\n").unwrap();
    write_config(
        folder.path(),
        "listen = [\"127.0.0.1:2525\"]\nmax-message-size = \"10M\"\nlimits.errors = 3\nlimits.recipients = 100\n\
         [[domain]]\nname = \"example.com\"\nrecipients = \"file:users\"\n\
         [[listener]]\naddress = \"unix:/run/mailchute/lmtp\"\nprotocol = \"lmtp\"\nlimits.errors = 0\n",
    );
    let flags = ["--hostname", "mx.example.com", "--limit", "errors=4", "--store", "maildir:{user}"];
    let printed = print(folder.path(), "mailchute.toml", &flags, &[("MAILCHUTE_SANDBOX", "true")]);
    for line in [
        "listen = [\"127.0.0.1:2525\"]",
        "store = [\"maildir:{user}\"]",
        "hostname = \"mx.example.com\"",
        "sandbox = true",
        "require-tls = false",
        "max-message-size = \"10M\"",
        "[limits]\nconnections = 8192",
        "recipients = 100",
        "errors = 4",
        "[[domain]]\nname = [\"example.com\"]\nrecipients = \"file:users\"\ndetail = \"+\"",
        "[[listener]]\naddress = [\"unix:/run/mailchute/lmtp\"]\nprotocol = \"lmtp\"\n\n[listener.limits]\nerrors = 0",
    ] {
        assert!(printed.contains(&format!("\n{line}\n")), "{line} is not in {printed}");
    }
    fs::write(folder.path().join("again.toml"), &printed).unwrap();
    assert_eq!(print(folder.path(), "again.toml", &[], &[]), printed);
}

#[test]
fn secrets_are_named_by_their_place_only() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret"), "hunter2\n").unwrap();
    let path = write_config(
        folder.path(),
        "store = \"smtps://relay.example?user=us\"\nsecret = \"file:secret\"\n[[domain]]\nname = \"example.com\"\n\
         store = \"smtps://other.example?user=us&secret=env:RELAY\"\n",
    );
    let printed = print(folder.path(), &path, &[], &[("RELAY", "hunter3")]);
    for line in [
        "store = [\"smtps://relay.example?user=us\"]",
        "secret = \"file:secret\"",
        "store = [\"smtps://other.example?user=us&secret=env:RELAY\"]",
    ] {
        assert!(printed.contains(&format!("\n{line}\n")), "{line} is not in {printed}");
    }
    assert!(!printed.contains("hunter"), "{printed}");
}

#[test]
fn nothing_is_printed_if_there_is_a_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_config(folder.path(), "colour = 1\n");
    let output = mailchute(&["check", "--print", "--config", &path]).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
}

#[test]
fn a_secret_beside_the_store_is_one_in_its_url() {
    let folder = tempfile::tempdir().unwrap();
    let at = |text: &str| {
        let path = write_config(folder.path(), text);
        let (code, error) = run(&["check", "--config", &path]);
        (code, error.replace(&path, "F"))
    };
    for (text, expected) in [
        ("store = \"smtps://a.example?user=us\"\nsecret = \"env:X\"\n", ""),
        (
            "store = [\"discard:\", \"smtps://a.example?user=us\"]\nsecret = \"env:X\"\n",
            "mailchute: F:1:10: store: discard: does nothing ",
        ),
        ("store = [\"maildir:./a\", \"smtps://a.example?user=us\"]\nsecret = \"env:X\"\n", ""),
        (
            "store = [\"maildir:./a\", \"maildir:./b\"]\nsecret = \"env:X\"\n",
            "mailchute: F:2:10: secret: no store of the list can use it; leave it out",
        ),
        (
            "store = [\"smtps://a.example?user=us\", \"smtps://b.example?user=us\"]\nsecret = \"env:X\"\n",
            "mailchute: F:2:10: secret: several stores of the list could use it; write it in their URLs",
        ),
        (
            "store = \"smtps://a.example?user=us\"\n",
            "mailchute: F:1:9: store: smtps: a user needs a secret; ",
        ),
        (
            "store = \"smtps://a.example?user=us&secret=env:Y\"\nsecret = \"env:X\"\n",
            "mailchute: F:2:10: secret: the URL of the store names a secret too; leave one of the two out",
        ),
        (
            "secret = \"env:X\"\n",
            "mailchute: F:1:10: secret: the store cannot use it: maildir: does not know the option ",
        ),
        ("secret = \"hunter2\"\n", "mailchute: F:1:10: secret: a secret stands in a file or in the "),
        ("secret = \"file:~/x\"\n", "mailchute: F:1:10: secret: \"~\" is not expanded: "),
        (
            "[[domain]]\nname = \"example.com\"\nsecret = \"env:X\"\n",
            "mailchute: F:3:10: domain.secret: this domain has no store of its own; write store = ",
        ),
    ] {
        let (code, error) = at(text);
        let is_right =
            if expected.is_empty() { code == 0 && error.is_empty() } else { error.starts_with(expected) };
        assert!(is_right, "{text}: {code} {error}");
    }
}
