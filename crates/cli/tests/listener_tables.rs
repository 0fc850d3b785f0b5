//! `[[listener]]` of a configuration file.

use std::fs;

use rustix::process::Signal;

use crate::support::{Client, Program, SCRAM, run, write_config};

/// A server with a listener for mail servers and two with policies of their own.
fn config(folder: &std::path::Path) -> String {
    let users = folder.join("users");
    fs::write(&users, format!("alice:{SCRAM}\n")).unwrap();
    let socket = folder.join("lmtp");
    format!(
        r#"
store = "discard:"
listen = "127.0.0.1:0"
auth-file = "{}"
allow-plaintext-auth = true

[[listener]]
name = "submission"
address = "127.0.0.1:0"
auth = "require"
max-message-size = "1K"
limits = {{ recipients = 2 }}

[[listener]]
name = "delivery"
address = ["unix:{}"]
protocol = "lmtp"
mode = "0600"
"#,
        users.display(),
        socket.display()
    )
}

fn greeted(client: &mut Client) -> String {
    assert!(client.read_reply().starts_with("220 "));
    client.hear_all("EHLO client.example")
}

#[test]
fn each_listener_has_its_own_policy() {
    let folder = tempfile::tempdir().unwrap();
    let program =
        Program::start(&["serve", "--config", &write_config(folder.path(), &config(folder.path()))]);
    let mut mx = program.connect();
    assert!(greeted(&mut mx).contains("SIZE 26214400"));
    assert!(mx.say("MAIL FROM:<>").starts_with("250 "));
    let mut submission = Client::connect(program.address(1));
    assert!(greeted(&mut submission).contains("SIZE 1024"));
    assert!(submission.say("MAIL FROM:<>").starts_with("530 5.7.0 "));
    assert!(submission.say("AUTH PLAIN AGFsaWNlAHBlbmNpbA==").starts_with("235 "));
    assert!(submission.say("MAIL FROM:<> SIZE=1025").starts_with("552 5.3.4 "));
    assert!(submission.say("MAIL FROM:<>").starts_with("250 "));
    for (recipient, code) in [("a", "250 "), ("b", "250 "), ("c", "452 ")] {
        assert!(
            submission.say(&format!("RCPT TO:<{recipient}@example.com>")).starts_with(code),
            "{recipient}"
        );
    }
    let welcome = program.welcome.join("\n");
    assert!(welcome.contains("(lmtp)"), "{welcome}");
    let mode = fs::metadata(folder.path().join("lmtp")).unwrap().permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
}

#[test]
fn a_listener_can_do_without_tls_and_users() {
    let folder = tempfile::tempdir().unwrap();
    let plain =
        "\n[[listener]]\nname = \"plain\"\naddress = \"127.0.0.1:0\"\ntls = \"off\"\nauth = \"off\"\n";
    let text = config(folder.path()) + plain;
    let program = Program::start(&["serve", "--config", &write_config(folder.path(), &text)]);
    let hello = greeted(&mut program.connect());
    assert!(hello.contains("STARTTLS") && hello.contains("AUTH "), "{hello}");
    let place = program.welcome.iter().filter(|line| line.starts_with("listening on 127.")).count() - 1;
    let address = |index| {
        let line =
            program.welcome.iter().filter_map(|line| line.strip_prefix("listening on 127.")).nth(index);
        format!("127.{}", line.unwrap().split(' ').next().unwrap()).parse().unwrap()
    };
    let mut client = Client::connect(address(place));
    let hello = greeted(&mut client);
    assert!(!hello.contains("STARTTLS") && !hello.contains("AUTH"), "{hello}");
    assert!(client.say("STARTTLS").starts_with("502 "));
    assert!(client.say("AUTH PLAIN AGFsaWNlAHBlbmNpbA==").starts_with("502 "));
    let mut old = Client::connect(address(place));
    assert!(old.read_reply().starts_with("220 "));
    for command in ["STARTTLS", "HELO client.example", "STARTTLS", "AUTH PLAIN AGFsaWNlAHBlbmNpbA=="] {
        let reply = old.say(command);
        assert!(reply.starts_with('5') || command.starts_with("HELO"), "{command}: {reply}");
    }
}

#[test]
fn a_sandboxed_program_removes_the_socket_of_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let run = tempfile::tempdir().unwrap();
    let socket = run.path().join("lmtp");
    let text = config(folder.path())
        .replace(&folder.path().join("lmtp").display().to_string(), &socket.display().to_string());
    let path = write_config(folder.path(), &text);
    let program = Program::start(&["serve", "--sandbox", "--config", &path]);
    assert!(socket.exists());
    program.signal(Signal::TERM);
    assert_eq!(program.wait().0, 0);
    assert!(!socket.exists());
}

#[test]
fn a_reload_changes_policies_and_no_sockets() {
    let folder = tempfile::tempdir().unwrap();
    let text = config(folder.path());
    let path = write_config(folder.path(), &text);
    let mut program = Program::start(&["serve", "--config", &path]);
    fs::write(&path, text.replace("\"1K\"", "\"2K\"")).unwrap();
    program.signal(Signal::HUP);
    program.logged("read the configuration again");
    assert!(greeted(&mut Client::connect(program.address(1))).contains("SIZE 2048"));
    fs::write(&path, text.replace("\"0600\"", "\"0660\"")).unwrap();
    program.signal(Signal::HUP);
    let told = program.logged("kept all certificates");
    assert!(told.contains("listener.address: this option cannot change while the program runs"), "{told}");
}

#[test]
fn a_new_process_takes_over_all_listeners() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_config(folder.path(), &config(folder.path()));
    let mut program = Program::start(&["serve", "--config", &path]);
    program.signal(Signal::USR2);
    program.handed_over();
    // The old process may still accept a connection, and end it with 421 at any command.
    let reply = loop {
        let mut client = Client::connect(program.address(1));
        let greeting = client.read_reply();
        if greeting.starts_with("220 ") && client.hear_all("EHLO client.example").contains("SIZE 1024") {
            let reply = client.say("MAIL FROM:<>");
            if !reply.starts_with("421 ") {
                break reply;
            }
        }
    };
    assert!(reply.starts_with("530 5.7.0 "), "{reply}");
}

#[test]
fn mistakes_name_the_table_and_the_key() {
    let folder = tempfile::tempdir().unwrap();
    for (text, expected) in [
        (
            "[listener]\nname = \"a\"\n",
            "1:1: listener: write [[listener]] above the options of each listener",
        ),
        ("[[listener]]\nname = \"a\"\n", "1:1: [[listener]]: it has no address; write address = "),
        ("[[listener]]\naddr = \":0\"\n", "2:1: listener: there is no option \"addr\"; write address"),
        (
            "[[listener]]\naddress = 25\n",
            "2:11: listener.address: this is a whole number; write a string or an array",
        ),
        ("[[listener]]\naddress = \"here\"\n", "2:11: listener.address: \"here\" is invalid: "),
        (
            "[[listener]]\naddress = \":0\"\ntls = \"maybe\"\n",
            "3:7: listener.tls: \"maybe\" is invalid: write one of offer",
        ),
        (
            "[[listener]]\naddress = \"1\"\nmode = \"0600\"\n",
            "3:8: listener.mode: only the file of a Unix socket",
        ),
        (
            "[[listener]]\naddress = \"1\"\nlimits = { x = 1 }\n",
            "3:12: listener.limits: there is no limit \"x\"",
        ),
        (
            "[[listener]]\naddress = \"1\"\nauth = \"offer\"\n",
            "3:8: listener.auth: no user could log in; add auth-file, auth-external or auth-any",
        ),
        (
            "require-tls = true\n[[listener]]\naddress = \"1\"\ntls = \"offer\"\n",
            "4:7: listener.tls: this contradicts require-tls; remove require-tls, and write tls = \"require\" in each \
             [[listener]] that needs it\n",
        ),
        (
            "require-tls = true\nlisten = \"2\"\ntls-listen = \"3\"\nlmtp = \"unix:/x\"\n\
             [[listener]]\naddress = \"1\"\ntls = \"offer\"\n",
            "7:7: listener.tls: this contradicts require-tls; remove require-tls, and write tls = \"require\" in each \
             [[listener]] that needs it; move the addresses of listen to a [[listener]]\n",
        ),
        (
            "auth-any = true\nrequire-auth = true\ntls-listen = \"3\"\nlmtp = \"4\"\n\
             [[listener]]\naddress = \"1\"\nauth = \"off\"\n",
            "7:8: listener.auth: this contradicts require-auth; remove require-auth, and write auth = \"require\" in \
             each [[listener]] that needs it; move the addresses of tls-listen and lmtp to a [[listener]]\n",
        ),
        (
            "[[listener]]\naddress = \"unix:/x\"\ntls = \"implicit\"\n",
            "3:7: listener.tls: implicit TLS works over TCP only; ",
        ),
        (
            "[[listener]]\naddress = \"1\"\nprotocol = \"lmtp\"\ntls = \"implicit\"\n",
            "4:7: listener.tls: LMTP has no port with implicit TLS; ",
        ),
        (
            "listen = \"1\"\n[[listener]]\naddress = \"127.0.0.1:1\"\n",
            "3:11: listener.address: 127.0.0.1:1 is given twice; leave one of them out",
        ),
        (
            "[[listener]]\nname = \"a\"\naddress = \"1\"\n[[listener]]\nname = \"a\"\naddress = \"2\"\n",
            "5:8: listener.name: \"a\" is the name of another listener; ",
        ),
    ] {
        let path = write_config(folder.path(), text);
        let (code, error) = run(&["check", "--config", &path]);
        assert_eq!(code, 2, "{text}: {error}");
        let expected = format!("mailchute: {path}:{expected}");
        assert!(error.starts_with(&expected), "{error} does not begin with {expected}");
    }
}
