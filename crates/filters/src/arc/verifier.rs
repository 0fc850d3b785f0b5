//! The verification of a chain (RFC 8617 §5.2).

use std::time::SystemTime;

use super::chain::{Chain, Signed};
use super::outcome::{ArcOutcome, ArcSet};
use super::problem::ArcProblem;
use super::result::ArcResult;
use crate::dkim::{BodyHasher, BodyHashes, DkimProblem, Fields, Keys};
use crate::dns::Resolve;

/// Verifies the ARC chain of a message, which may stream.
///
/// It works as [`DkimVerifier`](crate::dkim::DkimVerifier) does, and shares its [`BodyHasher`].
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug)]
pub struct ArcVerifier {
    chain: Result<Option<Chain>, ArcProblem>,
}

impl ArcVerifier {
    /// Reads the chain of a message, and registers the hash that it needs with the hasher of its body.
    #[must_use]
    pub fn new(fields: &Fields<'_>, body: &mut BodyHasher) -> Self {
        Self { chain: Chain::read(fields, body) }
    }

    /// Verifies the chain, with the hashes of the body.
    ///
    /// The keys of the last set come first. If its signatures pass, the keys of all others follow. So a message without a
    /// right last set costs two questions at most, and any other one 51 at most. The questions have no bound of time here.
    ///
    /// # Cancel safety
    /// The future may be dropped at any time. It leaves nothing behind.
    pub async fn verify(self, body: &BodyHashes, resolver: &impl Resolve, now: SystemTime) -> ArcOutcome {
        let found = match self.chain {
            Ok(Some(chain)) => check(&chain, body, resolver, now).await.map(|unsigned| (chain, unsigned)),
            Ok(None) => return ArcOutcome::without_sets(ArcResult::None, None),
            Err(problem) => Err(problem),
        };
        match found {
            Ok((Chain { sets, signs_from, .. }, unsigned_bytes)) => {
                ArcOutcome { result: ArcResult::Pass, sets, unsigned_bytes, signs_from, problem: None }
            }
            Err(problem) => ArcOutcome::without_sets(ArcResult::Fail, Some(problem)),
        }
    }
}

/// Verifies all signatures. Returns how many bytes of the body are not signed.
async fn check(
    chain: &Chain,
    body: &BodyHashes,
    resolver: &impl Resolve,
    now: SystemTime,
) -> Result<u64, ArcProblem> {
    let Chain { sets, seals, message, .. } = chain;
    let unsigned = chain.body.check(body, now).map_err(ArcProblem::Message)?;
    let mut keys = Keys::default();
    keys.ask(seals.last().into_iter().chain([message]).map(|signed| &signed.signer), resolver).await;
    verify(message, &keys).map_err(ArcProblem::Message)?;
    let verify_seal = |(set, seal): (&ArcSet, &Signed), keys: &Keys| {
        verify(seal, keys).map_err(|problem| ArcProblem::Seal(set.instance, problem))
    };
    let mut seals = sets.iter().zip(seals).rev();
    if let Some(last) = seals.next() {
        verify_seal(last, &keys)?;
    }
    keys.ask(seals.clone().map(|(_, seal)| &seal.signer), resolver).await;
    for seal in seals {
        verify_seal(seal, &keys)?;
    }
    Ok(unsigned)
}

fn verify(signed: &Signed, keys: &Keys) -> Result<(), DkimProblem> {
    keys.check(&signed.signer, &signed.hash, true).problem.map_or(Ok(()), Err)
}
