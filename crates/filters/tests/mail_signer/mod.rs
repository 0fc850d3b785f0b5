//! A signer of DKIM and ARC for tests. It holds whole messages in memory, and shares nothing with the verifiers.

mod arc;
pub(crate) mod canonical;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A message: its fields from the top down, without their CRLF, and its body.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) fields: Vec<Vec<u8>>,
    pub(crate) body: Vec<u8>,
}

/// A private key.
pub(crate) enum Key {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A signer, with the tags of its signatures.
pub(crate) struct Signer<'k> {
    pub(crate) key: &'k Key,
    pub(crate) domain: String,
    pub(crate) selector: String,
    /// `simple` or `relaxed`.
    pub(crate) header: &'static str,
    pub(crate) body: &'static str,
    /// The names of the tag `h=`.
    pub(crate) names: Vec<String>,
    /// The tag `l=`.
    pub(crate) length: Option<usize>,
    /// Other tags, each ended by a semicolon.
    pub(crate) tags: String,
    /// Whether the tag `c=` is left out.
    pub(crate) no_canonicalization: bool,
}

impl Mail {
    /// Splits a message, whose lines end with LF or CRLF.
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
        let (header, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut fields: Vec<Vec<u8>> = Vec::new();
        for line in header.trim_end_matches("\r\n").split("\r\n") {
            match fields.last_mut() {
                Some(field) if line.starts_with([' ', '\t']) => {
                    field.extend_from_slice(b"\r\n");
                    field.extend_from_slice(line.as_bytes());
                }
                _ => fields.push(line.as_bytes().to_vec()),
            }
        }
        Self { fields, body: body.as_bytes().to_vec() }
    }

    /// Adds a field on top.
    pub(crate) fn push(&mut self, field: impl Into<Vec<u8>>) {
        self.fields.insert(0, field.into());
    }
}

impl Key {
    /// Makes an RSA key of 2048 bits.
    pub(crate) fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    /// Makes an Ed25519 key from any 32 bytes.
    pub(crate) fn ed25519(seed: [u8; 32]) -> Self {
        Self::Ed25519(Ed25519KeyPair::from_seed_unchecked(&seed).unwrap())
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "rsa-sha256",
            Self::Ed25519(_) => "ed25519-sha256",
        }
    }

    /// The record of the public key.
    pub(crate) fn record(&self) -> String {
        match self {
            Self::Rsa(key) => {
                let der: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
                format!("v=DKIM1; p={}", STANDARD.encode(der.as_ref()))
            }
            Self::Ed25519(key) => {
                format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(key.public_key().as_ref()))
            }
        }
    }

    /// Signs bytes, and returns base64.
    pub(crate) fn sign(&self, text: &[u8]) -> String {
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).unwrap();
                STANDARD.encode(signature)
            }
            Self::Ed25519(key) => STANDARD.encode(key.sign(digest(&SHA256, text).as_ref())),
        }
    }
}

impl<'k> Signer<'k> {
    /// Signs as `s` of `example.org`, all relaxed, the fields From, To, Subject and Date.
    pub(crate) fn new(key: &'k Key) -> Self {
        Self {
            key,
            domain: "example.org".into(),
            selector: "s".into(),
            header: "relaxed",
            body: "relaxed",
            names: ["From", "To", "Subject", "Date"].map(str::to_owned).into(),
            length: None,
            tags: String::new(),
            no_canonicalization: false,
        }
    }

    /// Returns a `DKIM-Signature:` of a message.
    pub(crate) fn sign(&self, mail: &Mail) -> Vec<u8> {
        let unsigned = self.unsigned("DKIM-Signature: v=1;", &mail.body);
        self.complete(unsigned, mail)
    }

    /// Adds `DKIM-Signature:` to a message.
    pub(crate) fn add_to(&self, mail: &mut Mail) {
        mail.push(self.sign(mail));
    }

    fn unsigned(&self, begin: &str, body: &[u8]) -> String {
        let Self { domain, selector, header, names, tags, .. } = self;
        let canonical = canonical::body(self.body, body);
        let signed = &canonical[..self.length.unwrap_or(canonical.len())];
        let hash = STANDARD.encode(digest(&SHA256, signed).as_ref());
        let length = self.length.map(|length| format!(" l={length};")).unwrap_or_default();
        let c = if self.no_canonicalization { String::new() } else { format!(" c={header}/{};", self.body) };
        let (algorithm, names) = (self.key.algorithm(), names.join(":"));
        format!(
            "{begin} a={algorithm};{c} d={domain};\r\n\ts={selector};{length}{tags}\r\n h={names};\r\n bh={hash}; b="
        )
    }

    fn complete(&self, unsigned: String, mail: &Mail) -> Vec<u8> {
        let mut left = mail.fields.clone();
        let mut text = Vec::new();
        for name in &self.names {
            let prefix = format!("{}:", name.trim().to_ascii_lowercase());
            let is_it = |field: &Vec<u8>| canonical::field("relaxed", field).starts_with(prefix.as_bytes());
            if let Some(at) = left.iter().rposition(is_it) {
                text.extend(canonical::field(self.header, &left.remove(at)));
            }
        }
        let own = canonical::field(self.header, unsigned.as_bytes());
        text.extend(own.strip_suffix(b"\r\n").unwrap());
        (unsigned + &self.key.sign(&text)).into_bytes()
    }
}
