//! SIGHUP and SIGUSR2 with a configuration file that has changed.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use crate::support::{ALICE, BOB, Client, Program, SCRAM, write_certificate, write_config};
use rustix::process::{Pid, Signal, kill_process};

const PLACE: &str = "listen = [\"127.0.0.1:0\"]\nstore = \"discard:\"\n";

/// A program with a configuration file that tests can rewrite.
struct Configured {
    program: Program,
    path: PathBuf,
}

impl Configured {
    fn start(directory: &Path, text: &str) -> Self {
        let path = write_config(directory, &format!("{PLACE}{text}"));
        Self { program: Program::start(&["serve", "--config", &path]), path: path.into() }
    }

    /// Writes another configuration and reloads it; returns the log line with the outcome.
    fn reload(&mut self, text: &str) -> String {
        fs::write(&self.path, text).unwrap();
        self.program.signal(Signal::HUP);
        self.program.log_line_with(&["read the configuration again", "kept all certificates"])
    }

    #[track_caller]
    fn assert_refused(&mut self, text: &str, complaints: &[&str]) {
        let told = self.reload(text);
        assert!(told.contains("kept all certificates"), "{told}");
        for complaint in complaints {
            assert!(told.contains(complaint), "{told} does not say {complaint:?}");
        }
    }
}

/// The EHLO reply of a new session, after the greeting.
fn hello(client: &mut Client) -> String {
    let greeting = client.read_reply();
    greeting + "\n" + &client.hear_all("EHLO client.example")
}

#[test]
fn a_reload_applies_to_new_sessions_only() {
    let directory = tempfile::tempdir().unwrap();
    let mut configured = Configured::start(directory.path(), "hostname = \"old.example.com\"\n");
    let mut old = configured.program.connect();
    assert!(hello(&mut old).contains("old.example.com"));
    let told = configured.reload(&format!(
        "{PLACE}hostname = \"new.example.com\"\ndomain = [\"example.com\"]\nmax-message-size = 1000\nrequire-tls = true\n"
    ));
    assert!(told.contains("read the configuration again"), "{told}");
    assert!(old.say("MAIL FROM:<> SIZE=5000").starts_with("250 "));
    assert!(old.say("RCPT TO:<a@elsewhere.example>").starts_with("250 "));
    let mut new = configured.program.connect();
    let told = hello(&mut new);
    assert!(told.contains("new.example.com") && told.contains("SIZE 1000"), "{told}");
    assert!(new.say("MAIL FROM:<>").starts_with("530 5.7.0 "));
}

#[test]
fn any_mistake_leaves_everything_as_it_was_and_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let mut configured = Configured::start(directory.path(), "hostname = \"old.example.com\"\n");
    let good = format!("{PLACE}hostname = \"new.example.com\"\n");
    for (text, complaints) in [
        (format!("{good}colour = 1\n"), &["mailchute.toml:4:1: ", "no option", "colour"][..]),
        (format!("{good}limits.recipients = 0\n"), &["4:21: limits.recipients=0", "1 or more"]),
        (format!("{good}require-auth = true\n"), &["4:16: require-auth", "--auth-file"]),
        (format!("{good}auth-file = \"/no/users\"\n"), &["/no/users", "cannot be read"]),
        (format!("{good}tls-cert = [\"/no/a\"]\ntls-key = [\"/no/b\"]\n"), &["/no/a", "cannot be read"]),
        (good.replace("127.0.0.1:0", "127.0.0.1:1"), &["1:11: listen: ", "cannot change", "SIGUSR2"]),
        (good.replace("discard:", "maildir:/tmp/x"), &["2:9: store: ", "cannot change"]),
        (format!("{good}sandbox = true\n"), &["4:11: sandbox: ", "cannot change"]),
        (format!("{good}log-format = \"json\"\n"), &["4:14: log-format: ", "cannot change"]),
        ("listen = [".to_owned(), &["mailchute.toml:1:", "not TOML"]),
    ] {
        configured.assert_refused(&text, complaints);
        let told = hello(&mut configured.program.connect());
        assert!(told.contains("old.example.com"), "{text}: {told}");
    }
    fs::remove_file(&configured.path).unwrap();
    configured.program.signal(Signal::HUP);
    assert!(configured.program.logged("kept all certificates").contains("mailchute.toml: cannot be read"));
    assert!(configured.reload(&good).contains("read the configuration again"));
    assert!(hello(&mut configured.program.connect()).contains("new.example.com"));
}

#[test]
fn a_reload_cannot_remove_the_domains_of_a_public_listener() {
    let directory = tempfile::tempdir().unwrap();
    let place = PLACE.replace("127.0.0.1:0", "0.0.0.0:0") + "allow-root = true\n";
    let path = directory.path().join("mailchute.toml");
    fs::write(&path, format!("{place}domain = [\"example.com\"]\n")).unwrap();
    let program = Program::start(&["serve", "--config", path.to_str().unwrap()]);
    let mut configured = Configured { program, path };
    configured.assert_refused(&place, &["is reachable from other hosts", "--domain"]);
    let port = configured.program.address(0).port();
    let mut client = Client::connect(([127, 0, 0, 1], port).into());
    hello(&mut client);
    client.say("MAIL FROM:<>");
    assert!(client.say("RCPT TO:<a@elsewhere.example>").starts_with("550 5.7.1 "));
    let told = configured.reload(&format!("{place}domain = [\"elsewhere.example\"]\n"));
    assert!(told.contains("read the configuration again"), "{told}");
}

#[test]
fn every_mistake_of_a_reload_has_a_line_in_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let mut configured = Configured::start(directory.path(), "");
    configured.assert_refused("listen = 1\nstore = 2\n", &["1:10: listen"]);
    configured.program.logged("2:9: store");
}

#[test]
fn a_user_removed_while_the_file_was_unset_loses_old_sessions() {
    let directory = tempfile::tempdir().unwrap();
    let users = directory.path().join("users");
    let line = |user: &str| format!("{user}:{SCRAM}\n");
    fs::write(&users, line("alice")).unwrap();
    let with_users = format!("auth-file = {users:?}\nallow-plaintext-auth = true\n");
    let mut configured = Configured::start(directory.path(), &with_users);
    let mut old = configured.program.connect();
    hello(&mut old);
    assert!(configured.reload(PLACE).contains("read the configuration again"));
    fs::write(&users, line("bob")).unwrap();
    assert!(configured.reload(&format!("{PLACE}{with_users}")).contains("read the configuration again"));
    assert!(old.say(&format!("AUTH PLAIN {ALICE}")).starts_with("535 5.7.8 "), "alice is still in");
    assert!(old.say(&format!("AUTH PLAIN {BOB}")).starts_with("235 2.7.0 "));
}

#[test]
fn the_sandbox_lets_the_file_be_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = write_certificate(directory.path());
    let files = format!("sandbox = true\ntls-cert = [{certificate:?}]\ntls-key = [{key:?}]\n");
    let mut configured = Configured::start(directory.path(), &files);
    let told = configured.reload(&format!("{PLACE}{files}hostname = \"new.example.com\"\n"));
    assert!(told.contains("read the configuration again"), "{told}");
    assert!(hello(&mut configured.program.connect()).contains("new.example.com"));
}

/// Kills a process that has taken over when the test ends.
struct Successor(Pid);

impl Successor {
    fn of(program: &mut Program) -> Self {
        Self(program.handed_over())
    }
}

impl Drop for Successor {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::KILL);
    }
}

#[test]
fn a_handover_applies_the_new_file_and_closes_old_listeners() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("lmtp");
    let place = |name: &str| format!("{name} = [\"unix:{}\"]\n", socket.display());
    let mut configured = Configured::start(directory.path(), &place("lmtp"));
    let address = configured.program.address(0);
    assert!(socket.exists());

    let wrong = format!("{PLACE}colour = 1\n");
    fs::write(&configured.path, wrong).unwrap();
    configured.program.signal(Signal::USR2);
    configured.program.logged("mailchute.toml:3:1: there is no option \"colour\"");
    assert!(configured.program.logged("not handed over").contains("exit status: 2"));
    assert!(hello(&mut Client::connect(address)).starts_with("220 "));

    let other = format!("{PLACE}hostname = \"new.example.com\"\n");
    fs::write(&configured.path, other).unwrap();
    configured.program.signal(Signal::USR2);
    configured.program.logged("it is listened on no longer");
    let successor = Successor::of(&mut configured.program);
    // Until it ends, the old process may accept a connection as well.
    assert_eq!(configured.program.wait_without_reading(), 0);
    assert!(hello(&mut Client::connect(address)).contains("new.example.com"));
    kill_process(successor.0, Signal::TERM).unwrap();
    assert_eq!(configured.program.wait().0, 0);
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
    assert!(!socket.exists(), "its file is gone with the place");
}

#[test]
fn a_handover_enters_the_sandbox_but_never_leaves_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut configured = Configured::start(directory.path(), "");
    let address = configured.program.address(0);
    fs::write(&configured.path, format!("{PLACE}sandbox = true\n")).unwrap();
    configured.program.signal(Signal::USR2);
    configured.program.logged("the directories of Unix sockets can be written to");
    let inside = Successor::of(&mut configured.program);
    fs::write(&configured.path, PLACE).unwrap();
    kill_process(inside.0, Signal::USR2).unwrap();
    configured.program.logged("a sandbox cannot be left by a handover");
    let still_inside = Successor::of(&mut configured.program);
    assert!(hello(&mut Client::connect(address)).starts_with("220 "));
    kill_process(still_inside.0, Signal::TERM).unwrap();
    assert_eq!(configured.program.wait().0, 0);
}
