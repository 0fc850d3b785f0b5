//! The program inherits sockets, as systemd passes them.

use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::process::Command;

use crate::support::{Client, Program, mailchute};
use command_fds::{CommandFdExt as _, FdMapping};
use rustix::process::Signal;

/// The program with these sockets. `LISTEN_PID` is optional, and unknown here.
fn with_sockets(arguments: &[&str], names: &str, sockets: Vec<OwnedFd>) -> Command {
    let mut command = mailchute(arguments);
    command.env("LISTEN_FDS", sockets.len().to_string()).env("LISTEN_FDNAMES", names);
    let mappings = (3..).zip(sockets).map(|(child_fd, parent_fd)| FdMapping { parent_fd, child_fd });
    command.fd_mappings(mappings.collect()).expect("each has its number");
    command
}

fn listener() -> OwnedFd {
    TcpListener::bind("127.0.0.1:0").expect("a port is free").into()
}

/// The program's exit code and errors with these sockets.
fn failure(arguments: &[&str], names: &str, sockets: Vec<OwnedFd>) -> (i32, String) {
    let output = with_sockets(arguments, names, sockets).output().expect("it starts");
    (output.status.code().expect("it ends"), String::from_utf8(output.stderr).expect("it is text"))
}

#[test]
fn sockets_of_all_kinds_are_taken_by_their_names() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lmtp");
    let sockets = vec![
        listener(),
        UnixListener::bind(&path).unwrap().into(),
        listener(),
        TcpListener::bind("[::1]:0").unwrap().into(),
    ];
    let arguments = [
        "--listen",
        "systemd:mx",
        "--lmtp",
        "systemd:local",
        "--tls-listen",
        "systemd:tls",
        "--store",
        "discard:",
    ];
    let program = Program::start_command(&mut with_sockets(&arguments, "mx:local:tls:mx", sockets));
    let kinds = ["(smtp, starttls)", "(smtp, starttls)", "(smtps)", "(lmtp)"];
    for (line, kind) in program.welcome.iter().zip(kinds) {
        assert!(line.ends_with(kind), "{line}");
    }
    for index in 0..2 {
        assert!(Client::connect(program.address(index)).read_reply().ends_with(" ESMTP Mailchute"));
    }
    assert!(program.address(1).is_ipv6());
    program.signal(Signal::TERM);
    assert_eq!(program.wait().0, 0);
    assert!(path.exists(), "systemd has made it");
}

#[test]
fn refuses_mismatched_sockets_with_a_hint() {
    let listen = |name| ["--listen", name, "--store", "discard:"];
    let udp = || OwnedFd::from(UdpSocket::bind("127.0.0.1:0").unwrap());
    let file = || OwnedFd::from(tempfile::tempfile().unwrap());
    for (arguments, names, sockets, expected) in [
        (
            listen("systemd:smtp"),
            "mx",
            vec![listener()],
            "of this name was passed, only mx; set FileDescriptorName=",
        ),
        (
            listen("127.0.0.1:0"),
            "mx",
            vec![listener()],
            "no flag uses these passed sockets: mx; write --listen",
        ),
        (listen("systemd:mx"), "mx:mx", vec![listener()], "1 sockets but 2 names were passed"),
        (
            listen("systemd:mx"),
            "mx",
            vec![udp()],
            "passed socket mx: this is not a stream socket; set ListenStream=",
        ),
        (
            listen("systemd:mx"),
            "mx",
            vec![file()],
            "passed socket mx: this is not a stream socket; set ListenStream=",
        ),
        (listen("systemd:mx"), "", vec![], "no passed socket is left"),
    ] {
        let (code, error) = failure(&arguments, names, sockets);
        assert!(code == 3 && error.contains(expected), "{code} {error}");
    }
    let public = vec![TcpListener::bind("0.0.0.0:0").unwrap().into()];
    let (code, error) = failure(&listen("systemd:mx"), "mx", public);
    assert!(code == 2 && error.contains("--domain"), "{code} {error}");
}
