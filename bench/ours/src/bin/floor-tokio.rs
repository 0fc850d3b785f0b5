//! The conversation of `bench/load/floor.c` on tokio: the share of the runtime in a server's cost.
//!
//! Like floor.c, it looks at the first letter of a command and at CRLF.CRLF, and checks nothing.

use std::io;
use std::net::Ipv4Addr;

use memchr::{memchr, memmem};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const END: &[u8] = b"\r\n.\r\n";

/// The position of a client in its session.
struct Session {
    in_message: bool,
    /// The command so far, or the last bytes of a message, as its end may lie across two reads.
    begun: Vec<u8>,
    output: Vec<u8>,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, "write the port to listen on: floor-tokio PORT")
    })?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream));
    }
}

/// Serves one client until it ends, normally or by an error.
async fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.write_all(b"220 floor ESMTP\r\n").await?;
    let mut session = Session { in_message: false, begun: Vec::new(), output: Vec::new() };
    // As much as the library reads, but without its code: the minimum for tokio's interface.
    let mut input = Vec::with_capacity(64 * 1024);
    loop {
        input.clear();
        let length = stream.read_buf(&mut input).await?;
        let goes_on = length > 0 && session.take(&input);
        stream.write_all(&session.output).await?;
        session.output.clear();
        if !goes_on {
            return Ok(());
        }
    }
}

impl Session {
    /// Whether the session goes on after these bytes.
    fn take(&mut self, mut octets: &[u8]) -> bool {
        let mut goes_on = true;
        while !octets.is_empty() {
            let end = if self.in_message { self.end_of_message(octets) } else { memchr(b'\n', octets) };
            let Some(end) = end else {
                self.begun.extend_from_slice(octets);
                let known = self.begun.len().saturating_sub(END.len());
                self.begun.drain(..if self.in_message { known } else { 0 });
                break;
            };
            let first = self.begun.first().or(octets.first()).copied().unwrap_or_default();
            octets = &octets[end + 1..];
            self.begun.clear();
            goes_on = if self.in_message {
                self.in_message = false;
                self.say("250 2.0.0 OK\r\n")
            } else {
                self.answer(first)
            };
        }
        goes_on
    }

    /// The position of the last byte of the message's end, if it is there.
    fn end_of_message(&self, octets: &[u8]) -> Option<usize> {
        let head = &octets[..octets.len().min(END.len() - 1)];
        let seam = [&self.begun, head].concat();
        let at_seam =
            memmem::find(&seam, END).map(|at| (at + END.len()).saturating_sub(self.begun.len() + 1));
        at_seam.or_else(|| memmem::find(octets, END).map(|at| at + END.len() - 1))
    }

    fn answer(&mut self, first: u8) -> bool {
        match first.to_ascii_uppercase() {
            b'D' => {
                self.in_message = true;
                self.begun.extend_from_slice(b"\r\n");
                self.say("354 go\r\n")
            }
            b'E' => self.say("250-floor\r\n250-PIPELINING\r\n250 8BITMIME\r\n"),
            b'Q' => !self.say("221 bye\r\n"),
            _ => self.say("250 2.0.0 OK\r\n"),
        }
    }

    fn say(&mut self, reply: &str) -> bool {
        self.output.extend_from_slice(reply.as_bytes());
        true
    }
}
