//! Where a flag says to listen.

use std::fmt;
use std::str::FromStr;

use mailchute::Endpoint;

use crate::unexpanded;

/// A place to listen at: one that the program opens itself, or a socket that it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Own(Endpoint),
    /// All sockets of this name (`FileDescriptorName=`) that systemd passes.
    Passed(String),
}

impl Place {
    /// Reads a place where TLS can be spoken.
    pub(crate) fn for_tls(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(place @ (Self::Own(Endpoint::Tcp(_)) | Self::Passed(_))) => Ok(place),
            _ => Err("write an IP address and a port, such as 127.0.0.1:2525 or [::1]:2525, or a socket that systemd \
                      passes, such as systemd:smtps"
                .to_owned()),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("systemd:") {
            Some(name) if name.is_empty() || name.contains(|c: char| c == ':' || c.is_control()) => {
                Err("write the FileDescriptorName= of a socket that systemd passes, such as systemd:smtp"
                    .to_owned())
            }
            Some(name) => Ok(Self::Passed(name.to_owned())),
            None => {
                let endpoint = text.parse().map_err(|error| {
                    format!("{error}, or a socket that systemd passes, such as systemd:smtp")
                })?;
                if let Endpoint::Unix(path) = &endpoint {
                    unexpanded::socket(path).map_err(|error| error.to_string())?;
                }
                Ok(Self::Own(endpoint))
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(endpoint) => endpoint.fmt(f),
            Self::Passed(name) => write!(f, "systemd:{name}"),
        }
    }
}
