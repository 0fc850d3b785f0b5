//! A second reading of `From:`, which looks at nothing but the `@` signs.

use std::collections::BTreeSet;
use std::future::Future as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use mailchute::address::Domain;
use mailchute_filters::dmarc::{self, DmarcQuery, DmarcResult};
use mailchute_filters::dns::{DnsError, Resolve};

/// Remembers the names that it is asked for, and knows none of them.
#[derive(Default)]
struct Names(Mutex<BTreeSet<String>>);

impl Resolve for Names {
    async fn txt(&self, name: &str) -> Result<Vec<Vec<u8>>, DnsError> {
        self.0.lock().expect("no panic under the lock").insert(name.to_owned());
        Ok(Vec::new())
    }

    async fn a(&self, _name: &str) -> Result<Vec<Ipv4Addr>, DnsError> {
        Ok(Vec::new())
    }

    async fn aaaa(&self, _name: &str) -> Result<Vec<Ipv6Addr>, DnsError> {
        Ok(Vec::new())
    }

    async fn mx(&self, _name: &str) -> Result<Vec<String>, DnsError> {
        Ok(Vec::new())
    }

    async fn ptr(&self, _address: IpAddr) -> Result<Vec<String>, DnsError> {
        Ok(Vec::new())
    }
}

/// A field has an error, or the policy of each domain after an `@` is asked for, and of no other.
pub(crate) fn asks_for_every_domain(field: &[u8]) {
    let names = Names::default();
    let query = DmarcQuery::new([field]);
    let checked = pin!(dmarc::check(&query, &names)).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(outcome) = checked else { panic!("the resolver answers at once") };
    if outcome.result == DmarcResult::PermError {
        return;
    }
    let text = without_quotes_and_comments(field).expect("a quote or a comment has no end");
    let asked = names.0.into_inner().expect("no panic under the lock");
    let mut expected = BTreeSet::new();
    for (place, _) in text.iter().enumerate().filter(|(_, byte)| **byte == b'@') {
        let after = text[place + 1..].trim_ascii_start();
        if after.starts_with(b"[") {
            continue;
        }
        let length = after.iter().position(|byte| b" \t\r\n<>@,;:\"()".contains(byte)).unwrap_or(after.len());
        let domain = std::str::from_utf8(&after[..length]).expect("a domain is UTF-8");
        let parsed = Domain::parse(domain).map(|domain| domain.to_ascii().to_ascii_lowercase());
        if domain.chars().all(|c| if c.is_ascii() { c != '.' } else { c.is_alphabetic() }) {
            // A word of a name, such as that of `Sales @ Joe's <sales@joe.example>`, has no policy.
            expected.extend(parsed.ok());
            continue;
        }
        let domain = parsed.expect("a domain");
        let name = format!("_dmarc.{domain}");
        assert!(name.len() > 253 || asked.contains(&name), "{domain} in {}", field.escape_ascii());
        expected.insert(domain);
    }
    for name in asked {
        let domain = name.strip_prefix("_dmarc.").expect("a question about DMARC");
        let is_of = |of: &String| of == domain || of.ends_with(&format!(".{domain}"));
        assert!(expected.iter().any(is_of), "{domain} is not in {}", field.escape_ascii());
    }
}

/// Replaces quoted strings by a quote and comments by a space.
fn without_quotes_and_comments(field: &[u8]) -> Option<Vec<u8>> {
    let (mut text, mut depth, mut at) = (Vec::new(), 0, 0);
    let mut is_quoted = false;
    while let Some(&byte) = field.get(at) {
        at += 1;
        match byte {
            b'\\' if is_quoted || depth > 0 => at += 1,
            b'"' if depth == 0 => {
                is_quoted = !is_quoted;
                text.extend(is_quoted.then_some(b'"'));
            }
            _ if is_quoted => {}
            b'(' => {
                depth += 1;
                text.push(b' ');
            }
            b')' if depth > 0 => depth -= 1,
            byte if depth == 0 => text.push(byte),
            _ => {}
        }
    }
    (!is_quoted && depth == 0).then_some(text)
}
