//! SMTP smuggling against the running program. The tests check the files in its Maildir.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;

use crate::support::Program;

const BEFORE: &[u8] =
    b"EHLO client.example\r\nMAIL FROM:<ann@client.example>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\nhello";
const SECOND: &[u8] =
    b"MAIL FROM:<evil@client.example>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\nevil\r\n.\r\nQUIT\r\n";

/// Sends each piece in its own segment, and returns what the program sends until it closes.
fn converse(address: SocketAddr, pieces: &[&[u8]]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut heard = Vec::new();
    while !heard.ends_with(b"\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        heard.extend_from_slice(&byte);
    }
    for piece in pieces {
        if stream.write_all(piece).is_err() {
            break;
        }
    }
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.read_to_end(&mut heard);
    String::from_utf8(heard).unwrap()
}

fn count(directory: &Path) -> usize {
    fs::read_dir(directory).unwrap().count()
}

#[test]
fn no_false_end_of_data_smuggles_a_second_message() {
    let directory = tempfile::tempdir().unwrap();
    let mail = directory.path().join("mail");
    let store = format!("maildir:{}", mail.display());
    let program = Program::start(&["--listen", "127.0.0.1:0", "--store", &store]);
    let sequences: [&[u8]; 7] =
        [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r.\r", b"\r\n.\r", b"\r\n.\r\r\n"];
    for sequence in sequences {
        let bytes = [BEFORE, sequence, SECOND].concat();
        let (head, tail) = bytes.split_at(BEFORE.len() + 1);
        for pieces in [vec![&bytes[..]], vec![head, tail], bytes.chunks(1).collect()] {
            let heard = converse(program.address(0), &pieces);
            assert!(heard.contains("\r\n550 5.5.2 Bare CR or LF"), "{sequence:?}: {heard}");
        }
    }
    assert_eq!((count(&mail.join("new")), count(&mail.join("tmp"))), (0, 0));
    let heard = converse(program.address(0), &[BEFORE, b"\r\n.\r\n", SECOND]);
    assert!(heard.ends_with("221 2.0.0 Closing connection\r\n"), "{heard}");
    assert_eq!(count(&mail.join("new")), 2, "the one end of the data lets a second message in");
}
