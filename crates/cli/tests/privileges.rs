//! The program has the rights that it needs and no others.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use crate::support::{Program, mailchute, run, wait_until_ended, write_config};
use rustix::process::{Pid, Signal, getuid, kill_process};

/// "nobody", as most hosts number it. This host need not know it.
const NOBODY: u32 = 65534;
const NOBODYS: &str = "65534:65534";

/// A directory that all users may enter.
fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

/// A configuration file that all users may read, whatever the umask.
fn config(directory: &Path, text: &str) -> String {
    let path = write_config(directory, text);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    path
}

/// An address of this process alone, at a port that only root may open.
fn low_port() -> String {
    let process = std::process::id();
    format!("127.77.{}.{}:25", process / 250 % 250 + 1, process % 250 + 1)
}

/// The kernel's facts about each thread.
fn threads(process: Pid) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", process.as_raw_nonzero())).unwrap();
    tasks.map(|task| fs::read_to_string(task.unwrap().path().join("status")).unwrap()).collect()
}

fn deliver(program: &Program) {
    let mut client = program.connect();
    client.begin_message("a@example.com");
    assert!(client.say(".").starts_with("250 2.6.0 "));
}

fn assert_is_nobody(program: &Program, process: Pid) {
    let threads = threads(process);
    assert!(threads.len() > 1, "{threads:?}");
    for status in threads {
        for line in ["Uid:\t65534\t65534\t65534\t65534", "Gid:\t65534\t65534\t65534\t65534", "Groups:\t65534"]
        {
            assert!(status.contains(line), "{line} is not in {status}");
        }
        for capabilities in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            assert!(status.contains(&format!("{capabilities}:\t0000000000000000")), "{status}");
        }
    }
    deliver(program);
}

fn as_root(store: &Path) {
    let (port, url) = (low_port(), format!("maildir:{}", store.display()));
    let mut program = Program::start(&["--listen", &port, "--store", &url, "--user", NOBODYS]);
    assert_is_nobody(&program, program.process());
    for (path, mode) in [(store.to_owned(), 0o700), (store.join("new"), 0o700)] {
        let made = fs::metadata(&path).unwrap();
        assert_eq!(
            (made.uid(), made.gid(), made.mode() & 0o7777),
            (NOBODY, NOBODY, mode),
            "{}",
            path.display()
        );
    }
    let message = fs::read_dir(store.join("new")).unwrap().next().unwrap().unwrap().metadata().unwrap();
    assert_eq!((message.uid(), message.mode() & 0o7777), (NOBODY, 0o600));

    // The next process cannot open the port any more, and inherits it.
    program.signal(Signal::USR2);
    let next = program.handed_over();
    wait_until_ended(program.process());
    assert_is_nobody(&program, next);
    kill_process(next, Signal::TERM).unwrap();
    assert_eq!(program.wait().0, 0);
    // Made by root earlier, and not usable by the user.
    let others = store.with_file_name("others");
    fs::create_dir(&others).unwrap();
    let url = format!("maildir:{}", others.display());
    let (code, told) = run(&["--listen", "127.0.0.1:0", "--store", &url, "--user", NOBODYS]);
    assert!(code == 3 && told.contains("others"), "{code} {told}");
}

#[test]
fn root_opens_a_low_port_and_drops_its_privileges() {
    let directory = directory();
    let store = directory.path().join("below/mail");
    if getuid().is_root() {
        as_root(&store);
    } else {
        assert_only_root_can_become_another_user();
    }
}

fn assert_only_root_can_become_another_user() {
    let (code, told) = run(&["--listen", "127.0.0.1:0", "--store", "discard:", "--user", NOBODYS]);
    assert!(code == 2 && told.contains("only root can switch to another user"), "{code} {told}");
}

#[test]
fn root_makes_nothing_where_the_user_may_put_a_link() {
    if !getuid().is_root() {
        return assert_only_root_can_become_another_user();
    }
    let directory = directory();
    let theirs = directory.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    chown(&theirs, Some(NOBODY), Some(NOBODY)).unwrap();
    let (socket, mail) = (theirs.join("lmtp"), theirs.join("mail"));
    let (lmtp, store) = (format!("unix:{}", socket.display()), format!("maildir:{}", mail.display()));
    let program = Program::start(&["--lmtp", &lmtp, "--store", &store, "--user", NOBODYS]);
    for made in [&socket, &mail, &mail.join("new")] {
        let owner = fs::symlink_metadata(made).unwrap().uid();
        assert_eq!(owner, NOBODY, "{}", made.display());
    }
    program.signal(Signal::TERM);
    assert_eq!(program.wait().0, 0);
    assert!(!socket.exists());

    let roots = directory.path().join("roots");
    fs::create_dir(&roots).unwrap();
    symlink(&roots, theirs.join("link")).unwrap();
    let led = format!("maildir:{}/link/mail", theirs.display());
    let (code, told) = run(&["--listen", "127.0.0.1:0", "--store", &led, "--user", NOBODYS]);
    assert!(code == 3 && told.contains("ermission denied"), "{code} {told}");
    assert!(!roots.join("mail").exists());

    let lmtp = format!("unix:{}/lmtp", directory.path().display());
    let (code, told) = run(&["--lmtp", &lmtp, "--store", "discard:", "--user", NOBODYS]);
    assert!(code == 3 && told.contains("ermission denied"), "{code} {told}");
}

#[test]
fn a_configuration_is_read_again_with_the_rights_of_the_user() {
    if !getuid().is_root() {
        return assert_only_root_can_become_another_user();
    }
    let directory = directory();
    let text = format!("listen = [\"127.0.0.1:0\"]\nstore = \"discard:\"\nuser = \"{NOBODYS}\"\n");
    let path = config(directory.path(), &text);
    let mut program = Program::start(&["serve", "--config", &path]);
    let mut old = program.connect();
    assert!(old.read_reply().starts_with("220 "));
    fs::write(&path, format!("{text}hostname = \"new.example.com\"\n")).unwrap();
    program.signal(Signal::HUP);
    program.logged("read the configuration again");
    assert!(program.connect().read_reply().starts_with("220 new.example.com "));

    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    program.signal(Signal::HUP);
    let told = program.logged("kept all certificates");
    assert!(told.contains("mailchute.toml") && told.contains("ermission denied"), "{told}");
    assert!(program.connect().read_reply().starts_with("220 new.example.com "));
    assert!(old.say("NOOP").starts_with("250 "));
}

#[test]
fn an_unprivileged_author_can_check_a_configuration() {
    let directory = directory();
    let check = |user: &str| {
        let place = "listen = [\"127.0.0.1:0\"]\nstore = \"discard:\"\n";
        let path = config(directory.path(), &format!("{place}user = \"{user}\"\n"));
        let mut command = mailchute(&["check", "--config", &path]);
        if getuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let checked = command.output().unwrap();
        let [out, error] = [checked.stdout, checked.stderr].map(|told| String::from_utf8(told).unwrap());
        (checked.status.code(), out, error)
    };
    let (code, told, error) = check("1:1");
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert_eq!(told, "no mistakes found; only root can switch to its user\n");
    let (code, told, error) = check("no-such-user-here");
    assert!(
        code == Some(2) && told.is_empty() && error.contains("this host has no such user"),
        "{code:?} {error}"
    );
}

#[test]
fn refuses_public_listeners_as_root_without_allow_root() {
    let public = ["--listen", "0.0.0.0:0", "--domain", "example.com", "--store", "discard:"];
    if getuid().is_root() {
        let (code, told) = run(&public);
        assert_eq!(code, 2);
        assert!(told.contains("0.0.0.0:0 is reachable") && told.contains("--user NAME"), "{told}");
    }
    let program = Program::start(&[&public[..], &["--allow-root"]].concat());
    program.signal(Signal::TERM);
    let (code, log) = program.wait();
    assert!(code == 0 && !log.contains("runs as root"), "{log}");
    let program = Program::start(&["--listen", "127.0.0.1:0", "--store", "discard:"]);
    program.signal(Signal::TERM);
    let (code, log) = program.wait();
    assert!(code == 0 && log.contains("runs as root") == getuid().is_root(), "{log}");
}

#[test]
fn refuses_an_invalid_user_with_a_hint() {
    for (user, expected) in [
        ("no-such-user-here", "this host has no such user"),
        ("4000000000", "such as 1000:1000"),
        ("1:no-such-group-here", "this host has no such group"),
        ("0", "name an unprivileged user"),
        ("root:nogroup", "name an unprivileged user"),
        ("", "this host has no such user"),
    ] {
        let (code, told) = run(&["--listen", "127.0.0.1:0", "--store", "discard:", "--user", user]);
        assert!(code == 2 && told.contains(expected), "{user}: {code} {told}");
    }
}
