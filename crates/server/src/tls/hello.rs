//! Reads the `ClientHello`, which rustls exposes only in part.
//!
//! # Why
//!
//! rustls does not tell which versions a client offers, and the choice of the certificate depends on them. It also
//! refuses a server name (SNI) that it cannot parse.

use std::io;

use rustls::server::{Accepted, Acceptor, ClientHello};
use tokio::io::AsyncWriteExt as _;

use super::handshake_messages::{extensions, message, payloads};
use super::hidden_name::hide_name;
use super::read_ahead::ReadAhead;
use super::second_hello::SecondHello;

/// A client's `ClientHello`, and its connection.
pub(super) struct Hello {
    pub(super) accepted: Accepted,
    pub(super) io: ReadAhead,
    /// Whether the handshake is one of TLS 1.3: the client offers it, and the server speaks it.
    pub(super) is_tls_1_3: bool,
    /// Whether the name that the client asked for is hidden from rustls, which would fail for it.
    pub(super) name_is_hidden: bool,
}

impl Hello {
    /// Reads until the whole `ClientHello` has arrived. `may_hide_name` allows hiding a name that rustls cannot parse.
    /// `speaks_1_3` says whether the server speaks TLS 1.3.
    ///
    /// # Errors
    /// The client sent something else, and an alert told it so; or the connection failed.
    pub(super) async fn read(mut io: ReadAhead, may_hide_name: bool, speaks_1_3: bool) -> io::Result<Self> {
        let mut acceptor = Acceptor::default();
        let mut records = Vec::new();
        let refused = loop {
            let ahead = io.fill().await?;
            if ahead.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let length = acceptor.read_tls(&mut &ahead[..])?;
            records.extend_from_slice(&ahead[..length]);
            io.consume(length);
            match acceptor.accept() {
                Ok(Some(accepted)) => return Ok(Self::new(accepted, io, &records, false, speaks_1_3)),
                Ok(None) => {}
                Err(refused) => break refused,
            }
        };
        let accepted = may_hide_name.then(|| accept_without_name(&mut records));
        if let Some(accepted) = accepted.flatten() {
            let mut hello = Self::new(accepted, io, &records, true, speaks_1_3);
            // In TLS 1.2 the same bytes may be encrypted.
            if hello.is_tls_1_3 {
                hello.io.pass_through(SecondHello::new);
            }
            return Ok(hello);
        }
        let (error, mut alert) = refused;
        let mut octets = Vec::new();
        alert.write_all(&mut octets)?;
        // The handshake has failed already.
        let _ = io.write_all(&octets).await;
        Err(io::Error::new(io::ErrorKind::InvalidData, error))
    }

    fn new(
        accepted: Accepted,
        io: ReadAhead,
        records: &[u8],
        name_is_hidden: bool,
        speaks_1_3: bool,
    ) -> Self {
        let is_tls_1_3 = speaks_1_3 && offers_tls_1_3(&message(records, &payloads(records)));
        Self { accepted, io, is_tls_1_3, name_is_hidden }
    }

    /// Returns the `ClientHello` as rustls knows it.
    pub(super) fn client_hello(&self) -> ClientHello<'_> {
        self.accepted.client_hello()
    }
}

/// Accepts a `ClientHello` that rustls refuses only for the name in it, and masks that name.
fn accept_without_name(records: &mut [u8]) -> Option<Accepted> {
    hide_name(records)?;
    let mut acceptor = Acceptor::default();
    let mut rest = &*records;
    while !rest.is_empty() {
        acceptor.read_tls(&mut rest).ok()?;
        if let Some(accepted) = acceptor.accept().ok()? {
            // Later bytes would be lost, but a client sends none before the server has answered.
            return rest.is_empty().then_some(accepted);
        }
    }
    None
}

fn offers_tls_1_3(message: &[u8]) -> bool {
    const SUPPORTED_VERSIONS: u16 = 43;
    let versions = extensions(message).find(|extension| extension.kind == SUPPORTED_VERSIONS);
    versions
        .and_then(|versions| versions.data.get(1..))
        .is_some_and(|versions| versions.chunks_exact(2).any(|version| version == [3, 4]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::handshake_messages::at;

    /// Returns a `ClientHello` with these extensions.
    fn hello(extensions: &[u8]) -> Vec<u8> {
        let length = u8::try_from(extensions.len()).unwrap();
        let rest = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0, 0, length], extensions].concat();
        [&[1, 0, 0, u8::try_from(rest.len()).unwrap()][..], &rest].concat()
    }

    #[test]
    fn tls_1_3_is_offered_by_the_extension_alone() {
        for (extensions, offers) in [
            (&b""[..], false),
            (b"\x00\x2b\x00\x03\x02\x03\x04", true),
            (b"\x00\x2b\x00\x03\x02\x03\x03", false),
            (b"\x00\x2b\x00\x05\x04\x03\x03\x03\x04", true),
            (b"\x00\x2b\x00\x05\x04\x7a\x7a\x03\x04", true),
            (b"\xff\x01\x00\x01\x00\x00\x2b\x00\x03\x02\x03\x04", true),
            // A version that stands across two others.
            (b"\x00\x2b\x00\x05\x04\x03\x03\x04\x03", false),
            (b"\x00\x2b\x00\x00", false),
            (b"\x00\x2b", false),
        ] {
            assert_eq!(offers_tls_1_3(&hello(extensions)), offers, "{extensions:x?}");
        }
        assert!(!offers_tls_1_3(b""));
        let whole = hello(b"\x00\x2b\x00\x03\x02\x03\x04");
        for cut in 0..whole.len() {
            assert!(!offers_tls_1_3(&whole[..cut]), "cut at {cut}");
        }
    }

    #[test]
    fn joins_a_message_in_many_records_and_finds_each_byte() {
        let whole = hello(b"\x00\x2b\x00\x03\x02\x03\x04");
        for size in [1, 2, 7, whole.len()] {
            let records: Vec<u8> = whole
                .chunks(size)
                .flat_map(|part| [&[22, 3, 1, 0, u8::try_from(part.len()).unwrap()], part].concat())
                .collect();
            let payloads = payloads(&records);
            assert_eq!(message(&records, &payloads), whole);
            for (position, octet) in whole.iter().enumerate() {
                assert_eq!(records[at(&payloads, position).unwrap()], *octet);
            }
            assert_eq!(at(&payloads, whole.len()), None);
        }
    }
}
