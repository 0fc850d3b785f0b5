//! `use = "dnsbl"` in `[[filter]]`, with a DNS server.

use std::path::Path;

use crate::support::dns::dns_server;
use crate::support::{Client, Program, run, write_config};

const FILTER: &str = "[[filter]]\nuse = \"dnsbl\"\ntimeout = 20\n\
                      lists = { \"wl.example\" = \"skip\", \"bl.example\" = \"refuse:127.0.0.2-11\" }\n\
                      domains = { \"rhs.example\" = \"mark\" }\n";

fn start(directory: &Path, head: &str, filter: &str) -> Program {
    let dns = dns_server(&[
        ("1.2.0.192.bl.example", [127, 0, 0, 2]),
        ("2.2.0.192.bl.example", [127, 0, 0, 2]),
        ("2.2.0.192.wl.example", [127, 0, 0, 2]),
        ("3.2.0.192.bl.example", [127, 0, 0, 12]),
        ("bad.example.rhs.example", [127, 0, 1, 2]),
    ]);
    let text = format!(
        "store = \"discard:\"\nlisten = \"127.0.0.1:0\"\ndomain = \"example.com\"\nproxy-from = \"127.0.0.1\"\n\
         dns = \"{dns}\"\n{head}{filter}"
    );
    Program::start(&["serve", "--config", &write_config(directory, &text)])
}

/// The reply to RCPT of a client that a proxy names.
fn reply(program: &Program, client: &str, sender: &str) -> String {
    let mut connection = Client::connect(program.address(0));
    let greeting = connection.say(&format!("PROXY TCP4 {client} 192.0.2.99 2525 25"));
    assert!(greeting.starts_with("220 "), "{greeting}");
    assert!(connection.say("EHLO client.example").starts_with("250 "));
    assert!(connection.say(&format!("MAIL FROM:<{sender}>")).starts_with("250 "));
    connection.say("RCPT TO:<bob@example.com>")
}

#[test]
fn lists_refuse_skip_and_mark() {
    for head in ["", "sandbox = true\n"] {
        let directory = tempfile::tempdir().unwrap();
        let mut program = start(directory.path(), head, FILTER);
        let refused = "550 5.7.1 Client host [192.0.2.1] is listed by bl.example";
        assert_eq!(reply(&program, "192.0.2.1", "alice@bad.example"), refused);
        let told = program.logged("<bob@example.com>");
        assert!(
            told.contains(" from=alice@bad.example ") && told.contains(" dnsbl=refuse rhsbl=mark"),
            "{told}"
        );
        for client in ["192.0.2.2", "192.0.2.3", "192.0.2.4", "10.0.0.1"] {
            let reply = reply(&program, client, "alice@client.example");
            assert!(reply.starts_with("250 "), "{client}: {reply}");
        }
    }
}

#[test]
fn an_earlier_list_can_spare_a_client_the_next_filter() {
    let directory = tempfile::tempdir().unwrap();
    let rest = "[[filter]]\nuse = \"limits\"\nunless = [\"dnsbl=skip\"]\nmessages-per-sender = \"1/1h\"\nrecipients = \"1/1h\"\n";
    let program = start(directory.path(), "", &format!("{FILTER}{rest}"));
    for (client, second) in [("192.0.2.2", "250 "), ("192.0.2.3", "450 ")] {
        for expected in ["250 ", second] {
            let reply = reply(&program, client, "");
            assert!(reply.starts_with(expected), "{client}: {reply}");
        }
    }
}

#[test]
fn mistakes_in_lists_are_told_with_what_to_write() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mailchute.toml").display().to_string();
    for (options, expected) in [
        (
            "",
            "1:1: [[filter]]: it asks no list; write lists = { \"zen.spamhaus.org\" = \"refuse\" }, for example",
        ),
        (
            "lists = \"zen.spamhaus.org\"\n",
            "3:9: filter.lists: this is a string; write a table, such as lists = { ",
        ),
        (
            "lists = { \"zen.spamhaus.org\" = \"reject\" }\n",
            "3:11: filter.lists: \"zen.spamhaus.org=reject\" is invalid: there is no action \"reject\": write refuse, \
             mark or skip",
        ),
        (
            "lists = { \"a\" = \"mark:10.0.0.2\" }\n",
            "3:11: filter.lists: \"a=mark:10.0.0.2\" is invalid: \"10.0.0.2\" is not a code of a list: write 127.0.0.2",
        ),
        (
            "domains = { \".example\" = \"mark\" }\n",
            "3:13: filter.domains: \".example=mark\" is invalid: write the domain of a list, such as zen.spamhaus.org",
        ),
        (
            "lists = { \"a\" = \"mark\" }\n[[filter]]\nuse = \"limits\"\nmessages = \"1/1h\"\nunless = [\"rhsbl=mark\"]\n",
            "7:11: filter.unless: no [[filter]] above finds out \"rhsbl\"; write dnsbl",
        ),
    ] {
        write_config(directory.path(), &format!("[[filter]]\nuse = \"dnsbl\"\n{options}"));
        let (code, error) = run(&["check", "--config", &path]);
        let expected = format!("mailchute: {path}:{expected}");
        assert!(
            code == 2 && error.starts_with(&expected),
            "{options}: {code} {error} does not begin with {expected}"
        );
    }
}
