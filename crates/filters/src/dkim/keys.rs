//! The keys of a message, asked for at the same time, each once.

use std::collections::BTreeMap;

use aws_lc_rs::digest::Digest;
use futures_util::future::join_all;

use super::key_record::KeyRecord;
use super::problem::DkimProblem;
use super::signature::SignerTags;
use crate::dns::{DnsError, Resolve};

/// The most records of one name that are tried. There should be one (RFC 6376 §3.6.2.2).
const MAX_RECORDS: usize = 4;

/// The answers of the DNS, by the names of the keys.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    answers: BTreeMap<String, Result<Vec<Vec<u8>>, DnsError>>,
}

/// The check of a signature with its key.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) problem: Option<DkimProblem>,
    /// The length of the key in bits.
    pub(crate) bits: Option<u32>,
    /// Whether the domain only tests DKIM.
    pub(crate) is_test: bool,
}

impl Keys {
    /// Asks for the keys of signatures, unless they are known.
    pub(crate) async fn ask(&mut self, signers: impl Iterator<Item = &SignerTags>, resolver: &impl Resolve) {
        let mut names: Vec<String> = signers.map(SignerTags::key_name).collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|name| !self.answers.contains_key(name));
        let answers = join_all(names.iter().map(|name| resolver.txt(name))).await;
        self.answers.extend(names.into_iter().zip(answers));
    }

    /// Verifies a signature of a hash. With several records, one that verifies is enough. `is_strict_ok` is whether the key
    /// may be only for identities of its very domain.
    pub(crate) fn check(&self, signer: &SignerTags, hash: &Digest, is_strict_ok: bool) -> Checked {
        let name = signer.key_name();
        let failed = |problem| Checked { problem: Some(problem), ..Checked::default() };
        let records = match self.answers.get(&name) {
            Some(Ok(records)) => records,
            Some(Err(error)) => return failed(DkimProblem::Dns(name, error.clone())),
            None => &Vec::new(),
        };
        let mut first = None;
        for record in records.iter().take(MAX_RECORDS) {
            let record = KeyRecord::parse(record, signer.algorithm, &name);
            let checked = check_one(record, signer, hash, is_strict_ok);
            if checked.problem.is_none() {
                return checked;
            }
            first.get_or_insert(checked);
        }
        first.unwrap_or_else(|| failed(DkimProblem::NoKey(name)))
    }
}

fn check_one(record: KeyRecord, signer: &SignerTags, hash: &Digest, is_strict_ok: bool) -> Checked {
    let KeyRecord { key, problem, is_test, is_strict } = record;
    let bits = match (&key, &problem) {
        (Some(key), _) => Some(key.bits()),
        (None, Some(DkimProblem::ShortKey(bits))) => Some(*bits),
        _ => None,
    };
    let problem = match key {
        None => problem,
        Some(_) if is_strict && !is_strict_ok => Some(DkimProblem::NoSubdomains),
        Some(key) if key.verifies(hash, &signer.signature) => None,
        Some(_) => Some(DkimProblem::Signature),
    };
    Checked { problem, bits, is_test }
}
