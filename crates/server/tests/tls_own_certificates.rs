//! Server certificates and keys of every kind and form: accepted, or refused with the reason.

use crate::support::tls::{Identity, identity};
use mailchute::tls::TlsConfig;

/// A file of `tests/certificates`.
macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("certificates/", $name, ".pem"))
    };
}

/// The command that creates a valid certificate.
const REMEDY: &str = "; make another, as `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 \
                      -keyout key.pem -out cert.pem -subj /CN=HOST -addext subjectAltName=DNS:HOST` does";

fn taken(certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Result<(), String> {
    TlsConfig::from_pem(certificate.as_ref(), key.as_ref()).map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn a_certificate_that_tls_does_not_use_is_told_with_a_remedy() {
    for (file, complaint) in [
        (
            file!("version-1"),
            "it is X.509 version 1, which has no extensions, and so no names (subjectAltName)",
        ),
        (file!("rsa-1024"), "its RSA key has 1024 bits, and TLS needs 2048 to 8192"),
        (file!("rsa-512"), "its RSA key has 512 bits, and TLS needs 2048 to 8192"),
        (file!("rsa-pss"), "its key is neither RSA, nor ECDSA, nor Ed25519, but RSA for PSS signatures only"),
        (file!("dsa"), "its key is neither RSA, nor ECDSA, nor Ed25519, but DSA"),
        (file!("ed448"), "its key is neither RSA, nor ECDSA, nor Ed25519, but Ed448"),
        (file!("secp256k1"), "its key lies on a curve (1.3.132.0.10) that is not P-256, P-384 or P-521"),
        (file!("explicit-curve"), "its key describes its curve instead of naming it"),
        (file!("critical-extension"), "it has a critical extension that is unknown, 1.2.3.4"),
    ] {
        let expected = format!("the certificate cannot be used: {complaint}{REMEDY}");
        assert_eq!(taken(file, file), Err(expected));
    }
}

#[test]
fn weak_signatures_and_every_form_of_a_good_key_are_taken() {
    for file in [file!("rsa-2048"), file!("rsa-md5"), file!("rsa-sha1"), file!("pkcs-1"), file!("sec-1")] {
        assert_eq!(taken(file, file), Ok(()));
    }
}

#[test]
fn a_key_of_no_use_beside_a_good_certificate_is_told_as_such() {
    let complaint = "the private key cannot be used: expected RSA of 2048 to 8192 bits, ECDSA on P-256, P-384 or P-521, \
                     or Ed25519";
    for key in [file!("rsa-1024"), file!("dsa"), file!("ed448"), file!("secp256k1")] {
        assert_eq!(taken(&identity().certificate, key), Err(complaint.to_owned()));
    }
    let mismatch = "the private key does not belong to the certificate";
    assert_eq!(taken(&identity().certificate, file!("rsa-2048")), Err(mismatch.to_owned()));
}

#[test]
fn byte_order_marks_and_line_ends_of_any_kind_are_taken() {
    let Identity { certificate, key, .. } = identity();
    type Edit = fn(&str) -> String;
    let edits: [(&str, Edit); 5] = [
        ("a mark", |pem| format!("\u{feff}{pem}")),
        ("a mark in each of two files put together", |pem| format!("\u{feff}{pem}\u{feff}{pem}")),
        ("CRLF", |pem| pem.replace('\n', "\r\n")),
        ("a mark and CRLF", |pem| format!("\u{feff}{}", pem.replace('\n', "\r\n"))),
        ("text before it", |pem| format!("\u{feff}Certificate:\n    Data:\n        Version: 3 (0x2)\n{pem}")),
    ];
    for (what, edit) in edits {
        assert_eq!(taken(edit(certificate), edit(key)), Ok(()), "{what}");
        let authorities = mailchute::tls::ClientCertificates::from_pem(edit(certificate).as_bytes());
        assert!(authorities.is_ok(), "{what} in the file of the authorities");
    }
}

#[test]
fn another_kind_of_file_is_told_with_the_way_out() {
    let Identity { certificate, key, der } = identity();
    let utf_16 = |pem: &str| -> Vec<u8> {
        "\u{feff}".encode_utf16().chain(pem.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    };
    let labelled =
        |label: &str| format!("-----BEGIN {label}-----\nMAAA\n-----END {label}-----\n").into_bytes();
    let pkcs_12 = b"\x30\x82\x03\xab\x02\x01\x03\x30\x82\x03\x61".to_vec();
    let indented =
        |pem: &str| pem.lines().map(|line| format!("    {line}\n")).collect::<String>().into_bytes();
    for (certificate, expected) in [
        (der.to_vec(), "is DER; write it as PEM, as `openssl x509 -inform DER"),
        (pkcs_12.clone(), "is PKCS #12; write it as PEM, as `openssl pkcs12"),
        (labelled("CERTIFICATE REQUEST"), "holds a request for a certificate (CSR)"),
        (labelled("NEW CERTIFICATE REQUEST"), "holds a request for a certificate (CSR)"),
        (labelled("PKCS7"), "holds PKCS #7; rewrite it with `openssl pkcs7 -print_certs"),
        (labelled("TRUSTED CERTIFICATE"), "under another label; rewrite it with `openssl x509"),
        (labelled("X509 CERTIFICATE"), "under another label; rewrite it with `openssl x509"),
        (utf_16(certificate), "is text in UTF-16; save it as UTF-8"),
        (indented(certificate), "has blanks in front of its lines; remove them"),
        (labelled("OF NO KIND"), "holds no certificate: expected -----BEGIN CERTIFICATE-----"),
    ] {
        assert_eq!(
            taken(&certificate, key).map_err(|error| error.contains(expected)),
            Err(true),
            "{expected}: {:?}",
            taken(&certificate, key)
        );
    }
    let traditional = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n\
                       -----END EC PRIVATE KEY-----\n";
    for (key, expected) in [
        (b"\x30\x05\x02\x01\x00\x30\x00".to_vec(), "is DER; write it as PEM, as `openssl pkey -inform DER"),
        (pkcs_12, "is PKCS #12; write it as PEM, as `openssl pkcs12"),
        (labelled("ENCRYPTED PRIVATE KEY"), "is encrypted with a passphrase; write it without one"),
        (traditional.into(), "is encrypted with a passphrase; write it without one"),
        (labelled("OPENSSH PRIVATE KEY"), "holds a key for SSH"),
        (labelled("PUBLIC KEY"), "holds a public key; write the private key"),
        (labelled("DSA PRIVATE KEY"), "holds a DSA key"),
        (utf_16(key), "is text in UTF-16; save it as UTF-8"),
        (indented(key), "has blanks in front of its lines; remove them"),
    ] {
        assert_eq!(
            taken(certificate, &key).map_err(|error| error.contains(expected)),
            Err(true),
            "{expected}: {:?}",
            taken(certificate, &key)
        );
    }
}
