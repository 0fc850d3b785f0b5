//! A DNS server with a few addresses.

use std::net::{SocketAddr, UdpSocket};
use std::thread;

/// Starts a server that knows these names and their addresses, and returns where it listens. It ends with the tests.
pub(crate) fn dns_server(names: &[(&str, [u8; 4])]) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let names: Vec<_> = names.iter().map(|(name, address)| (encoded(name), *address)).collect();
    thread::spawn(move || {
        let mut bytes = [0; 512];
        loop {
            let (length, client) = socket.recv_from(&mut bytes).unwrap();
            socket.send_to(&answer(&bytes[..length], &names), client).unwrap();
        }
    });
    address
}

fn encoded(name: &str) -> Vec<u8> {
    let labels =
        name.split('.').flat_map(|label| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat());
    labels.chain([0]).collect()
}

/// Answers a question for an address. Others have no record, and so have names that are not known.
fn answer(question: &[u8], names: &[(Vec<u8>, [u8; 4])]) -> Vec<u8> {
    let end = 12 + question[12..].iter().position(|&byte| byte == 0).unwrap() + 1;
    let (name, kind) = (&question[12..end], &question[end..end + 2]);
    let found = names.iter().find(|(known, _)| known == name && kind == [0, 1]);
    let mut answer = question[..end + 4].to_vec();
    answer[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, u8::from(found.is_some()), 0, 0, 0, 0]);
    if let Some((_, address)) = found {
        // The name of the question, type A, class IN, 60 seconds, 4 bytes.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        answer.extend(address);
    }
    answer
}
