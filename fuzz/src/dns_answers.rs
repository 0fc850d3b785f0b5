//! The answer of a DNS server to the resolver.

#[allow(dead_code, reason = "the resolver uses the rest")]
#[path = "../../crates/filters/src/dns/resolver/answer.rs"]
mod answer;

use hickory_resolver::net::DnsError;
use hickory_resolver::proto::op::{DnsResponse, Message};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use answer::{Answer, Chain, Response, Value};

/// The types that the checks ask for.
const KINDS: [RecordType; 5] =
    [RecordType::TXT, RecordType::A, RecordType::AAAA, RecordType::MX, RecordType::PTR];

/// Reads the octets as the answer to the question that they contain, as hickory takes no other. Each value is that of a
/// record to which CNAME records lead, in its order, and none is left out but hosts. Numbers, sizes and times stay within
/// their bounds. A second reading finds the same.
pub fn dns_answers(octets: &[u8]) {
    let Ok(message) = Message::from_vec(octets) else { return };
    let [question] = &message.queries[..] else { return };
    let (Some(name), kind) = (text(question.name()), question.query_type()) else { return };
    if name.is_empty() || !KINDS.contains(&kind) {
        return;
    }
    let found = read(octets, &name, kind);
    assert_eq!(format!("{found:?}"), format!("{:?}", read(octets, &name, kind)));
    if let Ok(Some(answer)) = found {
        is_bounded(&answer, octets.len());
        is_that_of_the_records(&answer, &message, &name, kind);
    }
}

fn read(octets: &[u8], name: &str, kind: RecordType) -> Result<Option<Answer>, String> {
    let response = DnsResponse::from_buffer(octets.to_vec()).map_err(|error| error.to_string())?;
    let response = match DnsError::from_response(response) {
        Ok(response) => Response::Records(response),
        Err(DnsError::NoRecordsFound(nothing)) => Response::Nothing(nothing),
        Err(error) => return Err(error.to_string()),
    };
    let mut chain = Chain::new(name).expect("a name");
    chain.follow(&response, kind).map_err(|error| error.to_string())
}

fn is_bounded(answer: &Answer, size: usize) {
    assert!(answer.values.len() <= 1000, "{} values", answer.values.len());
    assert!(answer.ttl.as_secs() <= 3600, "{:?}", answer.ttl);
    for value in &answer.values {
        match value {
            Value::Txt(text) => assert!(text.len() <= size),
            Value::Host(host) => {
                let is_label = |label: &str| (1..=63).contains(&label.len());
                assert!(host.len() <= 253 && (host.is_empty() || host.split('.').all(is_label)), "{host:?}");
                assert!(host.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{host:?}");
            }
            Value::A(_) | Value::Aaaa(_) => {}
        }
    }
}

/// Compares with the records of each name in the chain, which is followed one record after the other.
fn is_that_of_the_records(answer: &Answer, message: &Message, name: &str, kind: RecordType) {
    let mut name = Name::from_labels(name.split('.').map(str::as_bytes)).expect("a name");
    let is_of = |record: &&Record, name: &Name| record.name == *name && u16::from(record.dns_class) == 1;
    for _ in 0..=16 {
        let records: Vec<&Record> = message.answers.iter().filter(|record| is_of(record, &name)).collect();
        if records.iter().any(|record| record.record_type() == kind) {
            let mut expected: Vec<(u16, Value)> =
                records.into_iter().filter_map(|record| value(record, kind)).collect();
            expected.sort_by_key(|(preference, _)| *preference);
            let expected: Vec<Value> = expected.into_iter().map(|(_, value)| value).collect();
            assert_eq!(answer.values, expected);
            return;
        }
        let target = records.iter().find_map(|record| match &record.data {
            RData::CNAME(target) => Some(target.0.clone()),
            _ => None,
        });
        match target {
            Some(target) => name = target,
            None => break,
        }
    }
    assert!(answer.values.is_empty(), "{:?}", answer.values);
}

fn value(record: &Record, kind: RecordType) -> Option<(u16, Value)> {
    if record.record_type() != kind {
        return None;
    }
    match &record.data {
        RData::TXT(strings) => {
            Some((0, Value::Txt(strings.txt_data.iter().flat_map(|string| string.iter().copied()).collect())))
        }
        RData::A(address) => Some((0, Value::A(address.0))),
        RData::AAAA(address) => Some((0, Value::Aaaa(address.0))),
        RData::MX(mx) => Some((mx.preference, Value::Host(text(&mx.exchange)?))),
        RData::PTR(host) => Some((0, Value::Host(text(&host.0)?))),
        _ => None,
    }
}

/// Writes a name, if its labels are visible characters and spaces without dots.
fn text(name: &Name) -> Option<String> {
    let labels: Vec<String> =
        name.iter().map(|label| String::from_utf8(label.to_vec()).ok()).collect::<Option<_>>()?;
    let is_plain = |label: &String| !label.contains('.') && label.chars().all(|c| (' '..='~').contains(&c));
    labels.iter().all(is_plain).then(|| labels.join("."))
}
