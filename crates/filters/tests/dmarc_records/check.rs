//! Records of DMARC, read a second time. The fuzz target `dmarc_record` makes other records.

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use mailchute_filters::dmarc::{self, DmarcOutcome, DmarcQuery, DmarcResult, Policy};

use super::zone::Zone;

/// The treatment of a domain's mail, as a slow reader of its record finds it.
struct Expected {
    domain: Policy,
    subdomains: Policy,
    percent: u64,
    is_strict: bool,
}

/// The record of a domain holds for its own mail and that of subdomains as a second reading says.
pub(crate) fn a_record_is_read_as_it_is_written(record: &[u8]) {
    let mut zone = Zone::default();
    let records = [record, b"v=spf1 -all"].map(|text| ("TXT".to_owned(), text.to_vec()));
    zone.records.insert("_dmarc.bank.example".to_owned(), records.to_vec());
    // It exists, so that `np` does not hold.
    zone.records.insert("news.bank.example".to_owned(), vec![("A".to_owned(), b"192.0.2.1".to_vec())]);
    let expected = read(&String::from_utf8_lossy(record));
    for draw in [0, 49, 99] {
        for (author, is_below) in [("a@bank.example", false), ("a@news.bank.example", true)] {
            let query = || DmarcQuery::new([author]).draw(draw);
            let failed = check(&query(), &zone);
            // Aligned only if the record does not demand the very same domain.
            let passed = check(&query().dkim_pass("mail.bank.example"), &zone);
            let Some(expected) = &expected else {
                assert_eq!((failed.result, failed.policy), (DmarcResult::None, None));
                continue;
            };
            let policy = if is_below { expected.subdomains } else { expected.domain };
            let milder = if policy == Policy::Reject { Policy::Quarantine } else { Policy::None };
            let disposition = if u64::from(draw) < expected.percent { policy } else { milder };
            let found = (failed.result, failed.policy, failed.disposition);
            assert_eq!(found, (DmarcResult::Fail, Some(policy), disposition), "{author}, {draw}");
            let result = if expected.is_strict { DmarcResult::Fail } else { DmarcResult::Pass };
            assert_eq!(passed.result, result, "{author}");
        }
    }
}

fn check(query: &DmarcQuery, zone: &Zone) -> DmarcOutcome {
    let check = pin!(dmarc::check(query, zone));
    let Poll::Ready(outcome) = check.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the zone answers at once")
    };
    outcome
}

/// Reads a record as RFC 7489 §6.3, §6.4 and §6.6.3 say. `None` if it is not one, or has no policy.
fn read(record: &str) -> Option<Expected> {
    let mut tags: Vec<(String, String)> = Vec::new();
    for (place, tag) in record.split(';').enumerate() {
        let Some(sign) = tag.find('=') else {
            if place == 0 {
                return None;
            }
            continue;
        };
        let (name, value) = (tag[..sign].trim_ascii().to_owned(), tag[sign + 1..].trim_ascii().to_owned());
        if tags.iter().all(|(known, _)| *known != name) {
            tags.push((name, value));
        }
    }
    let (name, version) = tags.first()?;
    if name != "v" || version != "DMARC1" || !record.starts_with('v') {
        return None;
    }
    let tag = |wanted: &str| tags.iter().find(|(name, _)| name == wanted).map(|(_, value)| &**value);
    let policy = |text: &str| match &*text.to_ascii_lowercase() {
        "none" => Some(Policy::None),
        "quarantine" => Some(Policy::Quarantine),
        "reject" => Some(Policy::Reject),
        _ => None,
    };
    let is_wrong = |name| tag(name).is_some_and(|text| policy(text).is_none());
    let mut expected = Expected {
        domain: Policy::None,
        subdomains: Policy::None,
        percent: tag("pct").and_then(percent).unwrap_or(100),
        is_strict: matches!(tag("adkim"), Some("s" | "S")),
    };
    if tag("p").is_none() || ["p", "sp", "np"].into_iter().any(is_wrong) {
        let reports = tag("rua").unwrap_or_default().split(',').any(|address| {
            let address = address.trim_ascii();
            let parts = address.to_ascii_lowercase();
            let at = parts.find('@').unwrap_or_default();
            parts.starts_with("mailto:") && at > "mailto:".len() && at + 1 < address.len()
        });
        return reports.then_some(expected);
    }
    expected.domain = tag("p").and_then(policy)?;
    expected.subdomains = tag("sp").and_then(policy).unwrap_or(expected.domain);
    Some(expected)
}

fn percent(text: &str) -> Option<u64> {
    let digits: String = text.chars().skip_while(|c| *c == '0').collect();
    let is_number = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let number = if digits.is_empty() { 0 } else { digits.get(..3.min(digits.len()))?.parse().ok()? };
    (is_number && digits.len() <= 3 && number <= 100).then_some(number)
}
