//! The field `Received-SPF` (RFC 7208 §9.1).

use std::net::IpAddr;

use super::text::{quoted, value};
use crate::spf;

/// Returns the value of a `Received-SPF` field: the outcome of SPF, and what it was found for.
///
/// A text of the sender that could mislead a reader is left out with its key.
///
/// # Examples
/// ```
/// use mailchute_filters::results::received_spf;
/// # use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
/// # use mailchute_filters::dns::{DnsError, Resolve};
/// use mailchute_filters::spf::{self, Limits, Query};
/// # struct Empty;
/// # impl Resolve for Empty {
/// #     async fn txt(&self, _: &str) -> Result<Vec<Vec<u8>>, DnsError> { Ok(vec![]) }
/// #     async fn a(&self, _: &str) -> Result<Vec<Ipv4Addr>, DnsError> { Ok(vec![]) }
/// #     async fn aaaa(&self, _: &str) -> Result<Vec<Ipv6Addr>, DnsError> { Ok(vec![]) }
/// #     async fn mx(&self, _: &str) -> Result<Vec<String>, DnsError> { Ok(vec![]) }
/// #     async fn ptr(&self, _: IpAddr) -> Result<Vec<String>, DnsError> { Ok(vec![]) }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let resolver = Empty;
/// let query = Query::new([192, 0, 2, 1], "mail.example.net", "alice@example.org");
/// let outcome = spf::check(&query, &resolver, &Limits::default()).await;
/// assert_eq!(
///     received_spf(&outcome, [192, 0, 2, 1].into(), "mail.example.net", "alice@example.org", "mx.example.com"),
///     "none receiver=\"mx.example.com\"; client-ip=\"192.0.2.1\";\r\n\t\
///      envelope-from=\"alice@example.org\"; helo=\"mail.example.net\"; identity=mailfrom"
/// );
/// # }
/// ```
#[must_use]
pub fn received_spf(
    outcome: &spf::Outcome,
    client: IpAddr,
    helo: &str,
    sender: &str,
    receiver: &str,
) -> String {
    let client = client.to_canonical().to_string();
    let keys = [("receiver", receiver), ("client-ip", &client), ("envelope-from", sender), ("helo", helo)];
    let pairs = keys.into_iter().filter_map(|(key, text)| {
        let value = value(text)?;
        let separator = if key == "client-ip" { ";\r\n\t" } else { "; " };
        Some(format!("{key}={}{separator}", quoted(value.trim_matches('"'))))
    });
    format!("{} {}identity={}", outcome.result, pairs.collect::<String>(), outcome.scope.as_str())
}

/// Returns whether a reader may take a `Received-SPF` field for one of this receiver: it names the receiver, or none. Its
/// value has comments, quotes and escapes at almost any place, so a field that only seems to name the receiver counts too.
pub(crate) fn may_be_of_receiver(value: &str, receiver: &str) -> bool {
    let value = value.replace('\\', "").to_ascii_lowercase();
    !value.contains("receiver") || value.contains(&receiver.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_this_receiver_is_recognized_in_any_form() {
        for (value, expected) in [
            ("pass receiver=mx.example.com; client-ip=192.0.2.1", true),
            ("pass (x) RECEIVER (y) = (z) \"MX.example\\.com\"", true),
            ("Pass", true),
            ("pass (mx.example.com: domain of a@b designates 192.0.2.1)", true),
            ("pass receiver=other.example; client-ip=192.0.2.1", false),
            ("pass (other.example: x) receiver=other.example", false),
        ] {
            assert_eq!(may_be_of_receiver(value, "mx.example.com"), expected, "{value}");
        }
    }
}
