//! A DNS server with a few addresses or texts.

use std::net::{SocketAddr, UdpSocket};
use std::thread;

/// Starts a server that knows these names and their addresses, and returns where it listens. It ends with the tests.
pub(crate) fn dns_server(names: &[(&str, [u8; 4])]) -> SocketAddr {
    serve(names.iter().map(|(name, address)| (encoded(name), A, address.to_vec())).collect())
}

/// Starts a server that knows these names and their texts of at most 255 bytes.
pub(crate) fn txt_server(names: &[(&str, &str)]) -> SocketAddr {
    let data = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    serve(names.iter().map(|(name, text)| (encoded(name), TXT, data(text))).collect())
}

/// A name, a type and the data.
type Record = (Vec<u8>, [u8; 2], Vec<u8>);

const A: [u8; 2] = [0, 1];
const TXT: [u8; 2] = [0, 16];

fn serve(names: Vec<Record>) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
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

/// Answers a question. Names that are not known have no record.
fn answer(question: &[u8], names: &[Record]) -> Vec<u8> {
    let end = 12 + question[12..].iter().position(|&byte| byte == 0).unwrap() + 1;
    let (name, kind) = (&question[12..end], &question[end..end + 2]);
    let found = names.iter().find(|(known, of, _)| known == name && kind == of);
    let mut answer = question[..end + 4].to_vec();
    answer[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, u8::from(found.is_some()), 0, 0, 0, 0]);
    if let Some((_, [_, kind], data)) = found {
        // The name of the question, its type, class IN, 60 seconds.
        answer.extend([0xc0, 12, 0, *kind, 0, 1, 0, 0, 0, 60, 0, u8::try_from(data.len()).unwrap()]);
        answer.extend(data);
    }
    answer
}
