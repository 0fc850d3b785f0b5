//! `[[domain]]` of a configuration file.

use std::fs;
use std::path::Path;

use rustix::process::Signal;

use crate::support::{Program, run, write_config};

/// A domain with known users and aliases, and one with a store of its own.
fn config(folder: &Path) -> String {
    fs::write(folder.join("users"), "bob\neve:x\n").unwrap();
    fs::write(folder.join("aliases"), "sales: bob, other@app.example.com\nold: gone\n").unwrap();
    format!(
        r#"
listen = "127.0.0.1:0"
store = "maildir:{folder}/mail"

[[domain]]
name = ["example.com", "example.org"]
recipients = "file:{folder}/users"
aliases = "{folder}/aliases"

[[domain]]
name = "app.example.com"
store = "maildir:{folder}/app"
"#,
        folder = folder.display()
    )
}

fn messages(folder: &Path, store: &str) -> Vec<String> {
    let files = fs::read_dir(folder.join(store).join("new")).unwrap();
    files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

/// The replies to RCPT for these, and to the message.
fn send(program: &Program, recipients: &[&str]) -> Vec<String> {
    let mut client = program.connect();
    client.read_reply();
    client.say("EHLO client.example");
    client.say("MAIL FROM:<alice@client.example>");
    let mut replies: Vec<_> = recipients.iter().map(|to| client.say(&format!("RCPT TO:<{to}>"))).collect();
    client.say("DATA");
    replies.push(client.say("Subject: hello\r\n\r\nHello\r\n."));
    replies.iter().map(|reply| reply[..9].trim_end().to_owned()).collect()
}

#[test]
fn users_aliases_and_stores_of_domains() {
    let folder = tempfile::tempdir().unwrap();
    let program =
        Program::start(&["serve", "--config", &write_config(folder.path(), &config(folder.path()))]);
    let to =
        ["Bob+x@example.org", "sales@example.com", "nobody@example.com", "old@example.com", "a@example.net"];
    let replies = send(&program, &to);
    assert_eq!(replies, ["250 2.1.5", "250 2.1.5", "550 5.1.1", "550 5.1.1", "550 5.7.1", "250 2.6.0"]);
    let (mail, app) = (messages(folder.path(), "mail"), messages(folder.path(), "app"));
    assert_eq!((mail.len(), app.len()), (1, 1));
    assert!(mail[0].contains("Delivered-To: Bob+x@example.org\n"), "{}", mail[0]);
    assert!(mail[0].contains("Delivered-To: bob@example.com\n"), "{}", mail[0]);
    assert!(app[0].contains("Delivered-To: other@app.example.com\n"), "{}", app[0]);
    assert!(!app[0].contains("example.org") && !mail[0].contains("app.example.com"), "{}", app[0]);
}

#[test]
fn a_list_of_stores_gets_each_message_in_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let text = config(folder.path())
        .replace("/mail\"", "/mail\", \"maildir:{folder}/copy\"]")
        .replace("/app\"", "/app\", \"maildir:{folder}/{{user}}\"]")
        .replace("store = \"", "store = [\"")
        .replace("{folder}", &folder.path().display().to_string())
        .replace("{{user}}", "{user}");
    let path = write_config(folder.path(), &text);
    let program = Program::start(&["serve", "--config", &path]);
    let to = ["bob@example.com", "eve@app.example.com"];
    assert_eq!(send(&program, &to), ["250 2.1.5", "250 2.1.5", "250 2.6.0"]);
    for (store, recipient) in [("mail", "bob"), ("copy", "bob"), ("app", "eve"), ("eve", "eve")] {
        let messages = messages(folder.path(), store);
        assert_eq!(messages.len(), 1, "{store}");
        assert!(messages[0].contains(&format!("Delivered-To: {recipient}@")), "{store}: {}", messages[0]);
    }
    drop(program);
    let [copy, other] =
        ["copy", "other"].map(|name| format!("--store=maildir:{}/{name}", folder.path().display()));
    let program = Program::start(&["serve", "--config", &path, &copy, &other]);
    assert_eq!(send(&program, &["bob@example.com"])[1], "250 2.6.0");
    let [mail, copy, other] = ["mail", "copy", "other"].map(|store| messages(folder.path(), store).len());
    assert_eq!((mail, copy, other), (1, 2, 1), "flags replace the list of the file");
}

#[test]
fn a_reload_reads_users_and_aliases_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut program =
        Program::start(&["serve", "--config", &write_config(folder.path(), &config(folder.path()))]);
    assert_eq!(send(&program, &["carol@example.com"])[0], "550 5.1.1");
    fs::write(folder.path().join("users"), "carol\n").unwrap();
    program.signal(Signal::HUP);
    program.logged("read the configuration again");
    assert_eq!(send(&program, &["carol@example.com"])[0], "250 2.1.5");
    fs::write(folder.path().join("aliases"), "a: b\nb: a\n").unwrap();
    program.signal(Signal::HUP);
    let told = program.logged("kept all certificates");
    assert!(told.contains("aliases:1: a leads back to itself, through b; "), "{told}");
    assert_eq!(send(&program, &["carol@example.com"])[0], "250 2.1.5");
}

#[test]
fn a_flag_replaces_the_domains_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_config(folder.path(), &config(folder.path()));
    let program = Program::start(&["serve", "--config", &path, "--domain", "example.net"]);
    assert_eq!(
        send(&program, &["any@example.net", "bob@example.com"]),
        ["250 2.1.5", "550 5.7.1", "250 2.6.0"]
    );
}

#[test]
fn mistakes_name_the_table_the_file_and_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (users, aliases) = (file("bad-users", "bob\n.eve\n"), file("bad-aliases", "sales bob\n"));
    let path = folder.path().join("mailchute.toml").display().to_string();
    for (text, code, expected) in [
        ("[[domain]]\ndetail = \"+\"\n".to_owned(), 2, format!("{path}:1:1: [[domain]]: it has no name; ")),
        (
            "[[domain]]\nname = \"example.com\"\nrecipients = \"some\"\n".to_owned(),
            2,
            format!(
                "{path}:3:14: domain.recipients: \"some\" is invalid: write any, file:PATH for a file with "
            ),
        ),
        (
            "[[domain]]\nname = \"example.com\"\nrecipients = \"lmtp:localhost\"\n".to_owned(),
            2,
            format!(
                "{path}:3:14: domain.recipients: \"lmtp:localhost\" is invalid: lmtp: \"localhost\" does not name a server; "
            ),
        ),
        (
            "[[domain]]\nname = \"example.com\"\nrecipients = \"maildir\"\nstore = \"maildir:/var/mail\"\n"
                .to_owned(),
            2,
            format!(
                "{path}:3:14: domain.recipients: the store of this domain has no directory for each user; write a store \
                 such as maildir:/var/mail/{{domain}}/{{user}}, or another kind of recipients"
            ),
        ),
        (
            "store = \"discard:\"\n[[domain]]\nname = \"example.com\"\nrecipients = \"lmtp\"\n".to_owned(),
            2,
            format!(
                "{path}:4:14: domain.recipients: the store of this domain does not forward; write the server to ask, such as \
                 lmtp:HOST:PORT or lmtp:unix:PATH, or a store that forwards"
            ),
        ),
        (
            "store = [\"maildir:./a\", \"discard:\"]\n".to_owned(),
            2,
            format!("{path}:1:10: store: discard: does nothing next to another store; leave one of the two out"),
        ),
        (
            "[[domain]]\nname = \"example.com\"\nstore = [\"maildir:./a\", \"maildir:./b\", \"maildir:./a\"]\n".to_owned(),
            2,
            format!("{path}:3:10: domain.store: maildir:./a is given twice; leave one of them out"),
        ),
        (
            "[[domain]]\nname = \"example.com\"\ndetail = \"++\"\n".to_owned(),
            2,
            format!("{path}:3:10: domain.detail: \"++\" is invalid: write one of + - _ = . #, or off"),
        ),
        (
            "[[domain]]\nname = [\"example.com\", \"EXAMPLE.com\"]\n".to_owned(),
            2,
            format!("{path}:2:9: domain.name: example.com is given twice; leave one of them out"),
        ),
        (
            format!(
                "[[domain]]\nname = \"example.com\"\nrecipients = \"file:{users}\"\naliases = \"{aliases}\"\n"
            ),
            3,
            format!("{users}:2: \".eve\" is not a user; "),
        ),
        (
            format!("[[domain]]\nname = \"example.com\"\naliases = \"{aliases}\"\n"),
            3,
            format!("{aliases}:1: \"sales bob\" has no colon; write sales: bob, eve"),
        ),
        (
            "[[domain]]\nname = \"example.com\"\nstore = \"nowhere:\"\n".to_owned(),
            3,
            format!("{path}:3:9: domain.store: there is no store of the kind \"nowhere\"; "),
        ),
    ] {
        write_config(folder.path(), &text);
        let (exit, error) = run(&["check", "--config", &path]);
        assert_eq!(exit, code, "{text}: {error}");
        assert!(
            error.starts_with(&format!("mailchute: {expected}")),
            "{error} does not begin with {expected}"
        );
    }
}
