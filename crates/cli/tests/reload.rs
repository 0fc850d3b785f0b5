//! SIGHUP: reloads the files, and applies all of them or none.

use std::fs;
use std::path::Path;

use crate::support::{ALICE, BOB, Program, SCRAM, write_certificate};
use rustix::process::Signal;

const ARGON: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";

/// A program with a certificate, a key and a password file in `directory`. The file contains alice.
fn serve(directory: &Path) -> Program {
    let users = directory.join("users");
    fs::write(&users, format!("alice:{SCRAM}\n")).unwrap();
    let (certificate, key) = write_certificate(directory);
    let place = ["--listen", "127.0.0.1:0", "--store", "discard:", "--log-level", "info"];
    let files = ["--auth-file", users.to_str().unwrap(), "--tls-cert", &certificate, "--tls-key", &key];
    Program::start(&[&place[..], &files, &["--allow-plaintext-auth"]].concat())
}

/// Reloads the files, and returns the log line with the outcome.
fn reload(program: &mut Program) -> String {
    program.signal(Signal::HUP);
    program.log_line_with(&["read the password file again", "kept all certificates, users and options"])
}

fn reply_to(program: &Program, response: &str) -> String {
    let mut client = program.connect();
    client.read_reply();
    client.say("EHLO client.example");
    client.say(&format!("AUTH PLAIN {response}"))
}

#[test]
fn a_reload_adds_and_removes_users() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = serve(directory.path());
    let mut before = program.connect();
    before.read_reply();
    before.say("EHLO client.example");
    assert!(before.say(&format!("AUTH PLAIN {ALICE}")).starts_with("235 2.7.0 "));
    fs::write(directory.path().join("users"), format!("bob:{SCRAM}\n")).unwrap();
    let told = reload(&mut program);
    assert!(told.contains("read the password file again") && told.contains("users=1"), "{told}");
    assert!(reply_to(&program, BOB).starts_with("235 2.7.0 "));
    assert!(reply_to(&program, ALICE).starts_with("535 5.7.8 "));
    assert!(before.say("MAIL FROM:<a@b.example>").starts_with("250 "), "a session goes on as it is");
}

#[test]
fn a_wrong_file_leaves_all_of_them_as_they_were_and_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = serve(directory.path());
    let path = |name: &str| directory.path().join(name);
    let bob = format!("bob:{SCRAM}\n");
    let certificate = fs::read(path("cert.pem")).unwrap();
    for (file, content, complaint) in [
        ("users", format!("{bob}carol\n"), "users:2: this is not USER:VERIFIER"),
        ("users", String::new(), "has no users"),
        ("cert.pem", "no certificate\n".to_owned(), "cert.pem"),
    ] {
        fs::write(path("users"), &bob).unwrap();
        fs::write(path(file), content).unwrap();
        let told = reload(&mut program);
        assert!(told.contains("kept all certificates, users and options"), "{file}: {told}");
        assert!(told.contains(complaint), "{file}: {told}");
        assert!(reply_to(&program, ALICE).starts_with("235 2.7.0 "), "{file}: alice is out");
        assert!(reply_to(&program, BOB).starts_with("535 5.7.8 "), "{file}: bob is in");
    }
    fs::write(path("cert.pem"), certificate).unwrap();
    assert!(reload(&mut program).contains("read the password file again"));
    assert!(reply_to(&program, BOB).starts_with("235 2.7.0 "));
}

#[test]
fn each_file_that_is_wrong_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = serve(directory.path());
    fs::write(directory.path().join("users"), "# nobody\nbob builder\n").unwrap();
    fs::write(directory.path().join("cert.pem"), "nothing").unwrap();
    assert!(reload(&mut program).contains("cert.pem: holds no certificate"));
    assert!(program.logged("kept all certificates").contains("users:2: this is not USER:VERIFIER"));
    assert!(reply_to(&program, ALICE).starts_with("235 2.7.0 "));
}

#[test]
fn scram_comes_and_goes_with_the_verifiers_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let users = directory.path().join("users");
    let offer = |program: &Program| {
        let mut client = program.connect();
        client.read_reply();
        client.hear_all("EHLO client.example").contains("SCRAM-SHA-256")
    };
    fs::write(&users, format!("alice:{ARGON}\n")).unwrap();
    let place = ["--listen", "127.0.0.1:0", "--store", "discard:", "--allow-plaintext-auth"];
    let mut program = Program::start(&[&place[..], &["--auth-file", users.to_str().unwrap()]].concat());
    assert!(!offer(&program));
    for (verifier, is_offered) in [(SCRAM, true), (ARGON, false)] {
        fs::write(&users, format!("alice:{verifier}\n")).unwrap();
        assert!(reload(&mut program).contains("read the password file again"));
        assert_eq!(offer(&program), is_offered);
    }
}
