//! The messages of the server.

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, NS, PTR, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record};

use super::Manner;
use crate::zone::Zone;

/// Writes a name in lower case, without the dot at its end.
pub(super) fn text(name: &Name) -> String {
    let labels = name.iter().map(|label| String::from_utf8_lossy(label).to_ascii_lowercase());
    labels.collect::<Vec<_>>().join(".")
}

fn name(text: &str) -> Name {
    let labels = text.trim_end_matches('.').split('.').filter(|label| !label.is_empty());
    Name::from_labels(labels.map(str::as_bytes)).unwrap()
}

/// Returns the messages that answer a question, if any.
pub(super) fn answers(
    zone: &Zone,
    question: &Message,
    manner: Manner,
    ttl: u32,
    is_tcp: bool,
) -> Vec<Vec<u8>> {
    let mut answer = question.clone().into_response();
    answer.metadata.recursion_available = true;
    let mut forged = None;
    match manner {
        Manner::Silent => return vec![],
        Manner::Says(code) => answer.metadata.response_code = code,
        Manner::Truncates if !is_tcp => answer.metadata.truncation = true,
        Manner::TruncatesAlways => answer.metadata.truncation = true,
        Manner::Garbage => {
            let mut bytes = answer.to_vec().unwrap();
            bytes.truncate(12);
            bytes[7] = 200;
            bytes.extend([0xff; 100]);
            return vec![bytes];
        }
        Manner::Refers => {
            let data = RData::NS(NS(name("ns.example")));
            answer.authorities.push(Record::from_rdata(name("example"), ttl, data));
        }
        Manner::ForgesId | Manner::ForgesQuestion => {
            let mut other = answer.clone();
            let address = RData::A(A([203, 0, 113, 66].into()));
            other.answers.push(Record::from_rdata(question.queries[0].name().clone(), ttl, address));
            if manner == Manner::ForgesId {
                other.metadata.id ^= 1;
            } else {
                other.queries = vec![Query::query(name("forged.example"), question.queries[0].query_type())];
            }
            forged = Some(other.to_vec().unwrap());
        }
        Manner::Well | Manner::Truncates | Manner::OneAlias => {}
    }
    let has_zone = !matches!(manner, Manner::Says(_) | Manner::TruncatesAlways | Manner::Refers);
    if has_zone && !answer.metadata.truncation && !fill(zone, &mut answer, ttl, manner == Manner::OneAlias) {
        return vec![];
    }
    let mut bytes = answer.to_vec().unwrap();
    if !is_tcp && bytes.len() > usize::from(question.max_payload()) {
        answer = answer.truncate();
        bytes = answer.to_vec().unwrap();
    }
    forged.into_iter().chain([bytes]).collect()
}

/// Adds the records of the zone. Returns `false` if there shall be no answer.
fn fill(zone: &Zone, answer: &mut Message, ttl: u32, is_one_alias: bool) -> bool {
    let kind = answer.queries[0].query_type().to_string();
    let mut at = answer.queries[0].name().clone();
    for _ in 0..20 {
        let Some(records) = zone.records.get(&text(&at)) else {
            answer.metadata.response_code = ResponseCode::NXDomain;
            break;
        };
        let of = |kind: &str| -> Vec<&[u8]> {
            records.iter().filter(|(found, _)| found == kind).map(|(_, data)| &data[..]).collect()
        };
        let found = of(&kind);
        if !found.is_empty() {
            answer.answers.extend(found.into_iter().map(|data| record(&at, &kind, data, ttl)));
            return true;
        }
        if !of("TIMEOUT").is_empty() {
            return false;
        }
        if !of("SERVFAIL").is_empty() {
            answer.metadata.response_code = ResponseCode::ServFail;
            return true;
        }
        let aliases = of("CNAME");
        let Some(target) = aliases.first() else { break };
        answer.answers.push(record(&at, "CNAME", target, ttl));
        if is_one_alias {
            return true;
        }
        at = name(&String::from_utf8_lossy(target));
    }
    let soa = SOA::new(name("ns.example"), name("hostmaster.example"), 1, 3600, 600, 86400, ttl);
    answer.authorities.push(Record::from_rdata(name("example"), ttl, RData::SOA(soa)));
    true
}

fn record(owner: &Name, kind: &str, data: &[u8], ttl: u32) -> Record {
    let string = String::from_utf8_lossy(data);
    let data = match kind {
        "A" => RData::A(A(string.parse().unwrap())),
        "AAAA" => RData::AAAA(AAAA(string.parse().unwrap())),
        "CNAME" => RData::CNAME(CNAME(name(&string))),
        "PTR" => RData::PTR(PTR(name(&string))),
        "MX" => {
            let (preference, host) = string.split_once(' ').unwrap_or(("10", &string));
            RData::MX(MX::new(preference.parse().unwrap(), name(host)))
        }
        "TXT" if data.is_empty() => RData::TXT(TXT::from_bytes(vec![b""])),
        "TXT" => RData::TXT(TXT::from_bytes(data.chunks(255).collect())),
        other => panic!("the server of the tests knows no {other} records"),
    };
    Record::from_rdata(owner.clone(), ttl, data)
}
