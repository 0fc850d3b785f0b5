//! Comparison of domains by A-labels (RFC 5890 §2.3.2.1), in which internationalized forms are equal.
//!
//! # Why
//!
//! Two ASCII domains are compared by their bytes alone, which is cheap. A domain that UTS #46 refuses is compared as
//! it was written, so that it costs no mail.

use std::borrow::Cow;

use idna::AsciiDenyList;

use super::domain_syntax;

/// Returns whether two domains are equal, in any case and each in UTF-8 or in `xn--` form.
///
/// UTS #46 maps domains outside ASCII first, so `BÜCHER.example`, the decomposed `bücher.example`, `bücher。example`
/// and `xn--bcher-kva.example` are equal. A domain that the mapping refuses is compared as written, ignoring ASCII
/// case. Two ASCII domains are compared without allocation.
///
/// # Examples
///
/// ```
/// use mailchute_proto::same_domain;
///
/// assert!(same_domain("Example.ORG", "example.org"));
/// assert!(same_domain("BÜCHER.example", "xn--bcher-kva.example"));
/// assert!(!same_domain("bucher.example", "bücher.example"));
/// ```
#[must_use]
pub fn same_domain(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
        || (!(one.is_ascii() && other.is_ascii()) && to_ascii(one).eq_ignore_ascii_case(&to_ascii(other)))
}

/// Returns whether a domain is a subdomain of another, at any depth. No domain is below itself, and no address
/// literal is below any domain.
pub(crate) fn is_below(domain: &str, parent: &str) -> bool {
    if domain.starts_with('[') {
        return false;
    }
    let (domain, parent) = (to_ascii(domain), to_ascii(parent));
    let Some(rest) = domain.len().checked_sub(parent.len()) else { return false };
    // A tail that begins inside a character is not the parent.
    let Some((labels, tail)) = domain.split_at_checked(rest) else { return false };
    labels.len() > 1 && labels.ends_with('.') && tail.eq_ignore_ascii_case(&parent)
}

/// Returns the domain in A-labels, or as written if it is ASCII or the mapping refuses it.
pub(crate) fn to_ascii(domain: &str) -> Cow<'_, str> {
    if domain.is_ascii() {
        return Cow::Borrowed(domain);
    }
    idna::domain_to_ascii_cow(domain.as_bytes(), AsciiDenyList::URL)
        .ok()
        // The mapping turns other characters into ASCII and drops some, so the result must be checked.
        .filter(|ascii| domain_syntax::check(ascii).is_ok())
        .unwrap_or(Cow::Borrowed(domain))
}
