//! The commands of the server.

use std::net::SocketAddr;

use super::packet::{put, put_text};

/// A stage of a session at which a milter is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    Connect,
    Helo,
    Mail,
    Rcpt,
    Data,
    Header,
    EndOfHeader,
    Body,
    EndOfBody,
    Unknown,
}

impl Stage {
    /// The command (SMFIC).
    pub(crate) const fn command(self) -> u8 {
        match self {
            Self::Connect => b'C',
            Self::Helo => b'H',
            Self::Mail => b'M',
            Self::Rcpt => b'R',
            Self::Data => b'T',
            Self::Header => b'L',
            Self::EndOfHeader => b'N',
            Self::Body => b'B',
            Self::EndOfBody => b'E',
            Self::Unknown => b'U',
        }
    }

    /// The name in messages about errors.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Helo => "HELO",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Header => "HEADER",
            Self::EndOfHeader => "EOH",
            Self::Body => "BODY",
            Self::EndOfBody => "BODYEOB",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The stage of this number in the milter's list of macros (SMFIM).
    pub(super) const fn of_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::Connect,
            1 => Self::Helo,
            2 => Self::Mail,
            3 => Self::Rcpt,
            4 => Self::Data,
            5 => Self::EndOfBody,
            6 => Self::EndOfHeader,
            _ => return None,
        })
    }

    /// The version of the protocol that has the command.
    pub(super) const fn since(self) -> u32 {
        match self {
            Self::Unknown => 3,
            Self::Data => 4,
            _ => 2,
        }
    }

    /// The bit of milters that do not want the command. The end of the message is always sent.
    pub(super) const fn left_out(self) -> u32 {
        match self {
            Self::Connect => 0x1,
            Self::Helo => 0x2,
            Self::Mail => 0x4,
            Self::Rcpt => 0x8,
            Self::Body => 0x10,
            Self::Header => 0x20,
            Self::EndOfHeader => 0x40,
            Self::Unknown => 0x100,
            Self::Data => 0x200,
            Self::EndOfBody => 0,
        }
    }

    /// The bit of milters that do not answer the command.
    pub(super) const fn unanswered(self) -> u32 {
        match self {
            Self::Header => 0x80,
            Self::Connect => 0x1000,
            Self::Helo => 0x2000,
            Self::Mail => 0x4000,
            Self::Rcpt => 0x8000,
            Self::Data => 0x1_0000,
            Self::Unknown => 0x2_0000,
            Self::EndOfHeader => 0x4_0000,
            Self::Body => 0x8_0000,
            Self::EndOfBody => 0,
        }
    }
}

/// Adds macros for the command of a stage: names and values.
pub(crate) fn put_macros<'m>(
    out: &mut Vec<u8>,
    stage: Stage,
    macros: impl IntoIterator<Item = (&'m str, &'m str)>,
) {
    put(out, b'D', |out| {
        out.push(stage.command());
        for (name, value) in macros {
            put_text(out, name.as_bytes());
            put_text(out, value.as_bytes());
        }
    });
}

/// Adds CONNECT. A client over a Unix socket has no address.
pub(crate) fn put_connect(out: &mut Vec<u8>, host: &str, client: Option<SocketAddr>) {
    put(out, Stage::Connect.command(), |out| {
        put_text(out, host.as_bytes());
        match client {
            Some(client) => {
                let address = client.ip().to_canonical();
                out.push(if address.is_ipv4() { b'4' } else { b'6' });
                out.extend_from_slice(&client.port().to_be_bytes());
                put_text(out, address.to_string().as_bytes());
            }
            // libmilter tells its milter that there is no address.
            None => out.push(b'U'),
        }
    });
}

/// Adds a command whose data are texts: HELO with a name, MAIL and RCPT with a path and parameters, and UNKNOWN with the
/// line.
pub(crate) fn put_texts<T: AsRef<str>>(out: &mut Vec<u8>, stage: Stage, texts: impl IntoIterator<Item = T>) {
    put(out, stage.command(), |out| {
        for text in texts {
            put_text(out, text.as_ref().as_bytes());
        }
    });
}

/// Adds a field of the header. Its lines end with LF within the protocol.
pub(crate) fn put_field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    put(out, Stage::Header.command(), |out| {
        put_text(out, name.as_bytes());
        out.extend(
            value.iter().filter(|byte| **byte != b'\r').map(|&byte| if byte == 0 { b' ' } else { byte }),
        );
        out.push(0);
    });
}

/// Adds a command with these data: a chunk of the body, or none.
pub(crate) fn put_bytes(out: &mut Vec<u8>, stage: Stage, bytes: &[u8]) {
    put(out, stage.command(), |out| out.extend_from_slice(bytes));
}

/// Adds ABORT, which ends the transaction and has no answer.
pub(crate) fn put_abort(out: &mut Vec<u8>) {
    put(out, b'A', |_| {});
}

/// Adds QUIT, which ends the connection and has no answer.
pub(crate) fn put_quit(out: &mut Vec<u8>) {
    put(out, b'Q', |_| {});
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(put: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out);
        out
    }

    #[test]
    fn writes_the_bytes_that_libmilter_reads() {
        let client = |text: &str| Some(text.parse().unwrap());
        for (bytes, expected) in [
            (
                written(|out| put_connect(out, "a.example", client("192.0.2.1:25"))),
                &b"\0\0\0\x18Ca.example\x004\0\x19192.0.2.1\0"[..],
            ),
            (
                written(|out| put_connect(out, "[2001:db8::1]", client("[2001:db8::1]:2525"))),
                b"\0\0\0\x1eC[2001:db8::1]\x006\x09\xdd2001:db8::1\0",
            ),
            (
                written(|out| put_connect(out, "b", client("[::ffff:192.0.2.1]:1"))),
                b"\0\0\0\x10Cb\x004\0\x01192.0.2.1\0",
            ),
            (written(|out| put_connect(out, "localhost", None)), b"\0\0\0\x0cClocalhost\0U"),
            (
                written(|out| put_macros(out, Stage::Helo, [("{cipher}", "X"), ("v", "")])),
                b"\0\0\0\x10DH{cipher}\0X\0v\0\0",
            ),
            (
                written(|out| put_texts(out, Stage::Mail, ["<a@b.example>", "SIZE=7"])),
                b"\0\0\0\x16M<a@b.example>\0SIZE=7\0",
            ),
            (written(|out| put_field(out, "X", b" a\r\n\tb\0")), b"\0\0\0\x0aLX\0 a\n\tb \0"),
            (written(|out| put_bytes(out, Stage::Body, b"hi\r\n")), b"\0\0\0\x05Bhi\r\n"),
            (written(|out| put_bytes(out, Stage::EndOfBody, b"")), b"\0\0\0\x01E"),
            (written(put_abort), b"\0\0\0\x01A"),
            (written(put_quit), b"\0\0\0\x01Q"),
        ] {
            assert_eq!(bytes, expected, "{}", bytes.escape_ascii());
        }
    }
}
