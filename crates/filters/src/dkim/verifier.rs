//! The verification of the signatures of a message (RFC 6376 §6).

use std::time::SystemTime;

use aws_lc_rs::digest::Digest;

use super::algorithm::Algorithm;
use super::body_hasher::{BodyHasher, BodyHashes};
use super::fields::Fields;
use super::hash::without_value;
use super::keys::Keys;
use super::limits::DkimLimits;
use super::outcome::{DkimOutcome, Signature};
use super::problem::DkimProblem;
use super::result::DkimResult;
use super::signature::{MessageTags, SignerTags, domain, required, selector};
use super::signed_body::SignedBody;
use super::tag_list::TagList;
use crate::dns::Resolve;
use crate::name::{is_within, to_ascii};

/// The longest identity (`i=`) in bytes. The longest address has a quarter of it.
const MAX_IDENTITY: usize = 1024;

/// The characters of a signature that distinguish it (RFC 6008 §4).
const BEGINNING: usize = 8;

/// Verifies the DKIM signatures of a message, which may stream.
///
/// First come the fields, then the body through a [`BodyHasher`], then the keys from the DNS. The memory does not depend
/// on the size of the body.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug)]
pub struct DkimVerifier {
    signatures: Vec<Pending>,
    ignored: usize,
}

/// A signature whose body and key are not known.
#[derive(Debug)]
struct Pending {
    /// All that is known. Its result and its problem come later.
    found: Signature,
    tags: Result<Tags, DkimProblem>,
}

/// The tags of a signature, as far as they are needed later.
#[derive(Debug)]
struct Tags {
    signer: SignerTags,
    header_hash: Digest,
    body: SignedBody,
    /// Whether the identity is of the very domain.
    is_of_domain: bool,
}

impl DkimVerifier {
    /// Reads the signatures of a message, and registers the hashes that they need with the hasher of its body.
    #[must_use]
    pub fn new(fields: &Fields<'_>, body: &mut BodyHasher, limits: &DkimLimits) -> Self {
        let places = fields.places_of("dkim-signature");
        let verified = places.len().min(limits.signatures);
        let signatures = places[..verified].iter().map(|place| Pending::read(fields, *place, body));
        Self { signatures: signatures.collect(), ignored: places.len() - verified }
    }

    /// Verifies the signatures, with the hashes of the body.
    ///
    /// All keys are asked for at the same time, each once. A signature whose body was changed needs no key. The questions
    /// have no bound of time here.
    ///
    /// # Cancel safety
    /// The future may be dropped at any time. It leaves nothing behind.
    pub async fn verify(self, body: &BodyHashes, resolver: &impl Resolve, now: SystemTime) -> DkimOutcome {
        let mut signatures = self.signatures;
        for signature in &mut signatures {
            signature.check_body(body, now);
        }
        let mut keys = Keys::default();
        let signers = signatures.iter().filter_map(|signature| signature.tags.as_ref().ok());
        keys.ask(signers.map(|tags| &tags.signer), resolver).await;
        let signatures = signatures.into_iter().map(|signature| signature.check(&keys)).collect();
        DkimOutcome { signatures, ignored: self.ignored }
    }
}

impl Pending {
    fn read(fields: &Fields<'_>, place: usize, body: &mut BodyHasher) -> Self {
        let (name, value) = fields.split_at(place);
        let mut found = Signature {
            result: DkimResult::Neutral,
            domain: None,
            selector: None,
            identity: None,
            algorithm: None,
            beginning: String::new(),
            key_bits: None,
            is_test: false,
            unsigned_bytes: 0,
            problem: None,
        };
        let Some(tags) = TagList::parse(value) else { return Self { found, tags: Err(DkimProblem::Syntax) } };
        found.domain = tags.get("d").and_then(domain);
        found.selector = tags.get("s").and_then(selector);
        found.algorithm = tags.get("a").and_then(Algorithm::parse);
        found.beginning = tags.get("b").map(beginning).unwrap_or_default();
        let tags = Tags::read(name, &tags, &mut found.identity, fields, place, body);
        Self { found, tags }
    }

    /// Checks what needs no key.
    fn check_body(&mut self, hashes: &BodyHashes, now: SystemTime) {
        let Ok(tags) = &self.tags else { return };
        match tags.body.check(hashes, now) {
            Ok(unsigned) => self.found.unsigned_bytes = unsigned,
            Err(problem) => self.tags = Err(problem),
        }
    }

    fn check(self, keys: &Keys) -> Signature {
        let mut found = self.found;
        let problem = match self.tags {
            Ok(tags) => {
                let checked = keys.check(&tags.signer, &tags.header_hash, tags.is_of_domain);
                found.key_bits = checked.bits;
                found.is_test = checked.is_test;
                checked.problem
            }
            Err(problem) => Some(problem),
        };
        found.result = problem.as_ref().map_or(DkimResult::Pass, DkimProblem::result);
        found.problem = problem;
        found
    }
}

impl Tags {
    fn read(
        name: &[u8],
        tags: &TagList<'_>,
        identity: &mut Option<String>,
        fields: &Fields<'_>,
        place: usize,
        body: &mut BodyHasher,
    ) -> Result<Self, DkimProblem> {
        if required(tags, "v")? != "1" {
            return Err(DkimProblem::WrongTag("v"));
        }
        let signer = SignerTags::parse(tags)?;
        let message = MessageTags::parse(tags, "simple/simple")?;
        let i = tags.get("i").map_or_else(|| format!("@{}", signer.domain), without_space);
        let (_, identity_domain) = i.rsplit_once('@').ok_or(DkimProblem::WrongTag("i"))?;
        let identity_domain = to_ascii(identity_domain).into_owned();
        if i.len() > MAX_IDENTITY {
            return Err(DkimProblem::WrongTag("i"));
        }
        *identity = Some(i);
        if !is_within(&identity_domain, &signer.domain) {
            return Err(DkimProblem::ForeignIdentity);
        }
        if !message.signs("from") {
            return Err(DkimProblem::UnsignedFrom);
        }
        if signer.algorithm == Algorithm::RsaSha1 {
            return Err(DkimProblem::Sha1);
        }
        if fields.count("from") == 0 {
            return Err(DkimProblem::NoFrom);
        }
        Ok(Self {
            header_hash: fields.hash(message.names(), message.header, place, &without_value(name, tags)),
            body: SignedBody::register(message, body),
            is_of_domain: identity_domain.eq_ignore_ascii_case(&signer.domain),
            signer,
        })
    }
}

/// Returns the first characters of a signature.
fn beginning(value: &str) -> String {
    value.chars().filter(|c| !c.is_ascii_whitespace()).take(BEGINNING).collect()
}

fn without_space(value: &str) -> String {
    value.chars().filter(|c| !c.is_ascii_whitespace()).collect()
}
