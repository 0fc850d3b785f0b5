//! One certificate with its key, and the names that it answers to.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::error::Fault;
use super::unfit;

/// A certificate chain with its private key.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) key: Arc<CertifiedKey>,
    names: Vec<String>,
    expires: Option<SystemTime>,
}

/// The quality of a certificate's match with the name that a client asks for, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answers {
    Exactly,
    ByWildcard,
    NotAtAll,
}

impl Identity {
    pub(super) fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        provider: &CryptoProvider,
    ) -> Result<Self, Fault> {
        let key = certified(chain, key, provider)?;
        // rustls may serve a certificate that cannot be read here. Such a certificate answers to no name.
        let leaf = key.cert.first().and_then(|leaf| Certificate::from_der(leaf).ok());
        let names = leaf.as_ref().map(dns_names).unwrap_or_default();
        if let Some(leaf) = &leaf {
            warn_of_dates(leaf, &names);
        }
        let expires = leaf.as_ref().and_then(|leaf| {
            UNIX_EPOCH.checked_add(leaf.tbs_certificate().validity().not_after.to_unix_duration())
        });
        Ok(Self { key: Arc::new(key), names, expires })
    }

    /// Returns the DNS names in the certificate.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the end of its validity.
    pub(super) fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    pub(super) fn leaf(&self) -> Option<&CertificateDer<'static>> {
        self.key.cert.first()
    }

    pub(super) fn answers(&self, name: Option<&str>) -> Answers {
        let best =
            name.into_iter().flat_map(|name| self.names.iter().map(move |own| answers(own, name))).min();
        best.unwrap_or(Answers::NotAtAll)
    }
}

/// Returns the key with its certificate, or what is wrong with one of them.
fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, Fault> {
    // The certificate says more about the fault than rustls does.
    let complaint = |chain: &[CertificateDer<'_>]| {
        chain.first().and_then(|leaf| unfit::complaint(leaf)).map(Fault::UnfitCertificate)
    };
    match provider.key_provider.load_private_key(key) {
        Ok(key) => {
            let key = CertifiedKey::new(chain, key);
            match key.keys_match() {
                Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(key),
                Err(error) => Err(complaint(&key.cert).unwrap_or(Fault::Unfit(error))),
            }
        }
        Err(_) => Err(complaint(&chain).unwrap_or(Fault::UnfitKey)),
    }
}

/// Compares names by RFC 9525 §6.3: a wildcard stands for the whole left-most label, and only for that.
fn answers(own: &str, asked: &str) -> Answers {
    if own.eq_ignore_ascii_case(asked) {
        return Answers::Exactly;
    }
    match (own.strip_prefix("*."), asked.split_once('.')) {
        (Some(domain), Some((label, rest))) if !label.is_empty() && domain.eq_ignore_ascii_case(rest) => {
            Answers::ByWildcard
        }
        _ => Answers::NotAtAll,
    }
}

fn dns_names(certificate: &Certificate) -> Vec<String> {
    alternative_names(certificate)
        .into_iter()
        .filter_map(|name| match name {
            GeneralName::DnsName(name) => Some(name.as_str().to_owned()),
            _ => None,
        })
        .collect()
}

/// Returns the subject's alternative names; none if they cannot be read.
pub(super) fn alternative_names(certificate: &Certificate) -> Vec<GeneralName> {
    let extension = certificate.tbs_certificate().get_extension::<SubjectAltName>();
    extension.ok().flatten().map(|(_, names)| names.0).unwrap_or_default()
}

/// Warns of wrong dates. Most clients that send mail ignore dates, so an old certificate is better than none.
fn warn_of_dates(certificate: &Certificate, names: &[String]) {
    let validity = certificate.tbs_certificate().validity();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let names = names.join(" ");
    if validity.not_after.to_unix_duration() < now {
        let since = validity.not_after;
        tracing::warn!(name: "certificate-expired", names, %since, "the TLS certificate has expired");
    } else if validity.not_before.to_unix_duration() > now {
        let until = validity.not_before;
        tracing::warn!(name: "certificate-early", names, %until, "the TLS certificate is not valid yet");
    }
}

#[cfg(test)]
mod tests {
    use super::{Answers, answers};

    #[test]
    fn a_wildcard_stands_for_one_whole_label() {
        for (own, asked, expected) in [
            ("mx.example.com", "mx.example.com", Answers::Exactly),
            ("mx.example.com", "MX.Example.COM", Answers::Exactly),
            ("mx.example.com", "my.example.com", Answers::NotAtAll),
            ("*.example.com", "mx.example.com", Answers::ByWildcard),
            ("*.EXAMPLE.com", "mx.example.COM", Answers::ByWildcard),
            ("*.example.com", "a.b.example.com", Answers::NotAtAll),
            ("*.example.com", "example.com", Answers::NotAtAll),
            ("*.example.com", ".example.com", Answers::NotAtAll),
            ("m*.example.com", "mx.example.com", Answers::NotAtAll),
            ("mx.*.com", "mx.example.com", Answers::NotAtAll),
            ("*", "com", Answers::NotAtAll),
        ] {
            assert_eq!(answers(own, asked), expected, "{own} asked for {asked}");
        }
    }
}
