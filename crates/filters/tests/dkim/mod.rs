//! DKIM: the examples of the RFCs, and what a verifier must decide.

mod changes;
pub(crate) mod check;
mod examples;
mod hostile;
mod keys;
mod signatures;
mod streaming;

use std::time::{Duration, SystemTime};

use mailchute_filters::dkim::{BodyHasher, DkimLimits, DkimOutcome, DkimVerifier, Fields, Signature};

use crate::mail_signer::{self, Key, Mail, Signer};
use crate::zone::Zone;

/// A zone of keys: names and records.
pub(crate) fn zone<'z>(keys: impl IntoIterator<Item = (&'z str, &'z str)>) -> Zone {
    let mut zone = Zone::default();
    for (name, record) in keys {
        zone.records.entry(name.into()).or_default().push(("TXT".into(), record.into()));
    }
    zone
}

/// The time of all tests: 2020-09-13.
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000)
}

/// Verifies a message.
pub(crate) async fn verify(mail: &Mail, zone: &Zone) -> DkimOutcome {
    let mut hasher = BodyHasher::new();
    let fields = Fields::new(mail.fields.iter().map(Vec::as_slice));
    let verifier = DkimVerifier::new(&fields, &mut hasher, &DkimLimits::default());
    hasher.update(&mail.body);
    verifier.verify(&hasher.finish(), zone, now()).await
}

/// Verifies a message with one signature, and returns the result and its reason.
pub(crate) async fn verdict(mail: &Mail, zone: &Zone) -> String {
    let outcome = verify(mail, zone).await;
    let [signature] = &*outcome.signatures else { panic!("{outcome:?}") };
    shown(signature)
}

/// The key that most tests sign with.
pub(crate) fn ed25519() -> Key {
    Key::ed25519([7; 32])
}

/// The zone of a signer.
pub(crate) fn zone_of(signer: &Signer<'_>) -> Zone {
    let name = format!("{}._domainkey.{}", signer.selector, signer.domain);
    zone([(&*name, &*signer.key.record())])
}

/// A message that nobody has signed.
pub(crate) fn mail() -> Mail {
    Mail::parse(
        "Received: from a.example by b.example; Fri, 11 Jul 2003 21:01:54 -0700\nFrom: Joe <joe@example.org>\nTo: Suzie \
         <suzie@example.net>\nSubject: Is  dinner\n\tready?\nDate: Fri, 11 Jul 2003 21:00:37 -0700\n\nHi.\n\nWe lost  \
         the game. \n\nJoe.\n",
    )
}

/// The result of a signature and its reason, in one line.
pub(crate) fn shown(signature: &Signature) -> String {
    match &signature.problem {
        Some(problem) => format!("{}: {problem}", signature.result),
        None => signature.result.to_string(),
    }
}
