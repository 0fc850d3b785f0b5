//! `mailchute healthcheck`: asks a running server whether it can take mail.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::options::health_check::HealthCheck;

/// The longest answer that is read.
const LONGEST: u64 = 64 << 10;

/// Asks, and returns what the server says.
///
/// # Errors
/// An error if the server cannot be asked, or is not ready.
pub(crate) fn healthcheck(arguments: &HealthCheck) -> Result<String, Failure> {
    let Target { host, path } = Target::parse(&arguments.target).ok_or_else(|| {
        Failure::usage(format!(
            "{}: this is not an address; write an address and a port, such as 127.0.0.1:8025, or a URL, such as \
             http://127.0.0.1:8025/live",
            arguments.target
        ))
    })?;
    let failed = |error: std::io::Error| Failure::running(format!("{host}: {error}"));
    let limit = Instant::now() + arguments.timeout.duration();
    let answer = ask(&host, &path, limit).map_err(failed)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    let text = if body.trim().is_empty() { head.lines().next().unwrap_or_default() } else { body.trim() };
    if status == "200" { Ok(format!("{text}\n")) } else { Err(Failure::running(format!("{host}: {text}"))) }
}

/// Where to ask.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    /// The host and its port.
    host: String,
    path: String,
}

impl Target {
    /// Reads an address, a port alone, or a URL.
    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("http://").unwrap_or(text);
        let (host, path) = match rest.split_once('/') {
            Some((host, path)) => (host, format!("/{path}")),
            None => (rest, "/ready".to_owned()),
        };
        let host = match host.rsplit_once(':') {
            _ if host.parse::<u16>().is_ok() => format!("127.0.0.1:{host}"),
            Some((name, port)) if !name.is_empty() && port.parse::<u16>().is_ok() => host.to_owned(),
            _ => return None,
        };
        let is_plain = |byte: u8| byte.is_ascii_graphic();
        (host.bytes().all(is_plain) && path.bytes().all(is_plain)).then_some(Self { host, path })
    }
}

fn ask(host: &str, path: &str, limit: Instant) -> std::io::Result<String> {
    let mut stream = connect(host, limit)?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.set_write_timeout(Some(left(limit)?))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while (answer.len() as u64) < LONGEST {
        stream.set_read_timeout(Some(left(limit)?))?;
        match stream.read(&mut part)? {
            0 => break,
            read => answer.extend_from_slice(&part[..read]),
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn connect(host: &str, limit: Instant) -> std::io::Result<TcpStream> {
    let mut failure = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    let addresses: Vec<SocketAddr> = host.to_socket_addrs()?.collect();
    for address in addresses {
        match TcpStream::connect_timeout(&address, left(limit)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Returns the time until `limit`.
fn left(limit: Instant) -> std::io::Result<Duration> {
    let left = limit.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(std::io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses_ports_and_urls() {
        for (text, host, path) in [
            ("http://127.0.0.1:8025/ready", "127.0.0.1:8025", "/ready"),
            ("127.0.0.1:8025", "127.0.0.1:8025", "/ready"),
            ("8025", "127.0.0.1:8025", "/ready"),
            ("[::1]:80/live", "[::1]:80", "/live"),
            ("http://mail.example:8025/live", "mail.example:8025", "/live"),
        ] {
            let target = Target { host: host.to_owned(), path: path.to_owned() };
            assert_eq!(Target::parse(text), Some(target), "{text}");
        }
        for text in ["", "localhost", "https://127.0.0.1/ready", ":80", "a b:80", "h:80/a\r\nb", "h:99999"] {
            assert_eq!(Target::parse(text), None, "{text}");
        }
    }
}
