//! The addresses of a bare port, a port on all interfaces, and a host name.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use crate::support::{Client, Program, wait_until_ended};
use rustix::process::{Signal, kill_process};

fn addresses(program: &Program) -> Vec<SocketAddr> {
    let listening = program.welcome.iter().filter(|line| line.starts_with("listening on "));
    listening.enumerate().map(|(index, _)| program.address(index)).collect()
}

#[test]
fn listens_on_loopback_for_a_bare_port() {
    let program = Program::start(&["--listen", "0", "--store", "discard:"]);
    assert!(addresses(&program).iter().all(|address| address.ip() == Ipv4Addr::LOCALHOST));
    assert!(program.connect().read_reply().starts_with("220 "));
}

#[test]
fn listens_for_ipv4_and_ipv6_for_a_port_of_all_interfaces() {
    let program =
        Program::start(&["--listen", ":0", "--domain", "example.com", "--allow-root", "--store", "discard:"]);
    let addresses = addresses(&program);
    assert!(addresses.iter().all(|address| address.ip().is_unspecified()), "{addresses:?}");
    let reached =
        |target: &str| addresses.iter().any(|address| TcpStream::connect((target, address.port())).is_ok());
    assert!(reached("127.0.0.1"));
    // A host without IPv6 has no such address.
    assert_eq!(reached("::1"), addresses.iter().any(SocketAddr::is_ipv6));
}

#[test]
fn listens_on_all_addresses_of_a_name_and_hands_them_over() {
    for sandbox in [&[][..], &["--sandbox"]] {
        let arguments = ["--listen", "localhost:0", "--store", "discard:"];
        let mut program = Program::start(&[&arguments[..], sandbox].concat());
        let addresses = addresses(&program);
        assert!(!addresses.is_empty() && addresses.iter().all(|address| address.ip().is_loopback()));
        let mut process = program.process();
        for _ in 0..2 {
            kill_process(process, Signal::USR2).unwrap();
            let next = program.handed_over();
            wait_until_ended(process);
            process = next;
            for address in &addresses {
                assert!(Client::connect(*address).read_reply().starts_with("220 "), "{address}");
            }
        }
        kill_process(process, Signal::TERM).unwrap();
        assert_eq!(program.wait().0, 0);
    }
}
