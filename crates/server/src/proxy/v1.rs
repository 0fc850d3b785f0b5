//! Version 1: a line of text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::{self, FromStr};

use super::{Header, Parsed};

/// The bytes of the shortest header, `PROXY UNKNOWN` with its line end.
pub(super) const SHORTEST: usize = 15;

/// The bytes of the longest header, with its line end.
const LONGEST: usize = 107;

const WORD: &[u8] = b"PROXY ";

/// Returns how many bytes are needed, and never one too many: the line may end with the next two.
pub(super) fn parse(octets: &[u8]) -> Result<Parsed, &'static str> {
    let length = octets.len().min(WORD.len());
    if octets[..length] != WORD[..length] {
        return Err("the connection does not begin with a PROXY header");
    }
    if let Some(line) = octets.strip_suffix(b"\r\n") {
        if octets.len() > LONGEST {
            return Err("the PROXY header is longer than 107 bytes");
        }
        return line_of(line).map(Parsed::Whole);
    }
    if octets.len() >= LONGEST {
        return Err("the PROXY header is longer than 107 bytes");
    }
    Ok(Parsed::Needs(match SHORTEST.checked_sub(octets.len()) {
        Some(left @ 1..) => left,
        _ if octets.ends_with(b"\r") => 1,
        _ => 2,
    }))
}

fn line_of(line: &[u8]) -> Result<Header, &'static str> {
    const MALFORMED: &str = "the PROXY header is not a line of version 1";
    if line.iter().any(|octet| matches!(octet, b'\r' | b'\n')) {
        return Err(MALFORMED);
    }
    let line = &line[WORD.len()..];
    // The specification ignores the rest of such a line.
    if line == b"UNKNOWN" || line.starts_with(b"UNKNOWN ") {
        return Ok(Header::Local);
    }
    let text = str::from_utf8(line).map_err(|_| MALFORMED)?;
    let words: Vec<&str> = text.split(' ').collect();
    let &[family, client, destination, client_port, destination_port] = &words[..] else {
        return Err(MALFORMED);
    };
    let parsed = match family {
        "TCP4" => address::<Ipv4Addr>(client).zip(address::<Ipv4Addr>(destination)),
        "TCP6" => address::<Ipv6Addr>(client).zip(address::<Ipv6Addr>(destination)),
        _ => None,
    };
    let (client, destination) = parsed.ok_or(MALFORMED)?;
    let (client_port, destination_port) = port(client_port).zip(port(destination_port)).ok_or(MALFORMED)?;
    Ok(Header::Proxied {
        client: SocketAddr::new(client, client_port),
        destination: SocketAddr::new(destination, destination_port),
    })
}

fn address<A: FromStr + Into<IpAddr>>(text: &str) -> Option<IpAddr> {
    text.parse::<A>().ok().map(Into::into)
}

/// Reads a decimal number without leading zeros.
fn port(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|octet| octet.is_ascii_digit());
    let has_zeros = text.len() > 1 && text.starts_with('0');
    if is_number && !has_zeros { text.parse().ok() } else { None }
}
