//! The certificate of a client: the names in it, and whether they can be trusted.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::name::GeneralName;

use super::identity::alternative_names;

/// The certificate of a client that proved to have its key.
///
/// The names are the certificate's own claims. Unless it is [trusted](Self::trust), they are worth no more
/// than an EHLO name. They may hold any character, so escape them wherever they are printed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientCertificate {
    /// Whether a trusted authority vouches for it.
    pub trust: Trust,
    /// The subject's common name (CN), if it has one.
    pub common_name: Option<String>,
    /// The issuer's common name (CN), if it has one.
    pub issuer_name: Option<String>,
    /// The subject's DNS names; `*.` in front stands for one label.
    pub dns_names: Vec<String>,
    /// The subject's email addresses.
    pub email_addresses: Vec<String>,
    /// The subject's URIs.
    pub uris: Vec<String>,
    /// The SHA-256 digest of the certificate, which identifies it without any authority.
    pub sha256: [u8; 32],
    /// The certificate itself, in DER.
    pub der: Vec<u8>,
    /// Bytes of memory that the certificate and its names hold.
    held: usize,
}

/// The trust in a client's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trust {
    /// Its chain ends at a trusted authority, and its dates are right.
    Verified,
    /// No trusted authority vouches for it.
    #[non_exhaustive]
    Unverified {
        /// The reason, for people to read.
        reason: String,
    },
}

impl ClientCertificate {
    pub(crate) fn parse(der: &[u8], trust: Trust) -> Self {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest(&SHA256, der).as_ref());
        let mut parsed = Self {
            trust,
            common_name: None,
            issuer_name: None,
            dns_names: Vec::new(),
            email_addresses: Vec::new(),
            uris: Vec::new(),
            sha256,
            der: der.to_vec(),
            held: 0,
        };
        // A certificate whose names cannot be read has none; its digest still identifies it.
        if let Ok(certificate) = Certificate::from_der(der) {
            parsed.take_names(&certificate);
        }
        let names = [&parsed.dns_names, &parsed.email_addresses, &parsed.uris];
        let names = names.into_iter().flatten().map(|name| size_of::<String>() + name.len());
        parsed.held = der.len() + names.sum::<usize>();
        parsed
    }

    /// Returns the bytes of memory that it holds beyond its own size.
    pub(crate) fn held_bytes(&self) -> usize {
        self.held
    }

    fn take_names(&mut self, certificate: &Certificate) {
        let common_name = certificate.tbs_certificate().subject().common_name();
        self.common_name = common_name.ok().flatten().map(|name| name.value().into_owned());
        let issuer_name = certificate.tbs_certificate().issuer().common_name();
        self.issuer_name = issuer_name.ok().flatten().map(|name| name.value().into_owned());
        for name in alternative_names(certificate) {
            match name {
                GeneralName::DnsName(name) => self.dns_names.push(name.as_str().to_owned()),
                GeneralName::Rfc822Name(name) => self.email_addresses.push(name.as_str().to_owned()),
                GeneralName::UniformResourceIdentifier(uri) => self.uris.push(uri.as_str().to_owned()),
                _ => {}
            }
        }
    }

    /// Returns whether a trusted authority vouches for it.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.trust == Trust::Verified
    }

    /// Returns the SHA-256 digest as `openssl x509 -fingerprint -sha256` prints it: `AB:CD:…`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut text = String::with_capacity(3 * self.sha256.len());
        for byte in self.sha256 {
            let colon = if text.is_empty() { "" } else { ":" };
            // Writing to a String cannot fail.
            let _ = write!(text, "{colon}{byte:02X}");
        }
        text
    }

    /// Returns the name by which EXTERNAL lets the client in: the first email address, else the first DNS name without
    /// `*`, else the common name.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        let hosts = self.dns_names.iter().filter(|name| !name.contains('*'));
        let names = self.email_addresses.iter().chain(hosts).chain(&self.common_name);
        names.map(String::as_str).find(|name| !name.is_empty())
    }

    /// Returns the one name to print, not escaped: the common name, else the first alternative one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        let alternatives = self.dns_names.iter().chain(&self.email_addresses).chain(&self.uris);
        self.common_name.iter().chain(alternatives).next().map(String::as_str)
    }
}
