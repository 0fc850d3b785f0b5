//! `hash-password` makes lines for the password file, and the program accepts those users.

use std::io::Write as _;
use std::process::Stdio;

use crate::support::{Program, mailchute, run};

/// The output of `hash-password` for the password on its standard input, and its exit code.
fn hash_password(arguments: &[&str], password: &str) -> (i32, String, String) {
    let mut child = mailchute(&[&["hash-password"], arguments].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have refused the user already.
    let _ = child.stdin.take().unwrap().write_all(password.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn serve(users: &str, flags: &[&str]) -> (tempfile::TempDir, Program) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("users");
    std::fs::write(&file, users).unwrap();
    let options = ["--listen", "127.0.0.1:0", "--store", "discard:", "--auth-file", file.to_str().unwrap()];
    let program = Program::start(&[&options, flags].concat());
    (directory, program)
}

#[test]
fn each_line_is_a_scram_verifier_or_an_argon2id_hash() {
    let (code, first, _) = hash_password(&["alice"], "wonderland\nand more\n");
    assert_eq!(code, 0);
    assert!(first.starts_with("alice:SCRAM-SHA-256$100000:"), "{first}");
    assert!(first.ends_with("=\n") && !first.contains(' '), "{first}");
    let (code, line, _) = hash_password(&["alice", "--with-seed"], "wonderland\n");
    let (_, seed) = line.trim_end().split_once("= ").unwrap();
    assert!(code == 0 && seed.len() == 32 && seed.bytes().all(|digit| digit.is_ascii_hexdigit()), "{seed}");
    assert_ne!(hash_password(&["alice"], "wonderland").1, first);
    let (code, line, _) = hash_password(&["alice", "--argon2id"], "wonderland\r\n");
    assert!(code == 0 && line.starts_with("alice:$argon2id$v=19$m=19456,t=2,p=1$"), "{line}");
}

#[test]
fn refuses_an_invalid_user_or_password() {
    for user in ["", "al:ice", "#alice", " alice"] {
        let (code, line, error) = hash_password(&[user], "wonderland");
        assert_eq!((code, line.as_str()), (2, ""), "{user:?}");
        assert!(error.contains("write one without colons"), "{error}");
    }
    for user in ["al\tice", "al\x1bice", "\u{1F600}", "\u{AD}", "a\u{627}"] {
        let (code, line, error) = hash_password(&[user], "wonderland");
        assert_eq!((code, line.as_str()), (2, ""), "{user:?}");
        assert!(error.contains("SASLprep (RFC 4013)"), "{error}");
    }
    for password in ["wonder\tland", "\u{1F600}", "\u{AD}"] {
        let (code, line, error) = hash_password(&["alice"], password);
        assert_eq!((code, line.as_str()), (2, ""), "{password:?}");
        assert!(error.contains("SASLprep (RFC 4013)"), "{error}");
    }
    let (code, _, error) = hash_password(&["alice"], "\n");
    assert!(code == 2 && error.contains("the password is empty"), "{error}");
    let (code, _, error) = hash_password(&["alice"], "wonder\0land\n");
    assert!(code == 2 && error.contains("the password contains a NUL"), "{error}");
}

#[test]
fn users_of_both_kinds_log_in_and_others_get_one_refusal() {
    let lines =
        hash_password(&["alice"], "wonderland").1 + &hash_password(&["bob", "--argon2id"], "builder").1;
    let (_directory, program) = serve(&lines, &["--require-auth", "--allow-plaintext-auth"]);
    // alice and wonderland, bob and builder; alice and guessed, nobody and guessed; alice acting as bob.
    for (response, begin) in [
        ("AGFsaWNlAHdvbmRlcmxhbmQ=", "235 2.7.0 "),
        ("AGJvYgBidWlsZGVy", "235 2.7.0 "),
        ("AGFsaWNlAGd1ZXNzZWQ=", "535 5.7.8 Authentication credentials invalid"),
        ("AG5vYm9keQBndWVzc2Vk", "535 5.7.8 Authentication credentials invalid"),
        ("Ym9iAGFsaWNlAHdvbmRlcmxhbmQ=", "535 5.7.8 Authentication credentials invalid"),
    ] {
        let mut client = program.connect();
        client.read_reply();
        client.say("EHLO client.example");
        assert!(client.say("MAIL FROM:<a@b.example>").starts_with("530 5.7.0 "));
        let reply = client.say(&format!("AUTH PLAIN {response}"));
        assert!(reply.starts_with(begin), "{response}: {reply}");
        let expected = if begin.starts_with("235") { "250" } else { "530" };
        assert!(client.say("MAIL FROM:<a@b.example>").starts_with(expected));
    }
}

#[test]
fn scram_is_offered_only_to_a_file_that_has_a_verifier() {
    for (flags, offered) in [(&["bob"][..], "334"), (&["bob", "--argon2id"], "504 5.5.4 ")] {
        let (_directory, program) = serve(&hash_password(flags, "builder").1, &["--allow-plaintext-auth"]);
        let mut client = program.connect();
        client.read_reply();
        client.say("EHLO client.example");
        assert!(client.say("AUTH SCRAM-SHA-256").starts_with(offered), "{flags:?}");
    }
}

#[test]
fn a_restart_does_not_reveal_unknown_users() {
    let lines =
        hash_password(&["alice", "--with-seed"], "wonderland").1 + &hash_password(&["bob"], "builder").1;
    let salts = || {
        let (_directory, program) = serve(&lines, &[]);
        // n=alice, n=nobody and n=argon, each with the nonce abcd.
        ["biwsbj1hbGljZSxyPWFiY2Q=", "biwsbj1ub2JvZHkscj1hYmNk", "biwsbj1hcmdvbixyPWFiY2Q="].map(|first| {
            let mut client = program.connect();
            client.read_reply();
            client.say("EHLO client.example");
            let challenge = client.say(&format!("AUTH SCRAM-SHA-256 {first}"));
            // After the nonces, which end at a base64 group: the salt and the iterations.
            challenge.strip_prefix("334 ").unwrap()[44..].to_owned()
        })
    };
    let [alice, nobody, argon] = salts();
    assert!(alice != nobody && nobody != argon);
    assert_eq!(salts(), [alice, nobody, argon]);
}

#[test]
fn names_the_line_of_an_invalid_password_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("users");
    let path = file.to_str().unwrap();
    let fails = |text: &str, expected: &str| {
        std::fs::write(&file, text).unwrap();
        let (code, error) = run(&["--store", "discard:", "--auth-file", path]);
        assert!(code == 3 && error.contains(&format!("{path}{expected}")), "{text:?}: {code} {error}");
    };
    fails("# nobody\n", ": the file has no users");
    fails(
        "\nalice:wonderland\n",
        ":2: alice: this is not a verifier; write one that begins with SCRAM-SHA-256$",
    );
    fails("alice\n", ":1: this is not USER:VERIFIER");
    std::fs::write(&file, b"\xff\xfea\0l\0").unwrap();
    let (code, error) = run(&["--store", "discard:", "--auth-file", path]);
    assert!(code == 3 && error.contains(&format!("{path}:1:1: the file is UTF-16")), "{error}");
    let (code, error) = run(&["--store", "discard:", "--auth-file", "/no/users"]);
    assert!(code == 3 && error.contains("/no/users: cannot be read"), "{error}");
    for flag in ["--require-auth", "--allow-plaintext-auth"] {
        let (code, error) = run(&["--store", "discard:", flag]);
        assert!(code == 2 && error.contains("--auth-file"), "{error}");
    }
}

#[test]
fn a_password_file_with_a_byte_order_mark_and_crlf_is_read() {
    let line = hash_password(&["alice"], "wonderland").1;
    let users = format!("\u{feff}{}", line.replace('\n', "\r\n"));
    let (_directory, program) = serve(&users, &["--allow-plaintext-auth"]);
    let mut client = program.connect();
    client.read_reply();
    client.say("EHLO client.example");
    // alice, wonderland
    assert!(client.say("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=").starts_with("235 "));
}

#[test]
#[cfg(unix)]
fn a_password_file_that_everybody_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let line = hash_password(&["alice"], "wonderland").1;
    for (mode, warns) in [(0o644, true), (0o640, false)] {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("users");
        std::fs::write(&file, &line).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        let program = Program::start(&[
            "--listen",
            "127.0.0.1:0",
            "--store",
            "discard:",
            "--auth-file",
            file.to_str().unwrap(),
        ]);
        program.signal(rustix::process::Signal::TERM);
        let (code, log) = program.wait();
        assert_eq!(code, 0);
        assert_eq!(log.contains("chmod 600"), warns, "{mode:o}: {log}");
        assert!(!log.contains("SCRAM-SHA-256$"), "{log}");
    }
}
