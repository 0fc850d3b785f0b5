//! Describes a file that does not hold the certificate or the key that was asked for.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The item that the caller wants from a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Certificate,
    Key,
}

const SWAPPED_KEY: &str =
    "holds a private key but no certificate; are certificate and key the wrong way round?";
const SWAPPED_CERTIFICATE: &str =
    "holds a certificate but no private key; are certificate and key the wrong way round?";
const ENCRYPTED: &str = "the private key is encrypted with a passphrase; write it without one, as \
                         `openssl pkey -in FILE -out NEW` does";
const LABEL: &str =
    "holds a certificate under another label; rewrite it with `openssl x509 -in FILE -out NEW`";
const REQUEST: &str =
    "holds a request for a certificate (CSR); write the certificate that the authority made of it";
const CERTIFICATE_DER: &str = "is DER; write it as PEM, as `openssl x509 -inform DER -in FILE -out NEW` does";
const KEY_DER: &str = "is DER; write it as PEM, as `openssl pkey -inform DER -in FILE -out NEW` does";
const PKCS_12: &str = "is PKCS #12; write it as PEM, as `openssl pkcs12 -in FILE -nodes -out NEW` does";
const UTF_16: &str = "is text in UTF-16; save it as UTF-8";

/// Other things that PEM holds, by their first line.
const LABELS: [(&str, &str); 8] = [
    ("-----BEGIN CERTIFICATE REQUEST-----", REQUEST),
    ("-----BEGIN NEW CERTIFICATE REQUEST-----", REQUEST),
    ("-----BEGIN TRUSTED CERTIFICATE-----", LABEL),
    ("-----BEGIN X509 CERTIFICATE-----", LABEL),
    (
        "-----BEGIN PKCS7-----",
        "holds PKCS #7; rewrite it with `openssl pkcs7 -print_certs -in FILE -out NEW`",
    ),
    ("-----BEGIN OPENSSH PRIVATE KEY-----", "holds a key for SSH, and TLS needs the key of its certificate"),
    ("-----BEGIN PUBLIC KEY-----", "holds a public key; write the private key"),
    ("-----BEGIN DSA PRIVATE KEY-----", "holds a DSA key, which TLS does not use any more"),
];

/// Returns what is there, and how to fix it.
pub(super) fn describe(octets: &[u8], wanted: Wanted) -> &'static str {
    let text = String::from_utf8_lossy(octets);
    let has = |sign: &str| text.contains(sign);
    if octets.starts_with(b"\xff\xfe") || octets.starts_with(b"\xfe\xff") {
        return UTF_16;
    }
    if let Some(der) = der(octets, wanted) {
        return der;
    }
    if wanted == Wanted::Key && has("ENCRYPTED") {
        return ENCRYPTED;
    }
    match wanted {
        Wanted::Certificate if PrivateKeyDer::from_pem_slice(octets).is_ok() => return SWAPPED_KEY,
        Wanted::Key if CertificateDer::from_pem_slice(octets).is_ok() => return SWAPPED_CERTIFICATE,
        _ => {}
    }
    if let Some((_, found)) = LABELS.iter().find(|(label, _)| has(label)) {
        return found;
    }
    if text.lines().any(|line| line.starts_with([' ', '\t']) && line.trim_start().starts_with("-----BEGIN "))
    {
        return "has blanks in front of its lines; remove them";
    }
    match wanted {
        Wanted::Certificate => "holds no certificate: expected -----BEGIN CERTIFICATE-----",
        Wanted::Key => "holds no private key: expected -----BEGIN PRIVATE KEY-----",
    }
}

/// Describes a file that is one sequence of ASN.1. PKCS #12 begins with its version 3, a certificate with
/// another sequence.
fn der(octets: &[u8], wanted: Wanted) -> Option<&'static str> {
    let content = match octets {
        [0x30, 0x82, _, _, content @ ..] | [0x30, 0x81, _, content @ ..] => content,
        [0x30, short, content @ ..] if *short < 0x80 && octets.len() == usize::from(*short) + 2 => content,
        _ => return None,
    };
    Some(match (content, wanted) {
        ([2, 1, 3, ..], _) => PKCS_12,
        (_, Wanted::Certificate) => CERTIFICATE_DER,
        (_, Wanted::Key) => KEY_DER,
    })
}
