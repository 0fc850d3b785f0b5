//! A resolver that knows only its own names, and counts what it is asked.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};

use mailchute_filters::dns::{DnsError, Resolve};

/// A record: its type and its data. The type `TIMEOUT` answers no question that another record does not answer.
pub(crate) type Record = (String, Vec<u8>);

#[derive(Default)]
pub(crate) struct Zone {
    /// The names are in lower case.
    pub(crate) records: BTreeMap<String, Vec<Record>>,
    /// How many questions there were.
    pub(crate) asked: AtomicUsize,
}

impl Zone {
    /// Reads lines: a name, a type and the data, with spaces between them and before them.
    pub(crate) fn parse(lines: &[u8]) -> Self {
        let mut zone = Self::default();
        for line in lines.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_start) {
            let mut words = line.splitn(3, |&byte| byte == b' ');
            let mut word = || text(words.next().unwrap_or_default());
            let (name, kind) = (word().to_ascii_lowercase(), word());
            let data = words.next().unwrap_or_default().to_vec();
            zone.records.entry(name).or_default().push((kind, data));
        }
        zone
    }

    /// The data of all records of a type, with CNAME records followed.
    fn lookup(&self, name: &str, kind: &str) -> Result<Vec<Vec<u8>>, DnsError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        assert!(name.is_ascii() && name.len() <= 253, "{name:?} is no name");
        assert!(name.split('.').all(|label| (1..=63).contains(&label.len())), "{name:?} is no name");
        let mut name = name.to_ascii_lowercase();
        for _ in 0..8 {
            let Some(records) = self.records.get(&name) else { return Ok(vec![]) };
            let of = |kind: &str| -> Vec<Vec<u8>> {
                records.iter().filter(|(found, _)| found == kind).map(|(_, data)| data.clone()).collect()
            };
            match of(kind) {
                found if !found.is_empty() => return Ok(found),
                _ if !of("TIMEOUT").is_empty() => return Err(DnsError::new("timeout")),
                found => match of("CNAME").first() {
                    Some(alias) => name = text(alias).trim_end_matches('.').to_ascii_lowercase(),
                    None => return Ok(found),
                },
            }
        }
        Err(DnsError::new("CNAME loop"))
    }

    /// The data of all records of a type that can be read.
    fn parsed<T: std::str::FromStr>(&self, name: &str, kind: &str) -> Result<Vec<T>, DnsError> {
        Ok(self.lookup(name, kind)?.iter().filter_map(|data| text(data).parse().ok()).collect())
    }
}

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

impl Resolve for Zone {
    async fn txt(&self, name: &str) -> Result<Vec<Vec<u8>>, DnsError> {
        self.lookup(name, "TXT")
    }

    async fn a(&self, name: &str) -> Result<Vec<Ipv4Addr>, DnsError> {
        self.parsed(name, "A")
    }

    async fn aaaa(&self, name: &str) -> Result<Vec<Ipv6Addr>, DnsError> {
        self.parsed(name, "AAAA")
    }

    async fn mx(&self, name: &str) -> Result<Vec<String>, DnsError> {
        self.parsed(name, "MX")
    }

    async fn ptr(&self, address: IpAddr) -> Result<Vec<String>, DnsError> {
        let (labels, top): (Vec<String>, _) = match address {
            IpAddr::V4(address) => (address.octets().iter().rev().map(u8::to_string).collect(), "in-addr"),
            IpAddr::V6(address) => {
                let digits = format!("{:032x}", address.to_bits());
                (digits.chars().rev().map(String::from).collect(), "ip6")
            }
        };
        self.parsed(&format!("{}.{top}.arpa", labels.join(".")), "PTR")
    }
}
