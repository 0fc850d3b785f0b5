//! SIGHUP has all files read again, and puts all of them in force or none.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use std::path::PathBuf;
use std::process::Stdio;

use rustix::process::Signal;
use support::{Program, mailchute};

// "alice" and "wonderland", "bob" and "builder".
const ALICE: &str = "AGFsaWNlAHdvbmRlcmxhbmQ=";
const BOB: &str = "AGJvYgBidWlsZGVy";

fn line(user: &str, password: &str) -> String {
    let mut child = mailchute(&["hash-password", user])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    std::io::Write::write_all(&mut child.stdin.take().expect("it is piped"), password.as_bytes())
        .expect("it reads");
    String::from_utf8(child.wait_with_output().expect("it ends").stdout).expect("it is text")
}

/// A program with a password file and a certificate.
struct Place {
    program: Program,
    users: PathBuf,
    certificate: PathBuf,
    pem: String,
    _folder: tempfile::TempDir,
}

impl Place {
    fn with(users: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let made = rcgen::generate_simple_self_signed(["mx.example.com".to_owned()]).expect("it is made");
        let [file, certificate, key] = ["users", "cert.pem", "key.pem"].map(|name| folder.path().join(name));
        for (path, text) in
            [(&file, users), (&certificate, &made.cert.pem()), (&key, &made.signing_key.serialize_pem())]
        {
            std::fs::write(path, text).expect("there is room");
        }
        let [users, cert, key] = [&file, &certificate, &key].map(|path| path.display().to_string());
        let program = Program::start(&[
            "--listen",
            "127.0.0.1:0",
            "--store",
            "discard:",
            "--allow-plaintext-auth",
            "--auth-file",
            &users,
            "--tls-cert",
            &cert,
            "--tls-key",
            &key,
        ]);
        Self { program, users: file, certificate, pem: made.cert.pem(), _folder: folder }
    }

    fn log_in(&self, response: &str) -> String {
        let mut client = self.program.connect();
        client.hear();
        client.say("EHLO client.example");
        client.say(&format!("AUTH PLAIN {response}"))[..3].to_owned()
    }

    /// What SCRAM tells of somebody who is no user: nonces left out, a salt and a number of iterations.
    fn salt_of_a_stranger(&self) -> String {
        let mut client = self.program.connect();
        client.hear();
        client.say("EHLO client.example");
        // n,,n=mallory,r=abc
        let reply = client.say("AUTH SCRAM-SHA-256 biwsbj1tYWxsb3J5LHI9YWJj");
        let challenge = String::from_utf8(decoded(reply.strip_prefix("334 ").expect("it is a challenge")));
        challenge.expect("it is text").split_once(",s=").expect("it has a salt").1.to_owned()
    }
}

fn decoded(base64: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |octet: &u8| DIGITS.iter().position(|digit| digit == octet);
    let bits: Vec<usize> = base64.as_bytes().iter().filter_map(digit).collect();
    let group = |four: &[usize]| {
        let number = four.iter().fold(0, |number, six| number << 6 | six) << (6 * (4 - four.len()));
        [number >> 16, number >> 8, number].map(|octet| octet.to_le_bytes()[0])[..four.len() - 1].to_vec()
    };
    bits.chunks(4).flat_map(group).collect()
}

#[test]
fn users_come_and_go_and_strangers_look_as_before() {
    let alice = line("alice", "wonderland");
    let mut place = Place::with(&alice);
    assert_eq!((place.log_in(ALICE), place.log_in(BOB)), ("235".into(), "535".into()));
    let stranger = place.salt_of_a_stranger();
    place.program.signal(Signal::HUP);
    place.program.logged("read the files again");
    assert_eq!(place.salt_of_a_stranger(), stranger);
    std::fs::write(&place.users, line("bob", "builder")).unwrap();
    place.program.signal(Signal::HUP);
    assert!(place.program.logged("read the files again").contains("users=1"));
    assert_eq!((place.log_in(ALICE), place.log_in(BOB)), ("535".into(), "235".into()));
}

#[test]
fn one_wrong_file_keeps_all_that_is_in_force_and_each_is_named() {
    let mut place = Place::with(&line("alice", "wonderland"));
    // Good users beside a wrong certificate.
    std::fs::write(&place.users, line("bob", "builder")).unwrap();
    std::fs::write(&place.certificate, "nothing").unwrap();
    place.program.signal(Signal::HUP);
    assert!(place.program.logged("kept all that is in force").contains("cert.pem: holds no certificate"));
    assert_eq!((place.log_in(ALICE), place.log_in(BOB)), ("235".into(), "535".into()));
    // Both are wrong, and both are told.
    std::fs::write(&place.users, "# nobody\nbob builder\n").unwrap();
    place.program.signal(Signal::HUP);
    assert!(place.program.logged("kept all that is in force").contains("cert.pem"));
    assert!(place.program.logged("kept all that is in force").contains("users:2: write USER:VERIFIER"));
    assert_eq!(place.log_in(ALICE), "235");
    std::fs::write(&place.users, line("bob", "builder")).unwrap();
    std::fs::write(&place.certificate, &place.pem).unwrap();
    place.program.signal(Signal::HUP);
    place.program.logged("read the files again");
    assert_eq!((place.log_in(ALICE), place.log_in(BOB)), ("535".into(), "235".into()));
}
