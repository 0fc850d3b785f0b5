//! The specification of the PROXY header, read slowly.

use std::net::{IpAddr, SocketAddr};

use super::Header;

/// The specification, read slowly: the header at the front of a whole stream and its length.
pub(super) fn reference(stream: &[u8]) -> Option<(Header, usize)> {
    if let Some(rest) = stream.strip_prefix(b"\r\n\r\n\0\r\nQUIT\n") {
        let size = usize::from(*rest.get(2)?) * 256 + usize::from(*rest.get(3)?);
        let block = rest.get(4..4 + size).filter(|_| size <= 4_096)?;
        let at = |index: usize, width: usize| {
            let text: Vec<String> = match width {
                4 => block[index..index + 4].iter().map(u8::to_string).collect(),
                _ => {
                    block[index..index + 16].chunks(2).map(|p| format!("{:02x}{:02x}", p[0], p[1])).collect()
                }
            };
            text.join(if width == 4 { "." } else { ":" }).parse().expect("an address")
        };
        let port = |index: usize| u16::from(block[index]) * 256 + u16::from(block[index + 1]);
        let header = match (rest[0], rest[1]) {
            (0x20, _) | (0x21, 0x00..=0x02) => Header::Local,
            (0x21, 0x11) if size >= 12 => Header::Proxied {
                client: SocketAddr::new(at(0, 4), port(8)),
                destination: SocketAddr::new(at(4, 4), port(10)),
            },
            (0x21, 0x21) if size >= 36 => Header::Proxied {
                client: SocketAddr::new(at(0, 16), port(32)),
                destination: SocketAddr::new(at(16, 16), port(34)),
            },
            (0x21, 0x10 | 0x12) if size >= 12 => Header::Local,
            (0x21, 0x20 | 0x22) if size >= 36 => Header::Local,
            (0x21, 0x30..=0x32) if size >= 216 => Header::Local,
            _ => return None,
        };
        return Some((header, 16 + size));
    }
    let end = stream.windows(2).position(|pair| pair == b"\r\n")?;
    let line = &stream[..end];
    if end > 105 || line.contains(&b'\n') || line.contains(&b'\r') {
        return None;
    }
    if line == b"PROXY UNKNOWN" || line.starts_with(b"PROXY UNKNOWN ") {
        return Some((Header::Local, end + 2));
    }
    let line = std::str::from_utf8(line).ok()?;
    let words: Vec<&str> = line.split(' ').collect();
    let ["PROXY", family, client, destination, from, to] = words[..] else { return None };
    let address = |text: &str| {
        let address: IpAddr = text.parse().ok()?;
        (address.is_ipv4() == (family == "TCP4")).then_some(address)
    };
    let port = |text: &str| text.parse::<u16>().ok().filter(|port| port.to_string() == text);
    let header = Header::Proxied {
        client: SocketAddr::new(address(client)?, port(from)?),
        destination: SocketAddr::new(address(destination)?, port(to)?),
    };
    matches!(family, "TCP4" | "TCP6").then_some((header, end + 2))
}
