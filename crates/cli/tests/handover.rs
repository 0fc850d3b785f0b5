//! SIGUSR2 restarts the program with the same sockets.

use std::io::{BufRead as _, BufReader};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::support::{Client, Program, mailchute};
use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::process::{Pid, Signal, kill_process};

/// More than enough time to close a file.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that has taken over; killed when dropped.
struct Successor(Pid);

impl Successor {
    /// The process that took over last, according to the program's log.
    fn of(program: &mut Program) -> Self {
        Self(program.handed_over())
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.0, signal).expect("it runs");
    }
}

impl Drop for Successor {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::KILL);
    }
}

/// The files that a process has open.
fn files(process: Pid) -> Vec<PathBuf> {
    let directory = format!("/proc/{}/fd", process.as_raw_nonzero());
    let open = std::fs::read_dir(directory).expect("it runs");
    open.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok()).collect()
}

fn children(process: Pid) -> Vec<Pid> {
    let id = process.as_raw_nonzero();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    children.split_whitespace().filter_map(|id| Pid::from_raw(id.parse().ok()?)).collect()
}

fn parent(process: Pid) -> Option<Pid> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.as_raw_nonzero())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:")).expect("the kernel says it");
    Pid::from_raw(line.trim().parse().unwrap())
}

fn greeting(path: &Path) -> String {
    let mut greeting = String::new();
    BufReader::new(UnixStream::connect(path).unwrap()).read_line(&mut greeting).unwrap();
    greeting
}

/// A certificate and its key.
fn certificate(directory: &Path) -> [PathBuf; 2] {
    let made = rcgen::generate_simple_self_signed(["mx.example.com".to_owned()]).unwrap();
    let files = ["cert.pem", "key.pem"].map(|name| directory.join(name));
    std::fs::write(&files[0], made.cert.pem()).unwrap();
    std::fs::write(&files[1], made.signing_key.serialize_pem()).unwrap();
    files
}

/// The options that use them.
fn certified<'a>(certificate: &'a Path, key: &'a Path) -> [&'a str; 8] {
    let [certificate, key] = [certificate, key].map(|file| file.to_str().unwrap());
    ["--listen", "127.0.0.1:0", "--store", "discard:", "--tls-cert", certificate, "--tls-key", key]
}

#[test]
fn the_new_process_serves_while_the_old_one_finishes() {
    let mut program = Program::start(&["--listen", "127.0.0.1:0", "--store", "discard:"]);
    let (mut sending, mut idle) = (program.connect(), program.connect());
    sending.begin_message("a@example.com");
    assert!(idle.read_reply().starts_with("220 "));
    let address = program.address(0);
    program.signal(Signal::USR2);
    assert_eq!(idle.read_reply(), "421 4.3.2 Service shutting down");
    let successor = Successor::of(&mut program);
    let mut new = Client::connect(address);
    new.begin_message("b@example.com");
    assert!(new.say(".").starts_with("250 2.6.0 "));
    // A signal to the whole service does not cut off what the old process must finish.
    program.signal(Signal::TERM);
    program.logged("stopping already");
    assert!(sending.say(".").starts_with("250 2.6.0 "));
    assert_eq!(sending.read_reply(), "421 4.3.2 Service shutting down");
    assert_eq!(sending.read_reply(), "", "no process holds the connection open");
    successor.signal(Signal::TERM);
    assert_eq!(new.read_reply(), "421 4.3.2 Service shutting down");
    assert_eq!(program.wait().0, 0);
    assert!(std::net::TcpStream::connect(address).is_err(), "nobody listens any more");
}

#[test]
fn repeated_handovers_leak_no_files_and_keep_the_socket_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lmtp");
    let lmtp = format!("unix:{}", path.display());
    let arguments = ["--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--lmtp", &lmtp];
    let mut program = Program::start(&[&arguments[..], &["--store", "discard:"]].concat());
    let addresses = [program.address(0), program.address(1)];
    let first = files(program.process());
    program.signal(Signal::USR2);
    let mut successor = Successor::of(&mut program);
    for _ in 0..4 {
        let _session = Client::connect(addresses[0]);
        successor.signal(Signal::USR2);
        successor = Successor::of(&mut program);
        assert!(greeting(&path).contains(" LMTP "));
        for address in addresses {
            assert!(Client::connect(address).read_reply().starts_with("220 "));
        }
    }
    // Sessions that were just closed may still exist for a moment.
    let until = Instant::now() + PATIENCE;
    while files(successor.0).len() != first.len() {
        assert!(Instant::now() < until, "{first:?} {:?}", files(successor.0));
        std::thread::yield_now();
    }
    successor.signal(Signal::TERM);
    assert_eq!(program.wait().0, 0);
    assert!(!path.exists(), "the last one removes it");
}

#[test]
fn a_process_that_does_not_start_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let [certificate, key] = certificate(directory.path());
    let good = std::fs::read(&certificate).unwrap();
    let mut program = Program::start(&certified(&certificate, &key));
    let mut session = program.connect();
    session.read_reply();
    std::fs::write(&certificate, "no certificate").unwrap();
    program.signal(Signal::USR2);
    program.logged("cert.pem: holds no certificate");
    assert!(program.logged("not handed over: this process serves on").contains("exit status: 3"));
    assert_eq!(session.say("NOOP"), "250 2.0.0 OK");
    assert!(program.connect().read_reply().starts_with("220 "));
    std::fs::write(&certificate, good).unwrap();
    program.signal(Signal::USR2);
    let successor = Successor::of(&mut program);
    assert_eq!(session.read_reply(), "421 4.3.2 Service shutting down");
    successor.signal(Signal::TERM);
    assert_eq!(program.wait().0, 0);
}

#[test]
fn a_silent_new_process_can_be_stopped_with_the_old_one() {
    let directory = tempfile::tempdir().unwrap();
    // Started through a link, as an upgrade may change it.
    let (link, mute) = (directory.path().join("mailchute"), directory.path().join("mute"));
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_mailchute"), &link).unwrap();
    std::fs::write(&mute, "#!/bin/sh\necho $$ is mute >&2\nexec sleep 1000\n").unwrap();
    std::fs::set_permissions(&mute, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = std::process::Command::new(&link);
    command.args(["--listen", "127.0.0.1:0", "--store", "discard:"]);
    let mut program = Program::start_command(&mut command);
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&mute, &link).unwrap();
    program.signal(Signal::USR2);
    program.logged("is mute");
    program.signal(Signal::USR2);
    program.logged("handing over already");
    assert!(program.connect().read_reply().starts_with("220 "));
    program.signal(Signal::TERM);
    // The muted program would hold the log open.
    assert_eq!(program.wait().0, 0);
}

#[test]
fn a_process_that_hangs_while_it_starts_can_be_stopped_too() {
    let directory = tempfile::tempdir().unwrap();
    let [certificate, key] = certificate(directory.path());
    let mut program = Program::start(&certified(&certificate, &key));
    std::fs::remove_file(&certificate).unwrap();
    // Opening it blocks until a writer opens it.
    mkfifoat(CWD, &certificate, Mode::RUSR | Mode::WUSR).unwrap();
    program.signal(Signal::USR2);
    program.logged("handing over to a new process");
    // It is there, and waits.
    let until = Instant::now() + PATIENCE;
    while children(program.process()).into_iter().flat_map(children).next().is_none() {
        assert!(Instant::now() < until, "no process was started");
        std::thread::yield_now();
    }
    program.signal(Signal::TERM);
    assert_eq!(program.wait().0, 0);
}

#[test]
fn the_supervisor_is_told_of_every_change() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let supervisor = UnixDatagram::bind(&path).unwrap();
    let hear = || {
        let mut text = [0; 200];
        let length = supervisor.recv(&mut text).unwrap();
        String::from_utf8(text[..length].to_vec()).unwrap()
    };
    for sandbox in [None, Some("--sandbox")] {
        let mut command = mailchute(&["--listen", "127.0.0.1:0", "--store", "discard:"]);
        command.args(sandbox);
        let mut program = Program::start_command(command.env("NOTIFY_SOCKET", &path));
        assert_eq!(hear(), "READY=1\n");
        program.signal(Signal::HUP);
        let reloading = hear();
        let moment = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        assert!(moment.trim_end().parse::<u64>().is_ok_and(|moment| moment > 0), "{reloading}");
        assert_eq!(hear(), "READY=1\n");
        program.signal(Signal::USR2);
        let successor = Successor::of(&mut program);
        assert_eq!(hear(), format!("MAINPID={}\n", successor.0.as_raw_nonzero()));
        // A process that is not a child of the supervisor is killed at once when the service stops.
        assert_ne!(parent(successor.0), Some(program.process()));
        successor.signal(Signal::TERM);
        assert_eq!(hear(), "STOPPING=1\n");
        assert_eq!(program.wait().0, 0);
    }
}
