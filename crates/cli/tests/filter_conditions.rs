//! `unless` in `[[filter]]`: an earlier filter decides whether a later one is asked.

use std::path::Path;

use crate::support::dns::txt_server;
use crate::support::{Client, Program, run, write_config};

const AUTHENTICATION: &str = "[[filter]]\nuse = \"authentication\"\n";
const HTTP: &str = "[[filter]]\nuse = \"http\"\nurl = \"unix:/run/a\"\n";
const GREYLIST: &str = "[[filter]]\nuse = \"greylist\"\nunless = [\"spf=pass\"]\n";

/// A server in the sandbox, and a domain client.example that lets 192.0.2.1 send its mail.
fn start(directory: &Path, filters: &str) -> Program {
    let dns = txt_server(&[("client.example", "v=spf1 ip4:192.0.2.1 -all")]);
    let text = format!(
        "store = \"discard:\"\nstate = \"{}/state\"\nlisten = \"127.0.0.1:0\"\ndomain = \"example.com\"\n\
         proxy-from = \"127.0.0.1\"\nsandbox = true\ndns = \"{dns}\"\n{filters}",
        directory.display()
    );
    Program::start(&["serve", "--config", &write_config(directory, &text)])
}

/// The replies to two recipients, the second in another transaction.
fn replies(program: &Program, client: &str, senders: [&str; 2]) -> [String; 2] {
    let mut connection = Client::connect(program.address(0));
    let greeting = connection.say(&format!("PROXY TCP4 {client} 192.0.2.99 2525 25"));
    assert!(greeting.starts_with("220 "), "{greeting}");
    assert!(connection.say("EHLO host.client.example").starts_with("250 "));
    senders.map(|sender| {
        assert!(connection.say(&format!("MAIL FROM:<{sender}>")).starts_with("250 "));
        let reply = connection.say("RCPT TO:<bob@example.com>");
        assert!(connection.say("RSET").starts_with("250 "));
        reply[..9].to_owned()
    })
}

#[test]
fn a_condition_is_looked_at_in_each_transaction() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = start(directory.path(), &format!("{AUTHENTICATION}{GREYLIST}"));
    let senders = ["alice@client.example", "alice@elsewhere.example"];
    assert_eq!(replies(&program, "192.0.2.1", senders), ["250 2.1.5", "451 4.7.1"]);
    let told = program.logged(" refused ");
    assert!(
        told.contains("from=alice@elsewhere.example") && told.contains(" spf=none greylist=wait "),
        "{told}"
    );
    assert_eq!(replies(&program, "192.0.2.2", senders), ["451 4.7.1", "451 4.7.1"]);
    let told = program.logged(" refused ");
    assert!(
        told.contains("from=alice@client.example") && told.contains(" spf=fail greylist=wait "),
        "{told}"
    );
}

#[test]
fn a_condition_may_be_known_as_soon_as_the_filter_decides() {
    let directory = tempfile::tempdir().unwrap();
    for rest in [
        format!("{HTTP}unless = [\"dkim=pass\"]\n"),
        format!("{HTTP}stages = [\"connect\", \"data\"]\nunless = [\"dkim=pass\"]\n"),
        format!("{HTTP}stages = [\"mail\", \"data\"]\nunless = [\"spf=pass\"]\n"),
        "[[filter]]\nuse = \"milter\"\nurl = \"unix:/run/a\"\nunless = [\"spf=pass\"]\n".to_owned(),
    ] {
        let text = format!(
            "store = \"discard:\"\ndomain = \"example.com\"\ndns = \"127.0.0.1\"\n{AUTHENTICATION}{rest}"
        );
        let path = write_config(directory.path(), &text);
        let (code, error) = run(&["check", "--config", &path]);
        assert_eq!(code, 0, "{text}: {error}");
    }
}

#[test]
fn conditions_that_cannot_hold_are_mistakes() {
    let directory = tempfile::tempdir().unwrap();
    for (text, expected) in [
        (
            format!("{AUTHENTICATION}{}", GREYLIST.replace("spf", "dkim")),
            "5:11: filter.unless: dkim is known after the message only, and greylist decides at RCPT; leave it out",
        ),
        (
            format!("{GREYLIST}{AUTHENTICATION}"),
            "3:11: filter.unless: spf is not known yet; write this [[filter]] below that of authentication",
        ),
        (
            format!("{AUTHENTICATION}{}", GREYLIST.replace("=pass", "=passed")),
            "5:11: filter.unless: spf is never \"passed\"; write pass",
        ),
        (
            format!("{AUTHENTICATION}lists = {{}}\n"),
            "3:1: filter: \"lists\" is an option of dnsbl, and not of authentication; leave it out",
        ),
        (
            "[[filter]]\nuse = \"milter\"\nurl = \"unix:/run/a\"\n[[filter]]\nuse = \"milter\"\nurl = \"unix:/run/b\"\n".to_owned(),
            "4:1: [[filter]]: \"milter\" is the finding of an earlier filter; write another name, ",
        ),
        (
            "[[filter]]\nuse = \"dnsbl\"\nlists = { \"bl.example\" = \"refuse\" }\n".repeat(2),
            "4:1: [[filter]]: \"dnsbl\" is the finding of an earlier filter; write another name, such as name = \"dnsbl-2\"",
        ),
        (
            "[[filter]]\nuse = \"greylist\"\n[[filter]]\nuse = \"rspamd\"\nurl = \"unix:/run/a\"\nunless = [\"greylist=pass\"]\n".to_owned(),
            "6:11: filter.unless: greylist is found for each recipient, and rspamd decides on the message for all of them; ",
        ),
        (
            format!("{AUTHENTICATION}[[filter]]\nuse = \"milter\"\nurl = \"unix:/run/a\"\nunless = [\"dmarc=pass\"]\n"),
            "6:11: filter.unless: dmarc is known after the message only, and milter may decide at MAIL already, which must \
             not be skipped; leave it out",
        ),
        (
            format!("{AUTHENTICATION}{HTTP}stages = [\"connect\", \"rcpt\", \"data\"]\nunless = [\"dkim=pass\"]\n"),
            "7:11: filter.unless: dkim is known after the message only, and http may decide at RCPT already, which must \
             not be skipped; leave it out",
        ),
        (
            "[[filter]]\nuse = \"http\"\nurl = \"unix:/run/a\"\nstages = [\"mail\"]\n\
             [[filter]]\nuse = \"greylist\"\nunless = [\"http=ok\"]\n".to_owned(),
            "7:11: filter.unless: http is never \"ok\"",
        ),
    ] {
        let path = write_config(directory.path(), &text);
        let (code, error) = run(&["check", "--config", &path]);
        let expected = format!("mailchute: {path}:{expected}");
        assert!(code == 2 && error.starts_with(&expected), "{text}: {code} {error} does not begin with {expected}");
    }
}
