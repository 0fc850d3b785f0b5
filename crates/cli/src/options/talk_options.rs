//! The command line of `mailchute talk`.

use std::path::PathBuf;
use std::str::FromStr;

use crate::options::paths;
use crate::options::time_span::TimeSpan;

#[derive(Debug, clap::Args)]
pub(crate) struct TalkOptions {
    /// The server: HOST:PORT, `smtp://HOST`, `smtps://HOST` (TLS from the first byte), lmtp:HOST:PORT or lmtp:unix:PATH
    pub(crate) server: TalkTarget,

    /// Speak LMTP: after a message, the server has a reply for each recipient
    #[arg(long)]
    pub(crate) lmtp: bool,

    /// Trust the authorities in this PEM file, instead of those of the system
    #[arg(long, value_name = "FILE", value_parser = paths::file_parser())]
    pub(crate) ca: Option<PathBuf>,

    /// Print the lines without explanations
    #[arg(long)]
    pub(crate) no_explain: bool,

    /// Add a dot to each line of a message that begins with one, so that a file can be piped in as it is. A line that
    /// holds only a dot still ends the message
    #[arg(long)]
    pub(crate) dot_stuff: bool,

    /// How long to wait for the connection, for TLS and for each reply
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub(crate) timeout: TimeSpan,
}

/// Where the server is, and how a session with it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TalkTarget {
    pub(crate) place: Place,
    pub(crate) is_lmtp: bool,
    /// TLS comes before the greeting.
    pub(crate) is_tls: bool,
}

/// The place of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

impl FromStr for TalkTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let target = |place, is_lmtp, is_tls| Self { place, is_lmtp, is_tls };
        if let Some(path) = text.strip_prefix("lmtp:unix:") {
            return match path {
                "" => Err("write the path of the socket after lmtp:unix:".to_owned()),
                path => Ok(target(Place::Unix(path.into()), true, false)),
            };
        }
        let (rest, usual, is_lmtp, is_tls) = if let Some(rest) = text.strip_prefix("smtps://") {
            (rest, Some(465), false, true)
        } else if let Some(rest) = text.strip_prefix("smtp://") {
            (rest, Some(25), false, false)
        } else if let Some(rest) = text.strip_prefix("lmtp:") {
            (rest.trim_start_matches('/'), None, true, false)
        } else {
            (text, None, false, false)
        };
        let place = tcp(rest.trim_end_matches('/'), usual).ok_or_else(|| {
            "write HOST:PORT, such as mx.example.com:25 or [::1]:25, smtps://HOST, or lmtp:unix:PATH"
                .to_owned()
        })?;
        Ok(target(place, is_lmtp, is_tls))
    }
}

/// Reads `HOST:PORT`, `[IPv6]:PORT`, or only the host if there is a usual port.
fn tcp(text: &str, usual: Option<u16>) -> Option<Place> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, rest.strip_prefix(':'))
        }
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        Some(port) => port.parse().ok().filter(|&port| port > 0)?,
        None => usual?,
    };
    let is_address = text.starts_with('[') || !host.contains(':');
    (is_address && !host.is_empty()).then(|| Place::Tcp { host: host.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(String, u16, bool, bool)> {
        match text.parse().ok()? {
            TalkTarget { place: Place::Tcp { host, port }, is_lmtp, is_tls } => {
                Some((host, port, is_lmtp, is_tls))
            }
            TalkTarget { place: Place::Unix(path), is_lmtp, is_tls } => {
                Some((path.display().to_string(), 0, is_lmtp, is_tls))
            }
        }
    }

    #[test]
    fn reads_addresses_and_urls_of_servers() {
        for (text, host, port, is_lmtp, is_tls) in [
            ("mx.example.com:25", "mx.example.com", 25, false, false),
            ("[::1]:2525", "::1", 2525, false, false),
            ("smtp://mx.example.com", "mx.example.com", 25, false, false),
            ("smtps://mx.example.com/", "mx.example.com", 465, false, true),
            ("smtps://127.0.0.1:4650", "127.0.0.1", 4650, false, true),
            ("lmtp:localhost:24", "localhost", 24, true, false),
            ("lmtp:unix:/run/lmtp", "/run/lmtp", 0, true, false),
        ] {
            assert_eq!(of(text), Some((host.to_owned(), port, is_lmtp, is_tls)), "{text}");
        }
        for text in ["", "mx.example.com", "::1:25", ":25", "host:0", "host:99999", "lmtp:unix:", "lmtp:host"]
        {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
