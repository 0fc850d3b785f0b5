//! Chains: the sets of a message, found and read (RFC 8617 §5.2, steps 1 to 3).

use aws_lc_rs::digest::Digest;

use super::instance::{MAX_SETS, of_tags, split_results};
use super::outcome::ArcSet;
use super::problem::ArcProblem;
use crate::dkim::{
    Algorithm, BodyHasher, Canonicalization, DkimProblem, Fields, Hash, MessageTags, SignedBody, SignerTags,
    TagList, without_value,
};

const RESULTS: &str = "ARC-Authentication-Results";
const MESSAGE: &str = "ARC-Message-Signature";
const SEAL: &str = "ARC-Seal";

/// Bytes of the results of all sets together. They are kept until the body has come, which may take an hour.
///
/// A longer text is left out: if it were cut, it could say something else.
const MAX_RESULTS: usize = 64 * 1024;

/// A chain whose sets are complete. Its signatures are not verified.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) sets: Vec<ArcSet>,
    /// The seals, from the oldest to the last one.
    pub(super) seals: Vec<Signed>,
    /// The last signature of the message, and the body that it signs.
    pub(super) message: Signed,
    pub(super) body: SignedBody,
    /// Whether the last signature of the message covers `From:`.
    pub(super) signs_from: bool,
}

/// A signature, and the hash that it signs.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) signer: SignerTags,
    pub(super) hash: Digest,
}

/// The places of the fields of a set.
#[derive(Clone, Copy, Default)]
struct Places {
    results: Option<usize>,
    message: Option<usize>,
    seal: Option<usize>,
}

impl Chain {
    /// Reads the chain of a message. Returns `None` if there is none.
    pub(super) fn read(fields: &Fields<'_>, body: &mut BodyHasher) -> Result<Option<Self>, ArcProblem> {
        let places = collect(fields)?;
        let Some(last) = places.len().checked_sub(1) else { return Ok(None) };
        let mut sets = Vec::new();
        let mut seals = Vec::new();
        let mut room = MAX_RESULTS;
        let mut hash = Hash::default();
        check_last_status(fields, &places[last])?;
        for (at, set) in (1..).zip(&places) {
            let Places { results: Some(results), message: Some(message), seal: Some(seal) } = *set else {
                return Err(ArcProblem::WrongSet(at));
            };
            hash.add_field(Canonicalization::Relaxed, fields.at(results));
            hash.add_field(Canonicalization::Relaxed, fields.at(message));
            let signed = read_seal(fields, seal, at, hash.clone())?;
            hash.add_field(Canonicalization::Relaxed, fields.at(seal));
            let (_, results) = split_results(fields.split_at(results).1).unwrap_or_default();
            let results = String::from_utf8_lossy(results).replace("\r\n", "").trim().to_owned();
            let results = if results.len() > room { String::new() } else { results };
            room -= results.len();
            sets.push(ArcSet {
                instance: at,
                domain: signed.signer.domain.clone(),
                selector: signed.signer.selector.clone(),
                results,
            });
            seals.push(signed);
        }
        let place = places[last].message.unwrap_or_default();
        let (message, body, signs_from) = read_message(fields, place, body)?;
        Ok(Some(Self { sets, seals, message, body, signs_from }))
    }
}

/// Finds the fields of the sets, the oldest set first. Each set before the last one is complete or wrong.
fn collect(fields: &Fields<'_>) -> Result<Vec<Places>, ArcProblem> {
    let mut sets: Vec<Places> = Vec::new();
    for name in [RESULTS, MESSAGE, SEAL] {
        if fields.count(name) > usize::from(MAX_SETS) {
            return Err(ArcProblem::TooManySets);
        }
        for &place in fields.places_of(name) {
            let value = fields.split_at(place).1;
            let instance = match name {
                RESULTS => split_results(value).map(|(instance, _)| instance),
                _ => TagList::parse(value).as_ref().and_then(of_tags),
            };
            let instance = instance.ok_or(ArcProblem::WrongInstance(name))?;
            let at = usize::from(instance) - 1;
            if at >= sets.len() {
                sets.resize(at + 1, Places::default());
            }
            let set = &mut sets[at];
            let found = match name {
                RESULTS => &mut set.results,
                MESSAGE => &mut set.message,
                _ => &mut set.seal,
            };
            if found.replace(place).is_some() {
                return Err(ArcProblem::WrongSet(instance));
            }
        }
    }
    Ok(sets)
}

/// Looks at the status in the last seal. If the last sealer found a failure, nothing else counts (RFC 8617 §5.2, step 2).
fn check_last_status(fields: &Fields<'_>, last: &Places) -> Result<(), ArcProblem> {
    let status = last.seal.and_then(|seal| TagList::parse(fields.split_at(seal).1)?.get("cv"));
    if status == Some("fail") { Err(ArcProblem::FailedBefore) } else { Ok(()) }
}

/// Reads a seal. `hash` has all that it signs but itself.
fn read_seal(fields: &Fields<'_>, place: usize, instance: u8, hash: Hash) -> Result<Signed, ArcProblem> {
    let wrong = |problem| ArcProblem::Seal(instance, problem);
    let (name, value) = fields.split_at(place);
    let tags = TagList::parse(value).ok_or(wrong(DkimProblem::Syntax))?;
    if tags.get("cv") != Some(if instance == 1 { "none" } else { "pass" }) {
        return Err(ArcProblem::WrongStatus(instance));
    }
    if tags.get("h").is_some() {
        return Err(ArcProblem::FieldsInSeal(instance));
    }
    let signer = read_signer(&tags).map_err(wrong)?;
    let hash = hash.finish(Canonicalization::Relaxed, &without_value(name, &tags));
    Ok(Signed { signer, hash })
}

/// Reads a signature of the message. Returns also whether it covers `From:`.
fn read_message(
    fields: &Fields<'_>,
    place: usize,
    body: &mut BodyHasher,
) -> Result<(Signed, SignedBody, bool), ArcProblem> {
    let (name, value) = fields.split_at(place);
    let tags = TagList::parse(value).ok_or(ArcProblem::Message(DkimProblem::Syntax))?;
    let signer = read_signer(&tags).map_err(ArcProblem::Message)?;
    // RFC 8617 names no other default than DKIM's, but the signers and verifiers of the field have this one.
    let message = MessageTags::parse(&tags, "relaxed/relaxed").map_err(ArcProblem::Message)?;
    if message.signs(SEAL) {
        return Err(ArcProblem::SignedSeal);
    }
    let hash = fields.hash(message.names(), message.header, place, &without_value(name, &tags));
    let signs_from = message.signs("from");
    Ok((Signed { signer, hash }, SignedBody::register(message, body), signs_from))
}

fn read_signer(tags: &TagList<'_>) -> Result<SignerTags, DkimProblem> {
    let signer = SignerTags::parse(tags)?;
    if signer.algorithm == Algorithm::RsaSha1 { Err(DkimProblem::Sha1) } else { Ok(signer) }
}
