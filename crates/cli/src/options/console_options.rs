//! The options of HTTP, and of the console on it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use mailchute::address::Domain;
use mailchute::listen::Endpoint;
use mailchute_stores::{StoreUrl, StoreUrlError};

use crate::options::keep::Keep;
use crate::options::listen_at::ListenAddress;
use crate::options::paths;
use crate::options::release_to::ReleaseTo;

/// The address of `--console` without `--http`.
const CONSOLE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8025);

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ConsoleOptions {
    /// Serve metrics (/metrics) and health (/live, /ready) over HTTP on this address, or on a socket passed by systemd;
    /// repeatable. Anyone who can reach the address can read them
    #[arg(long, value_name = "[ADDR:]PORT|systemd:NAME", value_parser = ListenAddress::for_http)]
    pub(crate) http: Vec<ListenAddress>,

    /// Serve the web pages too, on the addresses of --http: inbox, live sessions, playground and API. Without --http, their
    /// address is 127.0.0.1:8025. On addresses that other hosts can reach, this needs --console-auth
    #[arg(long)]
    pub(crate) console: bool,

    /// Ask visitors of the console for a login of this file, which is like that of --auth-file. SIGHUP reloads the file
    #[arg(long, value_name = "FILE", value_parser = paths::file_parser())]
    pub(crate) console_auth: Option<PathBuf>,

    /// A host name under which browsers find the console; repeatable. Addresses and localhost are always allowed. The
    /// console refuses all other names, so that no foreign web page can read it
    #[arg(long, value_name = "NAME")]
    pub(crate) console_name: Vec<ConsoleName>,

    /// The field whose values are the tags of a message, with commas between them. The console groups messages by tag.
    /// Default is X-Tags
    #[arg(long, value_name = "NAME")]
    pub(crate) console_tags: Option<FieldName>,

    /// Let people send messages of the console on to real recipients, through this next hop: `smtp://HOST`, `smtps://HOST` or
    /// lmtp:HOST:PORT, with the options of a --store of that kind. It needs --console-release-to. Without it, no message
    /// leaves
    #[arg(long, value_name = "URL", value_parser = next_hop)]
    pub(crate) console_release: Option<String>,

    /// The recipients that messages may be released to: bob@example.com, all addresses of example.com, or
    /// .example.com for all domains below it; repeatable, or with commas between them
    #[arg(long, value_name = "ADDRESS|DOMAIN", value_delimiter = ',')]
    pub(crate) console_release_to: Vec<ReleaseTo>,

    /// Remove the oldest messages of the Maildir that the console shows. Keep a number of messages (500), those of the last
    /// days or hours (30d, 12h), or a total size (1G, 500M). Repeatable, once for each kind. Without this flag, all stay
    #[arg(long, value_name = "NUMBER|TIME|SIZE")]
    pub(crate) keep: Vec<Keep>,
}

impl ConsoleOptions {
    /// Returns the addresses of HTTP, also where the console has its default.
    pub(crate) fn addresses(&self) -> Vec<ListenAddress> {
        if self.console && self.http.is_empty() {
            return vec![ListenAddress::Own(Endpoint::Tcp(CONSOLE))];
        }
        self.http.clone()
    }
}

/// Parses the URL of a store that forwards.
///
/// # Errors
/// A text that says what to write instead. It does not repeat what may be a secret.
fn next_hop(text: &str) -> Result<String, String> {
    let url = paths::store(text).map_err(|error| error.to_string())?;
    match StoreUrl::parse(&url) {
        Ok(parsed) if parsed.forwards() => Ok(url),
        Err(error @ StoreUrlError::Forward(_)) => Err(error.to_string()),
        _ => Err("this is not a next hop; write smtp://HOST, smtps://HOST or lmtp:HOST:PORT".to_owned()),
    }
}

/// The name of a field of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldName(String);

impl std::str::FromStr for FieldName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // RFC 5322 §2.2.
        let is_name = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
        is_name
            .then(|| Self(text.to_owned()))
            .ok_or("this is not the name of a field; write it without its colon, such as X-Tags")
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A host name, without a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConsoleName(String);

impl std::str::FromStr for ConsoleName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match Domain::parse(text) {
            Ok(name) => Ok(Self(name.to_ascii().into_owned())),
            Err(_) => Err("this is not a host name; write the name without a scheme or a port, such as \
                           mail.example.com"
                .to_owned()),
        }
    }
}

impl fmt::Display for ConsoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
