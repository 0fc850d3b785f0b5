//! Finds out why the server's certificate cannot be used, as far as the certificate itself tells.

use x509_cert::Certificate;
use x509_cert::certificate::Version;
use x509_cert::der::asn1::UintRef;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::oid::db::{rfc5280, rfc5912, rfc8410};
use x509_cert::der::{Decode as _, Reader as _, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

/// Bits of an RSA key that TLS clients and the cryptography here accept.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A command that makes a certificate which every client accepts.
pub(super) const REMEDY: &str = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 \
                                 -keyout key.pem -out cert.pem -subj /CN=HOST -addext subjectAltName=DNS:HOST";

/// Returns what is wrong with the certificate; `None` if it looks right.
pub(super) fn complaint(leaf: &[u8]) -> Option<String> {
    let Ok(certificate) = Certificate::from_der(leaf) else {
        return Some("it is not X.509".to_owned());
    };
    let certificate = certificate.tbs_certificate();
    if certificate.version() != Version::V3 {
        return Some(
            "it is X.509 version 1, which has no extensions, and so no names (subjectAltName)".to_owned(),
        );
    }
    if let Some(complaint) = complaint_of_key(certificate.subject_public_key_info()) {
        return Some(complaint);
    }
    let mut extensions = certificate.extensions().into_iter().flatten();
    let unknown = extensions.find(|extension| extension.critical && !KNOWN.contains(&extension.extn_id))?;
    Some(format!("it has a critical extension that is unknown, {}", unknown.extn_id))
}

/// The extensions that may be critical.
const KNOWN: [ObjectIdentifier; 6] = [
    rfc5280::ID_CE_KEY_USAGE,
    rfc5280::ID_CE_SUBJECT_ALT_NAME,
    rfc5280::ID_CE_BASIC_CONSTRAINTS,
    rfc5280::ID_CE_NAME_CONSTRAINTS,
    rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS,
    rfc5280::ID_CE_EXT_KEY_USAGE,
];

fn complaint_of_key(key: &SubjectPublicKeyInfoOwned) -> Option<String> {
    match key.algorithm.oid {
        rfc5912::RSA_ENCRYPTION => {
            let bits = rsa_bits(key.subject_public_key.raw_bytes())?;
            let (least, most) = (RSA_BITS.start(), RSA_BITS.end());
            (!RSA_BITS.contains(&bits))
                .then(|| format!("its RSA key has {bits} bits, and TLS needs {least} to {most}"))
        }
        rfc5912::ID_EC_PUBLIC_KEY => {
            let parameters = key.algorithm.parameters.as_ref();
            match parameters.and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok()) {
                Some(rfc5912::SECP_256_R_1 | rfc5912::SECP_384_R_1 | rfc5912::SECP_521_R_1) => None,
                Some(curve) => {
                    Some(format!("its key lies on a curve ({curve}) that is not P-256, P-384 or P-521"))
                }
                None => Some("its key describes its curve instead of naming it".to_owned()),
            }
        }
        rfc8410::ID_ED_25519 => None,
        algorithm => Some(format!("its key is neither RSA, nor ECDSA, nor Ed25519, but {}", name(algorithm))),
    }
}

/// Returns the common name of an unsupported kind of key.
fn name(algorithm: ObjectIdentifier) -> String {
    match algorithm {
        rfc5912::ID_DSA => "DSA".to_owned(),
        rfc5912::ID_RSASSA_PSS => "RSA for PSS signatures only".to_owned(),
        rfc8410::ID_ED_448 => "Ed448".to_owned(),
        other => other.to_string(),
    }
}

/// RFC 8017 §A.1.1: `SEQUENCE { modulus INTEGER, publicExponent INTEGER }`.
fn rsa_bits(key: &[u8]) -> Option<usize> {
    let modulus = SliceReader::new(key).ok()?.sequence(|reader| {
        let modulus = UintRef::decode(reader)?;
        UintRef::decode(reader)?;
        Ok::<_, x509_cert::der::Error>(modulus.as_bytes().to_vec())
    });
    let modulus = modulus.ok()?;
    let spare = modulus.first()?.leading_zeros();
    Some(8 * modulus.len() - usize::try_from(spare).ok()?)
}
