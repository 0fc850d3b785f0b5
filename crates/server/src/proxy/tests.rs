//! Compares headers with a slow reading of the specification, at every cut, with the client's first bytes after them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::reference::reference;
use super::*;

/// The bytes after a header, which must be left alone.
const AFTER: &[u8] = b"EHLO client.example\r\n";

/// Reads a header from a stream that comes in two pieces, and never takes more than is asked for. Returns the header
/// and its length in bytes.
fn read_cut(stream: &[u8], cut: usize) -> Result<(Header, usize), &'static str> {
    let mut octets = Vec::new();
    loop {
        match parse(&octets)? {
            Parsed::Whole(header) => return Ok((header, octets.len())),
            Parsed::Needs(count) => {
                assert!(count > 0, "a header that needs nothing is whole");
                let piece = if octets.len() < cut { &stream[..cut] } else { stream };
                let end = (octets.len() + count).min(piece.len());
                if end == octets.len() {
                    return Err("the stream has ended");
                }
                octets.extend_from_slice(&piece[octets.len()..end]);
            }
        }
    }
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let address = select(
        &["192.0.2.1", "255.255.255.255", "2001:db8::1", "::ffff:192.0.2.1", "192.0.2.01", "x", ""][..],
    );
    let port = select(&["25", "0", "65535", "65536", "025", "+25", ""][..]);
    let family = select(&["TCP4", "TCP4", "TCP6", "UNKNOWN", "TCP", "UDP4"][..]);
    let end = select(&["\r\n", "\r\n", "\r\n", "\n", " \r\n", " x\r\n", "\r\r\n"][..]);
    (family, address.clone(), address, port.clone(), port, end)
        .prop_map(|(family, a, b, c, d, end)| format!("PROXY {family} {a} {b} {c} {d}{end}").into_bytes())
}

fn binary() -> impl Strategy<Value = Vec<u8>> {
    let command = select(&[0x20, 0x21, 0x21, 0x21, 0x22, 0x11][..]);
    let family = select(&[0x00, 0x11, 0x12, 0x21, 0x22, 0x31, 0x13, 0x41][..]);
    let block =
        prop_oneof![vec(any::<u8>(), 0..60), vec(any::<u8>(), 210..230), vec(any::<u8>(), 4_090..4_100)];
    (command, family, block).prop_map(|(command, family, block)| {
        let [high, low] = u16::try_from(block.len()).expect("it is short").to_be_bytes();
        [&b"\r\n\r\n\0\r\nQUIT\n"[..], &[command, family, high, low], &block].concat()
    })
}

/// A header, perhaps with one byte changed.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let change = proptest::option::weighted(0.2, (any::<prop::sample::Index>(), any::<u8>()));
    (prop_oneof![line(), binary()], change).prop_map(|(mut header, change)| {
        if let Some((at, octet)) = change {
            let at = at.index(header.len());
            header[at] = octet;
        }
        [&header[..], AFTER].concat()
    })
}

proptest! {
    #[test]
    fn a_header_is_what_the_specification_says_wherever_it_is_cut(stream in stream(), cut in any::<prop::sample::Index>()) {
        let expected = reference(&stream);
        let cut = cut.index(stream.len());
        prop_assert_eq!(read_cut(&stream, cut).ok(), expected);
        prop_assert_eq!(read_cut(&stream, 0).ok(), expected);
    }
}

#[test]
fn reads_a_header_cut_anywhere_and_no_byte_past_its_end() {
    let v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0f\xc0\0\x02\x01\xc0\0\x02\x19\x10\x92\0\x19\x04\0\0";
    let headers: [&[u8]; 5] = [
        b"PROXY TCP4 192.0.2.1 192.0.2.25 4242 25\r\n",
        b"PROXY TCP6 2001:db8::1 2001:db8::25 4242 25\r\n",
        b"PROXY UNKNOWN\r\n",
        b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n",
        v2,
    ];
    for header in headers {
        let stream = [header, AFTER].concat();
        for cut in 0..=header.len() {
            let (_, length) = read_cut(&stream, cut).expect("it is good");
            assert_eq!(length, header.len(), "{}", header.escape_ascii());
        }
        for end in 0..header.len() {
            assert!(read_cut(&header[..end], 0).is_err(), "{} cut off at {end}", header.escape_ascii());
        }
    }
}

#[test]
fn the_longest_line_has_107_bytes() {
    let line = |length: usize| format!("PROXY UNKNOWN {}\r\n", "x".repeat(length - 16)).into_bytes();
    assert!(read_cut(&line(107), 0).is_ok());
    assert!(read_cut(&line(108), 0).is_err());
    assert!(read_cut(&[b'P'; 200], 0).is_err());
}
