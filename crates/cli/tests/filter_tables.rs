//! `[[filter]]` of a configuration file: order, conditions, mistakes and reloads.

use std::fs;
use std::path::Path;

use rustix::process::Signal;

use crate::support::{Client, Program, mailchute, run, write_config};

const HEAD: &str = "store = \"discard:\"\nlisten = \"127.0.0.1:0\"\ndomain = \"example.com\"\n";

fn start(directory: &Path, text: &str) -> Program {
    Program::start(&["serve", "--config", &write_config(directory, &format!("{HEAD}{text}"))])
}

/// Says hello, and returns the client.
fn greeted(mut client: Client) -> Client {
    assert!(client.read_reply().starts_with("220 "));
    assert!(client.say("EHLO client.example").starts_with("250 "));
    client
}

/// The replies to MAIL and to RCPT for these, in a new session.
fn replies(program: &Program, recipients: &[&str]) -> Vec<String> {
    let mut client = greeted(program.connect());
    let mut replies = vec![client.say("MAIL FROM:<alice@client.example>")];
    replies.extend(recipients.iter().map(|to| client.say(&format!("RCPT TO:<{to}>"))));
    replies.iter().map(|reply| reply[..9].trim_end().to_owned()).collect()
}

#[test]
fn a_limit_counts_guesses_that_the_domains_refuse() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = start(directory.path(), "[[filter]]\nuse = \"limits\"\nrecipients = \"20/1h\"\n");
    let to = ["a@elsewhere.example", "b@elsewhere.example", "c@example.com", "d@example.com"];
    assert_eq!(replies(&program, &to), ["250 2.1.0", "550 5.7.1", "550 5.7.1", "450 4.7.1", "450 4.7.1"]);
    let told = program.logged("<c@example.com>");
    assert!(
        told.contains("reply=\"450 4.7.1 Too many recipients; ") && told.contains(" limits=over"),
        "{told}"
    );
}

#[test]
fn a_filter_is_asked_on_its_listeners_only() {
    let directory = tempfile::tempdir().unwrap();
    let text = "[[listener]]\nname = \"mx\"\naddress = \"127.0.0.1:0\"\n\
                [[filter]]\nuse = \"limits\"\nonly = [\"mx\"]\nmessages = \"1/1h\"\n";
    let program = start(directory.path(), text);
    for (index, second) in [(0, "250 "), (1, "451 ")] {
        for expected in ["250 ", second] {
            let mut client = greeted(Client::connect(program.address(index)));
            let reply = client.say("MAIL FROM:<alice@client.example>");
            assert!(reply.starts_with(expected), "{index}: {reply}");
        }
    }
}

#[test]
fn the_address_of_an_option_names_its_listener() {
    let directory = tempfile::tempdir().unwrap();
    let text = "[[filter]]\nuse = \"limits\"\nonly = [\"127.0.0.1:0\"]\nmessages = \"1/1h\"\n";
    let program = start(directory.path(), text);
    assert_eq!(replies(&program, &[]), ["250 2.1.0"]);
    assert_eq!(replies(&program, &[]), ["451 4.7.1"]);
}

#[test]
fn a_reload_keeps_the_memory_of_filters_that_are_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let limits = "[[filter]]\nuse = \"limits\"\nmessages = \"1/1h\"\n";
    let mut program = start(directory.path(), limits);
    let reload = |program: &mut Program, text: &str| {
        write_config(directory.path(), &format!("{HEAD}{text}"));
        program.signal(Signal::HUP);
        program.logged("read the configuration again");
    };
    assert_eq!(replies(&program, &[]), ["250 2.1.0"]);
    assert_eq!(replies(&program, &[]), ["451 4.7.1"]);
    let moved =
        format!("[[filter]]\nuse = \"limits\"\nrecipients = \"9/1h\"\n{limits}only = [\"127.0.0.1:0\"]\n");
    reload(&mut program, &moved);
    assert_eq!(replies(&program, &[]), ["451 4.7.1"], "its place and its listeners are not its memory");
    reload(&mut program, &limits.replace("1/1h", "2/1h"));
    assert_eq!(replies(&program, &[]), ["250 2.1.0"], "other options begin again");
    reload(&mut program, "");
    assert_eq!(replies(&program, &[]), ["250 2.1.0"]);
    reload(&mut program, &limits.replace("1/1h", "2/1h"));
    assert_eq!(replies(&program, &[]), ["250 2.1.0"], "a filter that was gone has forgotten");
}

#[test]
fn mistakes_in_filters_are_told_with_what_to_write() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mailchute.toml").display().to_string();
    for (text, expected) in [
        (
            "[[filter]]\nrecipients = \"1/1h\"\n",
            "1:1: filter.use: each [[filter]] says what it uses; write use = ",
        ),
        ("[[filter]]\nuse = 1\n", "1:1: filter.use: each [[filter]] says what it uses; "),
        ("[[filter]]\nuse = \"limit\"\n", "2:7: filter.use: \"limit\" is invalid: write limits"),
        ("[filter]\nuse = \"limits\"\n", "1:1: filter: write [[filter]] above the options of each filter"),
        (
            "[[filter]]\nuse = \"limits\"\nconections = \"1/1h\"\n",
            "3:1: filter: there is no option \"conections\"; write connections",
        ),
        (
            "[[filter]]\nuse = \"limits\"\nconnections = \"often\"\n",
            "3:15: filter.connections: \"often\" is invalid: a rate is a number and a time, such as 30/1m ",
        ),
        ("[[filter]]\nuse = \"limits\"\n", "1:1: [[filter]]: it limits nothing; write recipients = "),
        (
            "[[filter]]\nuse = \"limits\"\nmessages = \"1/1h\"\nonly = [\"mx\", \"mxx\"]\n[[listener]]\nname = \"mx\"\n\
             address = \":1\"\n",
            "4:15: filter.only: no listener is named \"mxx\"; write mx",
        ),
        (
            "[[filter]]\nuse = \"limits\"\nmessages = \"1/1h\"\nunless = [\"spf\"]\n",
            "4:11: filter.unless: \"spf\" is invalid: write a check and its result, such as spf=pass",
        ),
        (
            "[[filter]]\nuse = \"limits\"\nmessages = \"1/1h\"\nunless = [\"sfp=pass\"]\n",
            "4:11: filter.unless: no [[filter]] above finds out \"sfp\"; leave it out",
        ),
        (
            "[[filter]]\nuse = \"limits\"\nmessages = \"1/1h\"\n[[filter]]\nuse = \"limits\"\nmessages = \"1/1h\"\n\
             unless = [\"limits=under\"]\n",
            "7:11: filter.unless: limits is never \"under\"; write over",
        ),
        (
            "[[filter]]\nuse = \"milter\"\nurl = \"unix:/run/clamav/milter\"\nquarantine-into = \".Junk\"\n",
            "4:19: filter.quarantine-into: \".Junk\" is invalid: a directory has letters, digits, spaces, - and _, ",
        ),
        (
            "dns = [\"localhost\"]\n",
            "1:8: dns: \"localhost\" is invalid: write an IP address, and a port if it is not 53",
        ),
    ] {
        write_config(directory.path(), text);
        let (code, error) = run(&["check", "--config", &path]);
        let expected = format!("mailchute: {path}:{expected}");
        assert!(
            code == 2 && error.starts_with(&expected),
            "{text}: {code} {error} does not begin with {expected}"
        );
    }
}

#[test]
fn filters_are_printed_in_their_order() {
    let directory = tempfile::tempdir().unwrap();
    let filters = "\n[[filter]]\nuse = \"limits\"\nonly = [\"127.0.0.1:0\"]\nmessages = \"2/1h\"\nexempt = [\"10.0.0.0/8\"]\n\
                   \n[[filter]]\nuse = \"limits\"\nconnections = \"1/1h\"\n";
    let path = write_config(directory.path(), &format!("{HEAD}dns = \"127.0.0.1\"\n{filters}"));
    let output = mailchute(&["check", "--print", "--config", &path]).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.ends_with(filters) && printed.contains("\ndns = [\"127.0.0.1\"]\n"), "{printed}");
    fs::write(&path, &printed).unwrap();
    let again = mailchute(&["check", "--print", "--config", &path]).output().unwrap();
    assert_eq!(String::from_utf8(again.stdout).unwrap(), printed);
}

/// A filter that asks the DNS at this address.
fn with_dns(server: &str) -> String {
    format!("dns = \"{server}\"\n[[filter]]\nuse = \"dnsbl\"\nlists = {{ \"bl.example\" = \"refuse\" }}\n")
}

#[test]
fn a_sandbox_does_not_allow_a_filter_that_a_reload_names() {
    let directory = tempfile::tempdir().unwrap();
    let text = format!("{HEAD}sandbox = true\n");
    let path = write_config(directory.path(), &text);
    let mut program = Program::start(&["serve", "--config", &path]);
    fs::write(&path, format!("{text}{}", with_dns("127.0.0.1:5353"))).unwrap();
    program.signal(Signal::HUP);
    let told = program.logged("kept all certificates");
    let expected = "mailchute.toml:7:7: filter.use: this option cannot change while the program runs; restart, as the sandbox \
                    does not allow what it needs";
    assert!(told.contains(expected), "{told}");
    drop(program);
    let mut program = Program::start(&["serve", "--config", &path]);
    fs::write(&path, format!("{text}{}", with_dns("127.0.0.1:5354"))).unwrap();
    program.signal(Signal::HUP);
    assert!(program.logged("kept all certificates").contains(expected), "the other port is not allowed");
    fs::write(&path, format!("{text}{}", with_dns("127.0.0.1:5353").replace("refuse", "mark"))).unwrap();
    program.signal(Signal::HUP);
    program.logged("read the configuration again");
}

#[test]
fn check_says_what_the_sandbox_allows() {
    let directory = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        let path = write_config(directory.path(), text);
        let output = mailchute(&["check", "--config", &path]).env("TMPDIR", "/tmp").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(check(HEAD), "no mistakes found\n");
    assert_eq!(
        check(&format!("{HEAD}{}", with_dns("127.0.0.1"))),
        "no mistakes found\nallowed by --sandbox:\n  connections to the DNS at 127.0.0.1:53\n\
         needed with systemd: the drop-in network.conf\n"
    );
    let milter = "[[filter]]\nuse = \"milter\"\nurl = \"inet:127.0.0.1:8891\"\nquarantine-into = \"Held\"\n";
    let told = check(&format!("{}{milter}", HEAD.replace("discard:", "lmtp:127.0.0.1:24")));
    assert!(
        told.ends_with("\nmail for Held gets \"X-Quarantine: Held\" for a rule at lmtp:127.0.0.1:24\n"),
        "{told}"
    );
    assert_eq!(
        check("store = [\"maildir:./mail\", \"lmtp:127.0.0.1:24\"]\nstate = \"./state\"\n"),
        "no mistakes found\nallowed by --sandbox:\n  connections to 127.0.0.1:24\n  writing in ./mail\n  writing in ./state\n  \
         writing in /tmp\nneeded with systemd: the drop-in network.conf\n"
    );
}
