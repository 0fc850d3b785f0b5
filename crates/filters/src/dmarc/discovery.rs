//! Finds the record that holds for an author (RFC 7489 §6.6.3).

use super::alignment::organizational;
use super::outcome::DmarcProblem;
use super::record::{Policy, Record, is_dmarc};
use crate::dns::{DnsError, Resolve};
use crate::name::is_name;

/// A record, and where it was found.
pub(super) struct Found<'a> {
    pub(super) domain: &'a str,
    pub(super) record: Record,
}

/// Returns the record of the author's domain, or else of its organizational domain.
pub(super) async fn discover<'a>(
    author: &'a str,
    resolver: &impl Resolve,
) -> Result<Option<Found<'a>>, DmarcProblem> {
    let organizational = organizational(author);
    let mut texts = records(author, resolver).await?;
    let mut domain = author;
    if texts.is_empty() && organizational != author {
        texts = records(organizational, resolver).await?;
        domain = organizational;
    }
    read(domain, &texts)
}

/// Returns the record of the organizational domain, if the author's domain is below it.
pub(super) async fn discover_above<'a>(
    author: &'a str,
    resolver: &impl Resolve,
) -> Result<Option<Found<'a>>, DmarcProblem> {
    let organizational = organizational(author);
    if organizational == author {
        return Ok(None);
    }
    read(organizational, &records(organizational, resolver).await?)
}

fn read<'a>(domain: &'a str, texts: &[Vec<u8>]) -> Result<Option<Found<'a>>, DmarcProblem> {
    match texts {
        [] => Ok(None),
        [text] => match Record::parse(text) {
            Some(record) => Ok(Some(Found { domain, record })),
            None => Err(DmarcProblem::NoPolicy(domain.to_owned())),
        },
        _ => Err(DmarcProblem::SeveralRecords(domain.to_owned())),
    }
}

async fn records(domain: &str, resolver: &impl Resolve) -> Result<Vec<Vec<u8>>, DmarcProblem> {
    let name = format!("_dmarc.{domain}");
    if !is_name(&name) {
        return Ok(Vec::new());
    }
    match resolver.txt(&name).await {
        Ok(mut texts) => {
            texts.retain(|text| is_dmarc(text));
            Ok(texts)
        }
        Err(error) => Err(DmarcProblem::Dns(name, error)),
    }
}

impl Found<'_> {
    /// Returns the strictest policy for subdomains, whether they exist or not.
    pub(super) fn strictest(&self) -> Policy {
        let Record { policy, subdomains, nonexistent, .. } = self.record;
        let subdomains = subdomains.unwrap_or(policy);
        nonexistent.map_or(subdomains, |nonexistent| nonexistent.max(subdomains))
    }

    /// Returns the policy for an author: `p` for the domain of the record itself, otherwise `np` or `sp`.
    pub(super) async fn policy_for(
        &self,
        author: &str,
        resolver: &impl Resolve,
    ) -> Result<Policy, DmarcProblem> {
        let Record { policy, subdomains, nonexistent, .. } = self.record;
        if author == self.domain {
            return Ok(policy);
        }
        let subdomains = subdomains.unwrap_or(policy);
        match nonexistent.filter(|nonexistent| *nonexistent != subdomains) {
            Some(nonexistent) => match exists(author, resolver).await {
                Ok(true) => Ok(subdomains),
                Ok(false) => Ok(nonexistent),
                Err(error) => Err(DmarcProblem::Dns(author.to_owned(), error)),
            },
            None => Ok(subdomains),
        }
    }
}

/// Returns whether a domain has addresses or an MX record (RFC 9091 §2.7).
async fn exists(domain: &str, resolver: &impl Resolve) -> Result<bool, DnsError> {
    if !is_name(domain) {
        return Ok(false);
    }
    Ok(!resolver.a(domain).await?.is_empty()
        || !resolver.aaaa(domain).await?.is_empty()
        || !resolver.mx(domain).await?.is_empty())
}
