//! The server that keeps the objects.

use std::fmt;

use crate::NextHop;

/// The URL of a server that speaks the protocol of S3: `http://127.0.0.1:9000`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    is_tls: bool,
    /// Without the brackets of an IPv6 address.
    host: String,
    port: Option<u16>,
}

impl Endpoint {
    /// # Errors
    /// A text that says what to write instead.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{url:?} does not name a server of S3; write https://HOST or https://HOST:PORT, without the bucket"
            )
        };
        let (is_tls, rest) = match url.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            _ => return Err(wrong()),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, after)) if host.parse::<std::net::Ipv6Addr>().is_ok() => {
                (host, (!after.is_empty()).then_some(after))
            }
            Some(_) => return Err(wrong()),
            None => match rest.find(':') {
                Some(colon) => (&rest[..colon], Some(&rest[colon..])),
                None => (rest, None),
            },
        };
        let is_name = host.contains(':')
            || (host.starts_with(|c: char| c.is_ascii_alphanumeric())
                && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)));
        let port = match port.map(|port| port.strip_prefix(':').unwrap_or_default()) {
            None => None,
            Some(digits) if digits.starts_with(|c: char| c.is_ascii_digit()) => match digits.parse() {
                Ok(port) if port > 0 => Some(port),
                _ => return Err(wrong()),
            },
            Some(_) => return Err(wrong()),
        };
        if !is_name {
            return Err(wrong());
        }
        Ok(Self { is_tls, host: host.to_owned(), port })
    }

    /// The server of Amazon for the buckets of a region.
    pub(super) fn amazon(region: &str) -> Self {
        Self { is_tls: true, host: format!("s3.{region}.amazonaws.com"), port: None }
    }

    pub(super) fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// Returns whether mail crosses a network where others may read it.
    pub(super) fn is_exposed(&self) -> bool {
        !self.is_tls && !self.next_hop().is_local()
    }

    pub(super) fn next_hop(&self) -> NextHop {
        NextHop::tcp(&*self.host, self.port.unwrap_or(if self.is_tls { 443 } else { 80 }))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_tls { "https://" } else { "http://" })?;
        match self.host.contains(':') {
            true => write!(f, "[{}]", self.host)?,
            false => f.write_str(&self.host)?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_port_and_who_can_read_along() {
        for (url, host, port, is_exposed) in [
            ("https://s3.example.com", "s3.example.com", 443, false),
            ("https://s3.example.com:9443", "s3.example.com", 9443, false),
            ("http://127.0.0.1:9000", "127.0.0.1", 9000, false),
            ("http://localhost", "localhost", 80, false),
            ("http://[::1]:9000", "::1", 9000, false),
            ("http://minio:9000", "minio", 9000, true),
            ("http://192.0.2.1", "192.0.2.1", 80, true),
        ] {
            let endpoint = Endpoint::parse(url).expect(url);
            assert_eq!(endpoint.next_hop(), NextHop::tcp(host, port), "{url}");
            assert_eq!(endpoint.is_exposed(), is_exposed, "{url}");
            assert_eq!(endpoint.to_string(), url);
        }
        assert_eq!(Endpoint::amazon("eu-north-1").to_string(), "https://s3.eu-north-1.amazonaws.com");
    }

    #[test]
    fn refuses_what_names_no_server() {
        for url in [
            "",
            "s3.example.com",
            "ftp://a",
            "https://",
            "https://a/b",
            "https://a:",
            "https://a:0",
            "https://a:x",
            "https://a:+1",
            "https://a:70000",
            "https://[::1",
            "https://[::1]9000",
            "https://us@a",
            "https://a b",
            "https://bü",
            "https://.a",
        ] {
            assert!(Endpoint::parse(url).is_err(), "{url}");
        }
    }
}
