//! Directives: a qualifier and a mechanism (RFC 7208 §4.6.1 and §5).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::cidr::{DualCidr, length};
use super::domain_spec::DomainSpec;
use super::outcome::SpfResult;

/// A directive: the result of a record for the clients that a mechanism matches.
#[derive(Debug)]
pub(super) struct Directive {
    /// As the record has it.
    pub(super) text: String,
    pub(super) result: SpfResult,
    pub(super) mechanism: Mechanism,
}

/// A mechanism. Without a name, it is about the domain of the record.
#[derive(Debug)]
pub(super) enum Mechanism {
    All,
    Include(DomainSpec),
    A(Option<DomainSpec>, DualCidr),
    Mx(Option<DomainSpec>, DualCidr),
    Ptr(Option<DomainSpec>),
    Ip(IpAddr, DualCidr),
    Exists(DomainSpec),
}

impl Directive {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (result, rest) = match text.as_bytes().first()? {
            b'+' => (SpfResult::Pass, &text[1..]),
            b'-' => (SpfResult::Fail, &text[1..]),
            b'~' => (SpfResult::SoftFail, &text[1..]),
            b'?' => (SpfResult::Neutral, &text[1..]),
            _ => (SpfResult::Pass, text),
        };
        Some(Self { text: text.to_owned(), result, mechanism: Mechanism::parse(rest)? })
    }
}

impl Mechanism {
    fn parse(text: &str) -> Option<Self> {
        let end = text.find([':', '/']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let argument = rest.strip_prefix(':');
        Some(match &*name.to_ascii_lowercase() {
            "all" if rest.is_empty() => Self::All,
            "include" => Self::Include(DomainSpec::parse(argument?)?),
            "a" => {
                let (spec, cidr) = spec_and_cidr(rest)?;
                Self::A(spec, cidr)
            }
            "mx" => {
                let (spec, cidr) = spec_and_cidr(rest)?;
                Self::Mx(spec, cidr)
            }
            "ptr" if rest.is_empty() => Self::Ptr(None),
            "ptr" => Self::Ptr(Some(DomainSpec::parse(argument?)?)),
            "ip4" => {
                let (network, bits) = network(argument?, 32)?;
                Self::Ip(network.parse::<Ipv4Addr>().ok()?.into(), DualCidr { v4: bits, v6: 128 })
            }
            "ip6" => {
                let (network, bits) = network(argument?, 128)?;
                Self::Ip(network.parse::<Ipv6Addr>().ok()?.into(), DualCidr { v4: 32, v6: bits })
            }
            "exists" => Self::Exists(DomainSpec::parse(argument?)?),
            _ => return None,
        })
    }
}

/// The arguments of `a` and `mx`, with their `:`.
fn spec_and_cidr(text: &str) -> Option<(Option<DomainSpec>, DualCidr)> {
    let (text, cidr) = DualCidr::split_off(text)?;
    if text.is_empty() {
        return Some((None, cidr));
    }
    Some((Some(DomainSpec::parse(text.strip_prefix(':')?)?), cidr))
}

/// An address and the length of its prefix.
fn network(text: &str, max: u8) -> Option<(&str, u8)> {
    match text.split_once('/') {
        Some((address, digits)) => Some((address, length(digits, max)?)),
        None => Some((text, max)),
    }
}
