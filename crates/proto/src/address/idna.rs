//! A domain and its internationalized form: one name, compared by A-labels (RFC 5890 §2.3.2.1).

use std::borrow::Cow;

use idna::AsciiDenyList;

use super::domain;

/// Whether two domains are one: in any case, and each in UTF-8 or in its `xn--` form.
///
/// Domains that are not ASCII are mapped by UTS #46 before they are compared, so `BÜCHER.example`, the decomposed
/// `bücher.example`, `bücher。example` and `xn--bcher-kva.example` are one. A domain that the mapping refuses is
/// compared as written, without regard to ASCII case. Two ASCII domains are compared without allocating.
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

/// Whether a domain lies below another, at any depth; no domain lies below itself, and no address literal below any.
pub(crate) fn is_below(domain: &str, parent: &str) -> bool {
    if domain.starts_with('[') {
        return false;
    }
    let (domain, parent) = (to_ascii(domain), to_ascii(parent));
    let Some(rest) = domain.len().checked_sub(parent.len()) else { return false };
    // A tail that begins within a character is not the parent.
    let Some((labels, tail)) = domain.split_at_checked(rest) else { return false };
    labels.len() > 1 && labels.ends_with('.') && tail.eq_ignore_ascii_case(&parent)
}

/// The domain in A-labels; as written if it is ASCII or the mapping refuses it.
pub(crate) fn to_ascii(domain: &str) -> Cow<'_, str> {
    if domain.is_ascii() {
        return Cow::Borrowed(domain);
    }
    idna::domain_to_ascii_cow(domain.as_bytes(), AsciiDenyList::URL)
        .ok()
        // The mapping makes ASCII of other characters, and drops some: only a domain may come out of it.
        .filter(|ascii| domain::check(ascii).is_ok())
        .unwrap_or(Cow::Borrowed(domain))
}
