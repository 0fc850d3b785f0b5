//! The memory of filters: what a greylist knows after a restart, and filters that share a Redis server which is gone. The
//! suite in `interop` runs them with a real one.

use std::path::Path;

use rustix::process::Signal;

use crate::support::{Program, run, write_config};

const HEAD: &str = "store = \"discard:\"\nlisten = \"127.0.0.1:0\"\ndomain = \"example.com\"\n";

fn start(directory: &Path, text: &str, more: &[&str]) -> Program {
    let state = directory.join("state").display().to_string();
    let config = write_config(directory, &format!("{HEAD}{text}"));
    Program::start(&[&["serve", "--config", &config, "--state", &state], more].concat())
}

/// The reply to a recipient in a new session.
fn reply_to(program: &Program, to: &str) -> String {
    let mut client = program.connect();
    client.read_reply();
    client.say("EHLO client.example");
    client.say("MAIL FROM:<alice@client.example>");
    client.say(&format!("RCPT TO:<{to}>"))
}

#[test]
fn a_greylist_knows_after_a_kill_whom_it_has_told_to_wait() {
    let directory = tempfile::tempdir().unwrap();
    let greylist = "[[filter]]\nuse = \"greylist\"\ndelay = 0\n";
    for (sandbox, expected) in
        [(&["--sandbox"][..], "451 4.7.1 Greylisted; "), (&["--sandbox"], "250 "), (&[], "250 ")]
    {
        let program = start(directory.path(), greylist, sandbox);
        let reply = reply_to(&program, "bob@example.com");
        assert!(reply.starts_with(expected), "{reply}");
        program.signal(Signal::KILL);
        crate::support::wait_until_ended(program.process());
    }
    let names: Vec<_> = std::fs::read_dir(directory.path().join("state"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(names.iter().any(|name| name == "greylist.db"), "{names:?}");
}

#[test]
fn a_greylist_is_asked_after_the_check_of_domains() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = start(directory.path(), "[[filter]]\nuse = \"greylist\"\n", &[]);
    assert!(reply_to(&program, "victim@elsewhere.example").starts_with("550 "));
    let told = program.logged("<victim@elsewhere.example>");
    assert!(!told.contains("greylist="), "{told}");
    assert_eq!(reply_to(&program, "bob@example.com"), "451 4.7.1 Greylisted; try again in 5 min");
    assert!(program.logged("<bob@example.com>").contains(" greylist=wait"));
}

#[test]
#[cfg(feature = "redis")]
fn filters_go_on_without_redis_and_say_so_once() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("redis.sock").display().to_string();
    let shared = format!("shared = \"unix://{socket}\"\n");
    let filters = format!(
        "[[filter]]\nuse = \"limits\"\nrecipients = \"3/1h\"\n{shared}\n[[filter]]\nuse = \"greylist\"\ndelay = 0\n{shared}"
    );
    let program = start(directory.path(), &filters, &["--sandbox"]);
    for expected in ["451 4.7.1 Greylisted; ", "250 ", "250 ", "450 4.7.1 Too many recipients; "] {
        let reply = reply_to(&program, "bob@example.com");
        assert!(reply.starts_with(expected), "{reply}");
    }
    program.signal(Signal::TERM);
    let (code, log) = program.wait();
    let warnings: Vec<_> = log.lines().filter(|line| line.contains("Redis does not answer")).collect();
    assert!(code == 0 && warnings.len() == 1 && warnings[0].contains(&socket), "{log}");
}

#[test]
#[cfg(feature = "redis")]
fn mistakes_in_memories_are_told_with_what_to_write() {
    let directory = tempfile::tempdir().unwrap();
    for (text, expected) in [
        (
            "[[filter]]\nuse = \"greylist\"\nshared = \"redis://:hunter2@cache.example\"\n",
            "3:10: filter.shared: leave the password out, and write secret = ",
        ),
        (
            "[[filter]]\nuse = \"greylist\"\nshared = \"cache.example\"\n",
            "3:10: filter.shared: \"cache.example\" is invalid: write the URL of Redis as redis://HOST",
        ),
        (
            "[[filter]]\nuse = \"greylist\"\nsecret = \"env:X\"\n",
            "3:10: filter.secret: it is the password for shared; write shared = ",
        ),
        (
            "[[filter]]\nuse = \"authentication\"\ntimeout = 0\n",
            "3:11: filter.timeout: no answer can come within 0; write 30s, for example",
        ),
        (
            "[[filter]]\nuse = \"milter\"\nurl = \"unix:/run/a\"\nmessage-timeout = \"0s\"\n",
            "4:19: filter.message-timeout: no answer can come within 0; write 30s, for example",
        ),
        (
            "[[filter]]\nuse = \"greylist\"\nretry-window = 0\n",
            "3:16: filter.retry-window: without time, all mail waits for ever",
        ),
        (
            "[[filter]]\nuse = \"greylist\"\n[[filter]]\nuse = \"limits\"\nrecipients = \"9/1h\"\nunless = [\"greylist=later\"]\n",
            "6:11: filter.unless: greylist is never \"later\"; write ",
        ),
        (
            "[[filter]]\nuse = \"greylist\"\n[[filter]]\nuse = \"greylist\"\ndelay = \"1m\"\n",
            "4:7: filter.use: an earlier greylist has the file greylist.db; write one greylist for both, or ",
        ),
    ] {
        let path = write_config(directory.path(), text);
        let (code, error) = run(&["check", "--config", &path]);
        assert!(
            code == 2 && error.starts_with(&format!("mailchute: {path}:{expected}")),
            "{text}: {code} {error}"
        );
    }
}
