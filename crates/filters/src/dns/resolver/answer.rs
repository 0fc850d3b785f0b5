//! The records in the answer of a server. The fuzz target `dns_answers` reads answers of any bytes.

use std::mem::size_of;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use hickory_resolver::net::NoRecords;
use hickory_resolver::proto::op::{DnsResponse, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, PTR};
use hickory_resolver::proto::rr::{DNSClass, Name, RData, RecordType};

use crate::dns::DnsError;

/// The CNAME records that are followed for one question.
const MAX_ALIASES: usize = 16;

/// The records of the type that an answer may have. Real names have less than a tenth.
const MAX_RECORDS: usize = 1000;

/// The longest time that an answer is kept.
const MAX_TTL: u32 = 3600;

/// The answer of a server.
#[derive(Debug)]
pub(super) enum Response {
    /// Records, of any names and types.
    Records(DnsResponse),
    /// No records.
    Nothing(NoRecords),
}

/// The data of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// The strings of a TXT record, joined.
    Txt(Vec<u8>),
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    /// The host of an MX or PTR record.
    Host(String),
}

impl Value {
    /// The memory that it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Txt(text) => text.len(),
                Self::Host(host) => host.len(),
                Self::A(_) | Self::Aaaa(_) => 0,
            }
    }
}

/// The records of a type that a name has, and how long they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) values: Vec<Value>,
    pub(super) ttl: Duration,
}

/// A name, and the aliases that lead to it.
#[derive(Debug)]
pub(super) struct Chain {
    name: Name,
    /// How long the aliases hold, in seconds.
    ttl: u32,
    aliases: usize,
}

impl Chain {
    /// Starts with a name without a dot at its end.
    pub(super) fn new(name: &str) -> Result<Self, DnsError> {
        let name = Name::from_labels(name.split('.').map(str::as_bytes)).map_err(DnsError::new)?;
        Ok(Self { name, ttl: MAX_TTL, aliases: 0 })
    }

    /// The name that has the records, as far as is known.
    pub(super) fn name(&self) -> &Name {
        &self.name
    }

    /// Follows the aliases in the response to a question about this name. Returns the records at their end, or `None`
    /// if the name there must be asked for.
    pub(super) fn follow(
        &mut self,
        response: &Response,
        kind: RecordType,
    ) -> Result<Option<Answer>, DnsError> {
        let response = match response {
            Response::Records(response) => response,
            Response::Nothing(nothing) => return self.end(nothing).map(Some),
        };
        if !matches!(response.response_code, ResponseCode::NoError | ResponseCode::NXDomain) {
            return Err(DnsError::new(format!("the server answered {}", response.response_code)));
        }
        let had = self.aliases;
        loop {
            let of_name = || {
                response
                    .answers
                    .iter()
                    .filter(|record| record.dns_class == DNSClass::IN && record.name == self.name)
            };
            let mut ttl = self.ttl;
            let mut records = Vec::new();
            for record in of_name().filter(|record| record.record_type() == kind) {
                ttl = ttl.min(seconds(record.ttl));
                records.push(&record.data);
            }
            if records.len() > MAX_RECORDS {
                return Err(DnsError::new(format!("more than {MAX_RECORDS} records")));
            }
            if !records.is_empty() {
                return Ok(Some(Answer { values: values(records), ttl: Duration::from_secs(ttl.into()) }));
            }
            let alias = of_name().find_map(|record| match &record.data {
                RData::CNAME(CNAME(target)) => Some((target.clone(), record.ttl)),
                _ => None,
            });
            let Some((target, ttl)) = alias else { break };
            self.aliases += 1;
            if self.aliases > MAX_ALIASES {
                return Err(DnsError::new(format!("more than {MAX_ALIASES} CNAME records lead on")));
            }
            self.ttl = self.ttl.min(seconds(ttl));
            self.name = target;
        }
        // RFC 2308 §2: the name at the end of the aliases does not exist, or has no such record.
        let negative_ttl = response.negative_ttl();
        let is_end =
            self.aliases == had || response.response_code == ResponseCode::NXDomain || negative_ttl.is_some();
        Ok(is_end.then(|| self.without_records(negative_ttl)))
    }

    fn end(&self, nothing: &NoRecords) -> Result<Answer, DnsError> {
        let is_referral = nothing.ns.is_some() && nothing.soa.is_none();
        if is_referral && nothing.response_code == ResponseCode::NoError {
            return Err(DnsError::new(
                "the server refers to other servers, so it does not ask them by itself",
            ));
        }
        Ok(self.without_records(nothing.negative_ttl))
    }

    /// RFC 2308 §5: without SOA, it is not known how long this holds.
    fn without_records(&self, negative_ttl: Option<u32>) -> Answer {
        let ttl = negative_ttl.map_or(0, seconds).min(self.ttl);
        Answer { values: Vec::new(), ttl: Duration::from_secs(ttl.into()) }
    }
}

/// RFC 2181 §8: a TTL with the first bit set counts as 0.
fn seconds(ttl: u32) -> u32 {
    if ttl > u32::MAX / 2 { 0 } else { ttl.min(MAX_TTL) }
}

/// Reads the data of records of one type, the preferred ones first.
fn values(mut records: Vec<&RData>) -> Vec<Value> {
    records.sort_by_key(|data| if let RData::MX(mx) = data { mx.preference } else { 0 });
    let value = |data: &RData| match data {
        RData::TXT(text) => Some(Value::Txt(text.txt_data.concat())),
        RData::A(A(address)) => Some(Value::A(*address)),
        RData::AAAA(AAAA(address)) => Some(Value::Aaaa(*address)),
        RData::MX(mx) => host(&mx.exchange),
        RData::PTR(PTR(name)) => host(name),
        _ => None,
    };
    records.into_iter().filter_map(value).collect()
}

/// Writes a name as text without the dot at its end. The name of the root is empty.
fn host(name: &Name) -> Option<Value> {
    let mut text = String::new();
    for label in name {
        if !label.iter().all(|&byte| byte != b'.' && (byte == b' ' || byte.is_ascii_graphic())) {
            return None;
        }
        if !text.is_empty() {
            text.push('.');
        }
        text.extend(label.iter().map(|&byte| char::from(byte)));
    }
    Some(Value::Host(text))
}
