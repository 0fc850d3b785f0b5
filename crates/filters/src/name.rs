//! Names that the DNS can be asked for.

use std::borrow::Cow;

use mailchute::address::Domain;

/// The longest name (RFC 1035 §2.3.4), as text without the dot at its end.
const MAX_NAME: usize = 253;

/// The longest label (RFC 1035 §2.3.4).
const MAX_LABEL: usize = 63;

/// Removes the dot at the end of a name, which names the root.
pub(crate) fn without_root(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Returns whether the DNS can be asked for this name, which has no dot at its end.
pub(crate) fn is_name(name: &str) -> bool {
    name.is_ascii()
        && name.len() <= MAX_NAME
        && name.split('.').all(|label| (1..=MAX_LABEL).contains(&label.len()))
}

/// Returns whether a domain can have a policy: it has several labels, and all are of the characters of a host
/// (RFC 7208 §4.3). An address is not a domain.
pub(crate) fn is_domain(name: &str) -> bool {
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    is_name(name)
        && name.bytes().all(is_host)
        && name.rsplit_once('.').is_some_and(|(_, top)| !top.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Removes labels from the left until the name is short enough (RFC 7208 §7.3).
pub(crate) fn shorten(mut name: &str) -> &str {
    while name.len() > MAX_NAME {
        name = name.split_once('.').map_or("", |(_, rest)| rest);
    }
    name
}

/// Returns whether a name is the domain itself or below it.
pub(crate) fn is_within(name: &str, domain: &str) -> bool {
    name.eq_ignore_ascii_case(domain) || is_below(name, domain)
}

/// Returns whether a name is below a domain.
pub(crate) fn is_below(name: &str, domain: &str) -> bool {
    let Some(rest) = name.len().checked_sub(domain.len() + 1) else { return false };
    name.as_bytes()[rest] == b'.' && name.as_bytes()[rest + 1..].eq_ignore_ascii_case(domain.as_bytes())
}

/// Returns a domain in A-labels, or as it is if it has none.
pub(crate) fn to_ascii(domain: &str) -> Cow<'_, str> {
    if domain.is_ascii() {
        return Cow::Borrowed(domain);
    }
    match Domain::parse(domain) {
        Ok(parsed) => Cow::Owned(parsed.to_ascii().into_owned()),
        Err(_) => Cow::Borrowed(domain),
    }
}

/// Returns a domain in lower case and A-labels, if it is one. An address is not a domain.
pub(crate) fn canonical(domain: &str) -> Option<String> {
    let domain = Domain::parse(domain).ok()?.to_ascii().to_ascii_lowercase();
    let is_number =
        domain.rsplit('.').next().is_some_and(|top| top.bytes().all(|byte| byte.is_ascii_digit()));
    (domain.is_ascii() && !is_number).then_some(domain)
}
