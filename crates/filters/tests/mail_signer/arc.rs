//! ARC sets.

use super::{Mail, Signer, canonical};

impl Signer<'_> {
    /// Adds an ARC set to a message.
    pub(crate) fn add_arc_set(&self, mail: &mut Mail, instance: usize, cv: &str, results: &str) {
        let results = format!("ARC-Authentication-Results: i={instance}; mx.{};\r\n {results}", self.domain);
        let message = self.unsigned(&format!("ARC-Message-Signature: i={instance};"), &mail.body);
        let message = self.complete(message, mail);
        mail.push(message);
        mail.push(results);
        let seal = self.seal(mail, instance, cv);
        mail.push(seal);
    }

    /// Returns an `ARC-Seal:` of the sets of a message up to this instance.
    pub(crate) fn seal(&self, mail: &Mail, instance: usize, cv: &str) -> Vec<u8> {
        let mut text = Vec::new();
        for of in 1..=instance {
            for name in ["arc-authentication-results", "arc-message-signature", "arc-seal"] {
                let is_it = |field: &&Vec<u8>| {
                    let canonical = String::from_utf8_lossy(&canonical::field("relaxed", field)).into_owned();
                    canonical.starts_with(&format!("{name}:")) && canonical.contains(&format!("i={of};"))
                };
                let found = mail.fields.iter().find(is_it).map(|field| canonical::field("relaxed", field));
                text.extend(found.unwrap_or_default());
            }
        }
        let Self { key, domain, selector, tags, .. } = self;
        let algorithm = key.algorithm();
        let seal =
            format!("ARC-Seal: i={instance}; a={algorithm}; cv={cv}; d={domain}; s={selector};{tags} b=");
        text.extend(canonical::field("relaxed", seal.as_bytes()).strip_suffix(b"\r\n").unwrap());
        (seal + &self.key.sign(&text)).into_bytes()
    }
}
