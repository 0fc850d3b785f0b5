//! Rules that hold for any message. The fuzz target `dkim` holds messages of its own against them.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use mailchute_filters::dkim::{BodyHasher, DkimLimits, DkimOutcome, DkimResult, DkimVerifier, Fields};
use mailchute_filters::dns::{DnsError, Resolve};

use super::mail_signer::{Key, Mail, Signer, canonical};

/// A resolver with the same TXT record for all names.
struct OneRecord(Vec<u8>);

impl Resolve for OneRecord {
    async fn txt(&self, _: &str) -> Result<Vec<Vec<u8>>, DnsError> {
        Ok(vec![self.0.clone()])
    }

    async fn a(&self, _: &str) -> Result<Vec<Ipv4Addr>, DnsError> {
        Ok(vec![])
    }

    async fn aaaa(&self, _: &str) -> Result<Vec<Ipv6Addr>, DnsError> {
        Ok(vec![])
    }

    async fn mx(&self, _: &str) -> Result<Vec<String>, DnsError> {
        Ok(vec![])
    }

    async fn ptr(&self, _: IpAddr) -> Result<Vec<String>, DnsError> {
        Ok(vec![])
    }
}

/// Runs a future whose resolver need not wait.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    for _ in 0..1000 {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
    }
    panic!("the resolver answers at once")
}

/// Verifies a message whose body comes in chunks of this size.
fn verify(mail: &Mail, resolver: &impl Resolve, chunk: usize) -> DkimOutcome {
    let fields = Fields::new(mail.fields.iter().map(Vec::as_slice));
    let mut hasher = BodyHasher::new();
    let verifier = DkimVerifier::new(&fields, &mut hasher, &DkimLimits::default());
    mail.body.chunks(chunk).for_each(|chunk| hasher.update(chunk));
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    run(verifier.verify(&hasher.finish(), resolver, now))
}

/// The parts of an input, separated by the byte 0xfe.
fn parts<const N: usize>(input: &[u8]) -> [&[u8]; N] {
    let mut parts = input.split(|byte| *byte == 0xfe);
    [(); N].map(|()| parts.next().unwrap_or_default())
}

/// Signs a message by the slow canonicalization of the tests. It passes, and a changed message passes if and only if its
/// canonical form is the same.
///
/// The input is a byte of options, the size of chunks, and four parts: a value of a field, a body, and both after the
/// change.
pub(crate) fn canonical_forms_decide(input: &[u8]) {
    let [options, chunk, rest @ ..] = input else { return };
    let [value, body, changed_value, changed_body] = parts(rest);
    let key = Key::ed25519([1; 32]);
    let kind = |bit: u8| if options & bit == 0 { "simple" } else { "relaxed" };
    let mut signer = Signer { header: kind(1), body: kind(2), ..Signer::new(&key) };
    let signed = canonical::body(signer.body, body);
    signer.length = (options & 4 != 0).then_some(signed.len().min(usize::from(options >> 3)));
    let mail = |value: &[u8], body: &[u8]| Mail {
        fields: vec![b"From: joe@example.org".to_vec(), [b"Subject:", value].concat()],
        body: body.to_vec(),
    };
    let original = mail(value, body);
    let signature = signer.sign(&original);
    let resolver = OneRecord(key.record().into_bytes());
    let chunk = usize::from(*chunk).max(1);
    let passes = |mut mail: Mail| {
        mail.push(signature.clone());
        let outcome = verify(&mail, &resolver, chunk);
        assert_eq!(format!("{outcome:?}"), format!("{:?}", verify(&mail, &resolver, usize::MAX)));
        outcome.result() == DkimResult::Pass
    };
    assert!(passes(original.clone()), "a signed message passes");

    let changed = mail(changed_value, changed_body);
    let header = |mail: &Mail| canonical::field(signer.header, &mail.fields[1]);
    let length = signer.length.unwrap_or(signed.len());
    let now = canonical::body(signer.body, changed_body);
    let same_body =
        now.get(..length) == signed.get(..length) && (signer.length.is_some() || now.len() == length);
    let same = same_body && header(&changed) == header(&original);
    assert_eq!(passes(changed), same, "a changed message passes if its canonical form is the same");
}

/// Any signature and any record of a key are answered, the same each time.
///
/// The input has three parts: the record, the value of the signature, and the body.
pub(crate) fn anything_is_answered(input: &[u8]) {
    let [record, value, body] = parts(input);
    let mail = Mail {
        fields: vec![[b"DKIM-Signature:", value].concat(), b"From: joe@example.org".to_vec()],
        body: body.to_vec(),
    };
    let resolver = OneRecord(record.to_vec());
    let outcome = verify(&mail, &resolver, usize::MAX);
    assert_eq!(format!("{outcome:?}"), format!("{:?}", verify(&mail, &resolver, 1)));
    let [signature] = &*outcome.signatures else { panic!("{outcome:?}") };
    assert_eq!(signature.result == DkimResult::Pass, signature.problem.is_none(), "{signature:?}");
    assert_ne!(signature.result, DkimResult::None);
    let is_name = |text: &String| {
        text.len() <= 253 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    assert!(signature.domain.iter().chain(&signature.selector).all(is_name), "{signature:?}");
    assert!(signature.identity.iter().all(|text| text.len() <= 1024), "{signature:?}");
    if let Some(problem) = &signature.problem {
        assert!(!problem.to_string().contains(char::is_control), "{problem}");
    } else {
        assert!(
            signature.domain.is_some() && signature.identity.is_some() && signature.key_bits >= Some(256)
        );
    }
}
