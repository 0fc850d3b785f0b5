//! `--domain`: the recipients that are accepted, in every spelling of their domain.

use crate::support::{Client, Program, mailchute, run, write_config};

fn start(domains: &[&str]) -> Program {
    let flags = domains.iter().flat_map(|domain| ["--domain", domain]);
    Program::start(
        &["--listen", "127.0.0.1:0", "--store", "discard:"].into_iter().chain(flags).collect::<Vec<_>>(),
    )
}

fn begin(program: &Program) -> Client {
    let mut client = program.connect();
    client.read_reply();
    client.say("EHLO client.example");
    assert!(client.say("MAIL FROM:<> SMTPUTF8").starts_with("250 "));
    client
}

#[track_caller]
fn assert_taken(program: &Program, recipients: &[(&str, bool)]) {
    let mut client = begin(program);
    for (recipient, is_taken) in recipients {
        let reply = client.say(&format!("RCPT TO:<{recipient}>"));
        let expected = if *is_taken { "250 2.1.5 " } else { "550 5.7.1 " };
        assert!(reply.starts_with(expected), "{recipient}: {reply}");
    }
}

#[test]
fn takes_all_forms_of_an_internationalized_domain() {
    for domain in ["xn--bcher-kva.example", "bücher.example", "BU\u{308}CHER.example"] {
        let forms = [
            ("x@xn--bcher-kva.example", true),
            ("x@XN--BCHER-KVA.EXAMPLE", true),
            ("x@bücher.example", true),
            ("x@BÜCHER.example", true),
            ("x@bu\u{308}cher.example", true),
            ("x@bücher\u{3002}example", true),
            ("x@bucher.example", false),
            ("x@sub.bücher.example", false),
            ("postmaster", true),
        ];
        assert_taken(&start(&[domain]), &forms);
    }
}

#[test]
fn takes_what_is_below_a_domain_with_a_dot_in_front() {
    let program = start(&[".example.com", "example.org"]);
    let recipients = [
        ("x@a.example.com", true),
        ("x@a.b.EXAMPLE.com", true),
        ("x@example.com", false),
        ("x@notexample.com", false),
        ("x@example.org", true),
        ("x@a.example.org", false),
    ];
    assert_taken(&program, &recipients);
}

#[test]
fn takes_every_recipient_for_a_star_and_says_so() {
    let mut program = start(&["*"]);
    let told = program.logged("every recipient");
    assert!(told.contains("WARN") && told.contains("--domain '*'"), "{told}");
    assert_taken(&program, &[("x@example.com", true), ("x@[192.0.2.1]", true), ("x@bücher.example", true)]);
}

#[test]
fn a_star_listens_in_public_and_check_says_what_it_means() {
    let flags = ["--listen", "0.0.0.0:0", "--store", "discard:", "--allow-root"];
    let (code, told) = run(&[&["check"], &flags[..]].concat());
    assert!(code == 2 && told.contains("--domain '*'"), "{code} {told}");
    let output = mailchute(&[&["check", "--domain", "*"], &flags[..]].concat()).output().unwrap();
    assert!(output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("mailchute: warning: --domain '*': every recipient"), "{told}");
    let directory = tempfile::tempdir().unwrap();
    let path = write_config(directory.path(), "domain = [\"*\"]\n");
    let (code, told) = run(&["check", "--config", &path]);
    assert!(code == 0 && told.contains("mailchute.toml:1:11: domain '*'"), "{code} {told}");
}

#[test]
fn a_domain_given_twice_is_found_in_either_form() {
    for (domains, complaint) in [
        (["example.com", "Example.COM"], "Example.COM and example.com are the same domain"),
        (
            ["bücher.example", "xn--bcher-kva.example"],
            "xn--bcher-kva.example and bücher.example are the same",
        ),
        ([".bücher.example", ".BÜCHER.example"], "are the same domain"),
        (["example.com", "example.com"], "example.com is given twice"),
        (["*", "example.com"], "'*' stands for every recipient; leave the others out"),
    ] {
        let flags: Vec<_> = domains.iter().flat_map(|domain| ["--domain", domain]).collect();
        let (code, told) = run(&[&["check"], &flags[..]].concat());
        assert!(code == 2 && told.contains(complaint), "{domains:?}: {code} {told}");
    }
    assert_eq!(run(&["check", "--domain", "example.com", "--domain", ".example.com"]), (0, String::new()));
}
