//! Version 2: a binary header.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Header, Parsed};

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// The bytes before the addresses.
const FIXED: usize = 16;

/// The most bytes after the fixed ones. Addresses take 216. The rest is for attributes (TLVs), which are skipped. The
/// protocol allows 65,535, but no proxy sends nearly as many.
const MOST: usize = 4_096;

/// Returns how many bytes are needed. The header tells its length.
pub(super) fn parse(octets: &[u8]) -> Result<Parsed, &'static str> {
    let length = octets.len().min(SIGNATURE.len());
    if octets[..length] != SIGNATURE[..length] {
        return Err("the connection does not begin with a PROXY header");
    }
    let Some((fixed, rest)) = octets.split_first_chunk::<FIXED>() else {
        return Ok(Parsed::Needs(FIXED - octets.len()));
    };
    let [.., version_and_command, family, high, low] = *fixed;
    let size = usize::from(u16::from_be_bytes([high, low]));
    if version_and_command >> 4 != 2 {
        return Err("the PROXY header is of neither version 1 nor 2");
    }
    if size > MOST {
        return Err("the PROXY header is longer than 4,112 bytes");
    }
    let is_local = match version_and_command & 0xf {
        0 => true,
        1 => false,
        _ => return Err("the PROXY header has an unknown command"),
    };
    if !is_local {
        check(family, size)?;
    }
    if rest.len() < size {
        return Ok(Parsed::Needs(size - rest.len()));
    }
    Ok(Parsed::Whole(if is_local { Header::Local } else { addresses(family, rest) }))
}

/// Refuses unknown families, and addresses that do not fit into the header.
fn check(family: u8, size: usize) -> Result<(), &'static str> {
    let needed = match (family >> 4, family & 0xf) {
        (0, 0..=2) => 0,
        (1, 0..=2) => 12,
        (2, 0..=2) => 36,
        (3, 0..=2) => 216,
        _ => return Err("the PROXY header has an unknown address family"),
    };
    if size < needed { Err("the PROXY header is too short for its addresses") } else { Ok(()) }
}

/// Reads the addresses of TCP. Other families name no client.
fn addresses(family: u8, octets: &[u8]) -> Header {
    match family {
        0x11 => proxied::<4, Ipv4Addr>(octets),
        0x21 => proxied::<16, Ipv6Addr>(octets),
        _ => None,
    }
    .unwrap_or(Header::Local)
}

/// Reads two addresses of `N` bytes, then their ports.
fn proxied<const N: usize, A: From<[u8; N]> + Into<IpAddr>>(octets: &[u8]) -> Option<Header> {
    let (client, rest) = octets.split_first_chunk::<N>()?;
    let (destination, rest) = rest.split_first_chunk::<N>()?;
    let (client_port, rest) = rest.split_first_chunk::<2>()?;
    let (destination_port, _) = rest.split_first_chunk::<2>()?;
    let end = |address: &[u8; N], port: &[u8; 2]| {
        SocketAddr::new(A::from(*address).into(), u16::from_be_bytes(*port))
    };
    Some(Header::Proxied {
        client: end(client, client_port),
        destination: end(destination, destination_port),
    })
}
