//! A second `ClientHello` (RFC 8446 §4.1.2), in which the name is hidden as in the first.
//!
//! A TLS 1.3 client may offer no key of a group that the server knows. The server then asks it for another
//! (`HelloRetryRequest`). The client sends the same `ClientHello` again, with that key and the same name. rustls reads
//! this one on its own, so the name is hidden below it.

use std::io;
use std::ops::Range;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

use super::handshake_messages::{CLIENT_HELLO, HANDSHAKE, message, payloads};
use super::hidden_name::hide_name;
use super::pass_through::writes_pass_through;
use crate::net::io::Io;
use crate::runtime::read_buffer;

/// The most bytes that are held until the `ClientHello` in them is whole; rustls accepts no longer one.
const MOST: usize = 64 * 1024;

/// Bytes of the type and the length of a handshake message.
const HEADER: usize = 4;

/// A connection from which a TLS 1.3 client's first `ClientHello` was read, with its name hidden.
pub(super) struct SecondHello {
    io: Box<dyn Io>,
    held: BytesMut,
    /// The least length of `held` that is worth another look, since each byte may arrive alone.
    worth_a_look: usize,
    /// Whether the second `ClientHello` has come, or cannot come any more. Held bytes then go out, and the rest passes.
    is_past: bool,
}

impl SecondHello {
    /// Wraps a connection. `held` are the bytes that were already read from it.
    pub(super) fn new(io: Box<dyn Io>, held: BytesMut) -> Self {
        Self { io, held, worth_a_look: 1, is_past: false }
    }

    fn poll_past(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.is_past {
            if self.held.len() < self.worth_a_look {
                let read = pin!(self.io.read_buf(&mut self.held)).poll(context);
                self.is_past = ready!(read)? == 0;
                continue;
            }
            match next_message(&self.held) {
                NextMessage::Missing(missing) if self.held.len() + missing <= MOST => {
                    self.worth_a_look = self.held.len() + missing;
                }
                NextMessage::ClientHello { begin } => {
                    // rustls judges a name that cannot be hidden.
                    let _ = hide_name(&mut self.held[begin..]);
                    self.is_past = true;
                }
                NextMessage::Missing(_) | NextMessage::Other => self.is_past = true,
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// The message after the first `ClientHello`.
#[derive(Debug, PartialEq, Eq)]
enum NextMessage {
    /// At least this many more bytes are needed.
    Missing(usize),
    /// A second `ClientHello`, in the records that begin there.
    ClientHello { begin: usize },
    /// Another message.
    Other,
}

fn next_message(octets: &[u8]) -> NextMessage {
    let Some(begin) = behind_changes(octets) else {
        return NextMessage::Missing(1);
    };
    let records = &octets[begin..];
    let payloads = payloads(records);
    let message = message(records, &payloads);
    let missing = match *message {
        [kind, ..] if kind != CLIENT_HELLO => return NextMessage::Other,
        [_, high, middle, low, ..] => {
            let length = u32::from_be_bytes([0, high, middle, low]) as usize;
            (HEADER + length).saturating_sub(message.len())
        }
        _ => HEADER - message.len(),
    };
    let end = payloads.last().map_or(0, |payload| payload.end);
    let is_interrupted = records.get(end).is_some_and(|&kind| kind != HANDSHAKE);
    // Such records could come for ever.
    let is_empty = |payload: &Range<usize>| payload.is_empty() && payload.end < records.len();
    match missing {
        0 => NextMessage::ClientHello { begin },
        _ if is_interrupted || payloads.iter().any(is_empty) => NextMessage::Other,
        _ => NextMessage::Missing(missing),
    }
}

/// Returns where the records after any `change_cipher_spec` begin (RFC 8446 §D.4), unless one of those is cut off.
fn behind_changes(octets: &[u8]) -> Option<usize> {
    const CHANGE_CIPHER_SPEC: u8 = 20;
    /// The most that rustls ignores.
    const MOST_CHANGES: usize = 2;
    let mut begin = 0;
    for _ in 0..MOST_CHANGES {
        if octets.get(begin) == Some(&CHANGE_CIPHER_SPEC) {
            let length = octets.get(begin + 3..begin + 5)?;
            begin += 5 + usize::from(u16::from_be_bytes([length[0], length[1]]));
        }
    }
    (begin <= octets.len()).then_some(begin)
}

impl AsyncRead for SecondHello {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_past(context))?;
        if this.held.is_empty() {
            // It holds no memory from now on.
            this.held = BytesMut::new();
            return Pin::new(&mut this.io).poll_read(context, buffer);
        }
        let length = read_buffer::copy(&this.held, buffer);
        this.held.advance(length);
        Poll::Ready(Ok(()))
    }
}

writes_pass_through!(SecondHello);

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt as _, duplex};

    use super::*;

    const CHANGE: &[u8] = b"\x14\x03\x03\x00\x01\x01";
    /// A `ClientHello` with an extension for versions and one for an empty list of names.
    const HELLO: &[u8] = b"\x01\x00\x00\x38\x03\x03\
        \x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\
        \x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\
        \x00\x00\x02\x13\x01\x01\x00\x00\x0d\
        \x00\x2b\x00\x03\x02\x03\x04\
        \x00\x00\x00\x02\x00\x00";
    const FINISHED: &[u8] = b"\x17\x03\x03\x00\x04\x01\x00\x00\x00";
    /// Too long to be held.
    const ENDLESS: &[u8] = b"\x16\x03\x03\x00\x04\x01\x01\x00\x00";

    /// Returns the message in records of `size` bytes.
    fn records(message: &[u8], size: usize) -> Vec<u8> {
        let record = |part: &[u8]| [&[22, 3, 3, 0, u8::try_from(part.len()).unwrap()], part].concat();
        message.chunks(size).flat_map(record).collect()
    }

    /// Returns what arrives of `sent`, if `ahead` bytes were read before and the rest comes `at_a_time`.
    async fn arriving(sent: &[u8], ahead: usize, at_a_time: usize) -> Vec<u8> {
        let (mut client, server) = duplex(at_a_time);
        let mut server = SecondHello::new(Box::new(server), BytesMut::from(&sent[..ahead]));
        let send = async {
            client.write_all(&sent[ahead..]).await.unwrap();
            client.shutdown().await.unwrap();
        };
        let mut got = Vec::new();
        let (_, read) = tokio::join!(send, server.read_to_end(&mut got));
        read.unwrap();
        assert_eq!(server.held.capacity(), 0);
        got
    }

    #[tokio::test]
    async fn the_name_in_a_second_hello_is_hidden_however_it_arrives() {
        let hidden = [&HELLO[..HELLO.len() - 6], b"\xff\x53\x00\x02\x00\x00"].concat();
        for size in [1, 3, HELLO.len() - 5, HELLO.len()] {
            for before in [&b""[..], CHANGE] {
                let sent = [before, &records(HELLO, size), FINISHED].concat();
                let expected = [before, &records(&hidden, size), FINISHED].concat();
                for at_a_time in [1, 7, 4096] {
                    for ahead in [0, 1, 4, sent.len() / 2, sent.len()] {
                        assert_eq!(arriving(&sent, ahead, at_a_time).await, expected, "{size} {ahead}");
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn passes_other_messages_unchanged() {
        let cut_off = records(HELLO, 20);
        for sent in [
            &b""[..],
            CHANGE,
            &CHANGE[..5],
            FINISHED,
            &[CHANGE, FINISHED, &records(HELLO, 20)].concat(),
            &cut_off[..cut_off.len() - 1],
            // Another record in the midst of it.
            &[&cut_off[..25], CHANGE, &cut_off[25..]].concat(),
            // Another message, and one that is too long.
            &records(&[&[11], &HELLO[1..]].concat(), 100),
            &[ENDLESS, FINISHED].concat(),
            b"\x16\x03\x03\x00\x00\x16\x03\x03\x00\x00",
            &CHANGE.repeat(5),
        ] {
            for at_a_time in [1, 4096] {
                assert_eq!(arriving(sent, 0, at_a_time).await, sent);
            }
        }
    }

    #[tokio::test]
    async fn nothing_is_held_that_cannot_become_a_second_hello() {
        const OTHER: &[u8] = b"\x16\x03\x03\x00\x04\x02";
        const EMPTY: &[u8] = b"\x16\x03\x03\x00\x00\x16";
        for sent in
            [FINISHED, &[CHANGE, FINISHED].concat(), ENDLESS, b"\x15", OTHER, EMPTY, &CHANGE.repeat(3)]
        {
            // The client waits with its side open.
            let (mut client, server) = duplex(4096);
            client.write_all(sent).await.unwrap();
            let mut server = SecondHello::new(Box::new(server), BytesMut::new());
            let mut got = vec![0; sent.len()];
            server.read_exact(&mut got).await.unwrap();
            assert_eq!(got, sent);
        }
    }
}
