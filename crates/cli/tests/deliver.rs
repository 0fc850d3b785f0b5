//! The command line of `mailchute deliver`.

use crate::support::mailchute;

/// The exit code, standard output and standard error of `mailchute deliver --check`.
fn check(arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let output = mailchute(&[&["deliver", "--check", "--store", "discard:"], arguments].concat())
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[cfg(feature = "nats")]
#[test]
fn right_options_have_no_mistakes() {
    let all = [
        "--from",
        "nats://a.example,b.example:4223/mail.>?secret=file:/secret",
        "--consumer=inbound",
        "--backoff=1s,5m",
        "--tries=3",
        "--dead-letters=mail-dead",
        "--at-once=4",
        "--sandbox",
    ];
    let (code, _, error) = check(&all, &[]);
    assert!(code == 2 && error.contains("write tls://"), "{code} {error}");
    let (code, told, error) = check(&[&["--from", "tls://a.example/mail.>"], &all[2..]].concat(), &[]);
    assert_eq!((code, &*told, &*error), (0, "no mistakes found\n", ""));
    let variables = [("MAILCHUTE_FROM", "nats://127.0.0.1/mail.>"), ("MAILCHUTE_TRIES", "2")];
    assert_eq!(check(&[], &variables).0, 0);
}

#[cfg(feature = "nats")]
#[test]
fn mistakes_say_what_to_write() {
    let from = ["--from", "nats://127.0.0.1/mail.>"];
    for (arguments, hint) in [
        (&[][..], "--from: there is no stream; write --from nats://HOST/SUBJECT"),
        (&["--from", "maildir:./mail"], "--from: \"maildir:./mail\" is not the URL of a stream"),
        (&[from[0], from[1], "--dead-letters", "mail.dead"], "would be taken again by mail.>"),
        (&[from[0], from[1], "--consumer", "a.b"], "cannot be the name of a consumer"),
        (&[from[0], from[1], "--backoff", "0"], "there is no wait between tries"),
        (&[from[0], from[1], "--backoff", "5 minutes"], "such as 5m"),
        (&[from[0], from[1], "--tries", "0"], "a message is tried once at least"),
        (&[from[0], from[1], "--at-once", "0"], "write 1 to 256"),
        (&[from[0], from[1], "--listen", ":25"], "--listen: mailchute deliver has no such option"),
    ] {
        let (code, _, error) = check(arguments, &[]);
        assert!(code == 2 && error.contains(hint), "{arguments:?}: {code} {error}");
    }
}

#[cfg(not(feature = "nats"))]
#[test]
fn a_build_without_nats_says_so() {
    let (code, _, error) = check(&["--from", "nats://127.0.0.1/mail.>"], &[]);
    assert!(code == 2 && error.contains("build it with --features nats"), "{error}");
}

#[test]
fn help_lists_only_the_options_that_count() {
    let output = mailchute(&["deliver", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for option in ["--from", "--backoff", "--store", "--sandbox", "--log-level"] {
        assert!(help.contains(&format!("\n      {option}")), "{option}: {help}");
    }
    assert!(!help.contains("--listen") && !help.contains("--auth-any"), "{help}");
}
