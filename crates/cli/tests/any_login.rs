//! `--auth-any` accepts every login, logs it, and works only if no other host can connect.

use crate::support::{Program, run, write_config};

#[test]
fn every_login_is_accepted_and_warned_of() {
    let program = Program::start(&[
        "--listen",
        "127.0.0.1:0",
        "--store",
        "discard:",
        "--auth-any",
        "--require-auth",
        "--allow-plaintext-auth",
    ]);
    // alice and wonderland; bob who acts as alice; a name with a line end.
    for (response, code) in [
        ("AGFsaWNlAHdvbmRlcmxhbmQ=", "235 2.7.0 "),
        ("YWxpY2UAYm9iAHdvbmRlcmxhbmQ=", "235 2.7.0 "),
        ("AGFsaWNlDQoAd29uZGVybGFuZA==", "535 5.7.8 "),
    ] {
        let mut client = program.connect();
        client.read_reply();
        client.say("EHLO client.example");
        assert!(client.say("MAIL FROM:<a@b.example>").starts_with("530 "));
        assert!(client.say(&format!("AUTH PLAIN {response}")).starts_with(code), "{response}");
        let expected = if code.starts_with("235") { "250" } else { "530" };
        assert!(client.say("MAIL FROM:<a@b.example>").starts_with(expected));
    }
    let mut client = program.connect();
    client.read_reply();
    let hello = client.hear_all("EHLO client.example");
    assert!(hello.contains("AUTH PLAIN LOGIN"), "{hello}");
    assert!(client.say("AUTH LOGIN YWxpY2U=").starts_with("334 "));
    assert!(client.say("eA==").starts_with("235 "));
    program.signal(rustix::process::Signal::TERM);
    let (_, log) = program.wait();
    assert!(log.contains("--auth-any: every login is accepted"), "{log}");
}

#[test]
fn any_login_stays_inside_tls_unless_allowed() {
    let program = Program::start(&["--listen", "127.0.0.1:0", "--store", "discard:", "--auth-any"]);
    let mut client = program.connect();
    client.read_reply();
    assert!(!client.hear_all("EHLO client.example").contains("AUTH"));
    assert!(client.say("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=").starts_with("538 "));
}

#[test]
fn refuses_any_login_on_addresses_that_others_can_reach() {
    for domains in [&["--domain", "example.com"][..], &[]] {
        for arguments in [
            &["--listen", "0.0.0.0:0", "--allow-root", "--auth-any"][..],
            &["check", "--lmtp", ":0", "--auth-any"],
        ] {
            let (code, error) = run(&[arguments, domains].concat());
            let expected = if domains.is_empty() { "--domain" } else { "--auth-any" };
            assert!(code == 2 && error.contains(expected), "{arguments:?}: {code} {error}");
        }
    }
    let inbox = ["check", "--listen", "0.0.0.0:0", "--allow-root", "--domain", "*", "--auth-any"];
    let (code, error) = run(&inbox);
    assert!(code == 0 && error.contains("warning: --auth-any"), "{code} {error}");
}

#[test]
fn any_login_beside_a_password_file_is_refused() {
    let (code, error) = run(&["--auth-any", "--auth-file", "users"]);
    assert!(
        code == 2 && error.contains("--auth-any: ") && error.contains("leave one of the two out"),
        "{error}"
    );
    let directory = tempfile::tempdir().unwrap();
    let file = write_config(directory.path(), "auth-any = true\nauth-file = \"users\"\n");
    let (code, error) = run(&["check", "--config", &file]);
    assert!(code == 2 && error.contains(":1:") && error.contains("auth-any: "), "{error}");
}
