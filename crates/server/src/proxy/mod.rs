//! Proxies: the networks that are trusted, and what XCLIENT and XFORWARD tell of a client.
//!
//! A proxy that speaks HAProxy's PROXY protocol begins a connection with a header that names its client.
//!
//! # Why
//!
//! The header is read before there is a session, and never a byte beyond it. So TLS or SMTP after it finds all its own
//! bytes.

pub(crate) mod client;
pub(crate) mod trust;
mod v1;
mod v2;

use std::fmt;
use std::io;
use std::net::SocketAddr;

use tokio::io::AsyncReadExt as _;

pub use mailchute_proto::{Attribute, MessageSource, ProxiedProtocol, XClient, XForward};

use crate::net::io::Io;
pub use crate::net::network::{Network, NetworkError};

/// The content of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Header {
    /// The header names no client: the proxy speaks for itself (`LOCAL`), or does not know it (`UNKNOWN`, other families).
    Local,
    /// The addresses of the client and of the server that it connected to.
    Proxied { client: SocketAddr, destination: SocketAddr },
}

/// An error that left a connection without its header.
#[derive(Debug)]
pub(crate) enum ProxyError {
    /// The bytes are not a header that is supported.
    Malformed(&'static str),
    /// The connection ended or failed before its first byte.
    Silent,
    /// The connection ended or failed within the header.
    Io(io::Error),
    /// The header did not come in time.
    Late,
    /// The server stops.
    Stopped,
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(fault) => f.write_str(fault),
            Self::Silent => f.write_str("the connection ended without a PROXY header"),
            Self::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                f.write_str("the connection ended before the PROXY header did")
            }
            Self::Io(error) => error.fmt(f),
            Self::Late => f.write_str("no PROXY header came in time"),
            Self::Stopped => f.write_str("the server stops"),
        }
    }
}

/// The result of reading the bytes so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parsed {
    /// At least this many more bytes belong to the header. It is never 0.
    Needs(usize),
    Whole(Header),
}

/// Reads a header of either version, and no byte after it.
pub(crate) async fn read(io: &mut impl Io) -> Result<Header, ProxyError> {
    let mut octets = Vec::new();
    loop {
        match parse(&octets).map_err(ProxyError::Malformed)? {
            Parsed::Whole(header) => return Ok(header),
            Parsed::Needs(count) => {
                let mut limited = (&mut *io).take(count as u64);
                match limited.read_buf(&mut octets).await {
                    Ok(1..) => {}
                    Ok(0) | Err(_) if octets.is_empty() => return Err(ProxyError::Silent),
                    Ok(0) => return Err(ProxyError::Io(io::ErrorKind::UnexpectedEof.into())),
                    Err(error) => return Err(ProxyError::Io(error)),
                }
            }
        }
    }
}

fn parse(octets: &[u8]) -> Result<Parsed, &'static str> {
    match octets.first() {
        None => Ok(Parsed::Needs(v1::SHORTEST)),
        Some(b'P') => v1::parse(octets),
        Some(_) => v2::parse(octets),
    }
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
