//! The facts that a trusted proxy tells about its client: XCLIENT and XFORWARD, extensions of Postfix.

mod xclient;
mod xforward;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str;

pub use xclient::{ProxiedProtocol, XClient};
pub use xforward::{MessageSource, XForward};

use crate::params::{XtextError, decode_xtext, encode_xtext};
use crate::reply::{Reply, catalog};

/// The knowledge of a proxy about one attribute of its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attribute<T> {
    /// The proxy knows the value.
    Known(T),
    /// `[UNAVAILABLE]`: the proxy does not know it and will not learn it.
    Unavailable,
    /// `[TEMPUNAVAIL]`: the proxy does not know it because a lookup failed temporarily.
    TemporarilyUnavailable,
}

impl<T> Attribute<T> {
    /// Returns the value, if the proxy knows it.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            _ => None,
        }
    }
}

/// The longest text of an attribute, in bytes: the length of a domain.
const MAX_TEXT: usize = 255;

/// Splits an argument into names, in capitals, and their attributes. `take` gets each and refuses names that it does
/// not know.
fn each_attribute(
    argument: &[u8],
    mut take: impl FnMut(&str, Attribute<&str>) -> Result<(), Reply>,
) -> Result<(), Reply> {
    if argument.iter().any(u8::is_ascii_control) {
        return Err(catalog::CONTROL_CHARACTER);
    }
    let argument = str::from_utf8(argument).map_err(|_| catalog::BROKEN_UTF8)?;
    let mut words = argument.split(' ').filter(|word| !word.is_empty()).peekable();
    if words.peek().is_none() {
        return Err(catalog::BAD_ATTRIBUTE);
    }
    for word in words {
        let (name, value) = word.split_once('=').ok_or(catalog::BAD_ATTRIBUTE)?;
        let name = name.to_ascii_uppercase();
        if value.eq_ignore_ascii_case("[UNAVAILABLE]") {
            take(&name, Attribute::Unavailable)?;
        } else if value.eq_ignore_ascii_case("[TEMPUNAVAIL]") {
            take(&name, Attribute::TemporarilyUnavailable)?;
        } else {
            let value = decode_xtext(value).map_err(|error| match error {
                XtextError::ControlCharacter => catalog::CONTROL_CHARACTER,
                XtextError::InvalidUtf8 => catalog::BROKEN_UTF8,
                _ => catalog::BAD_ATTRIBUTE,
            })?;
            take(&name, Attribute::Known(&value))?;
        }
    }
    Ok(())
}

/// Stores an attribute, which must be of its kind and not stored yet.
fn put<T>(
    attribute: &mut Option<Attribute<T>>,
    told: Attribute<&str>,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<(), Reply> {
    let told = match told {
        Attribute::Known(text) => Attribute::Known(parse(text).ok_or(catalog::BAD_ATTRIBUTE)?),
        Attribute::Unavailable => Attribute::Unavailable,
        Attribute::TemporarilyUnavailable => Attribute::TemporarilyUnavailable,
    };
    if attribute.replace(told).is_some() { Err(catalog::BAD_ATTRIBUTE) } else { Ok(()) }
}

/// Longest command that is written, in bytes with CRLF (RFC 5321 §4.5.3.1.4).
const LONGEST_COMMAND: usize = 512;

/// Writes commands of this verb with these attributes, each command as long as it may be.
fn commands(verb: &str, attributes: impl IntoIterator<Item = (&'static str, Option<String>)>) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for (name, value) in attributes {
        let Some(value) = value else { continue };
        match commands.last_mut() {
            Some(last) if last.len() + name.len() + value.len() + "  =".len() < LONGEST_COMMAND => {
                *last = format!("{last} {name}={value}");
            }
            _ => commands.push(format!("{verb} {name}={value}")),
        }
    }
    commands
}

/// The value of an attribute as it is written, or `None` if it is not known at all.
fn written<T>(attribute: Option<&Attribute<T>>, write: impl FnOnce(&T) -> String) -> Option<String> {
    Some(match attribute? {
        Attribute::Known(value) => encode_xtext(&write(value)).into_owned(),
        Attribute::Unavailable => "[UNAVAILABLE]".to_owned(),
        Attribute::TemporarilyUnavailable => "[TEMPUNAVAIL]".to_owned(),
    })
}

fn written_address(address: &IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("IPV6:{address}"),
    }
}

/// Parses an IPv4 address, or an IPv6 address after `IPV6:`. An IPv6 address that maps IPv4 becomes that IPv4
/// address.
fn address(text: &str) -> Option<IpAddr> {
    const TAG: &str = "IPV6:";
    match text.split_at_checked(TAG.len()) {
        Some((tag, rest)) if tag.eq_ignore_ascii_case(TAG) => {
            rest.parse::<Ipv6Addr>().ok().map(|address| IpAddr::V6(address).to_canonical())
        }
        _ => text.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

fn port(text: &str) -> Option<u16> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Parses a host name as DNS allows it. That is wider than a domain in mail: it may hold underscores.
fn host_name(text: &str) -> Option<String> {
    let is_label = |label: &str| {
        matches!(label.len(), 1..=63)
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    (text.len() <= MAX_TEXT && text.split('.').all(is_label)).then(|| text.to_owned())
}

fn words(text: &str) -> Option<String> {
    matches!(text.len(), 1..=MAX_TEXT).then(|| text.to_owned())
}
