//! Chooses the certificate that a client gets.

use rustls::server::ClientHello;
use rustls::sign::SigningKey;
use rustls::{SignatureScheme, SupportedCipherSuite};

/// Returns whether a client can continue with a server that has this key.
///
/// In TLS 1.3 the client's signature schemes decide. In TLS 1.2 the cipher suite also names the kind of key (RFC 8422
/// §2), and many clients name schemes for kinds that none of their suites has.
pub(super) fn can_be_served_by(
    hello: &ClientHello<'_>,
    is_tls_1_3: bool,
    key: &dyn SigningKey,
    suites: &[SupportedCipherSuite],
) -> bool {
    if is_tls_1_3 {
        let schemes: Vec<_> =
            hello.signature_schemes().iter().copied().filter(|&scheme| is_of_tls_1_3(scheme)).collect();
        return key.choose_scheme(&schemes).is_some();
    }
    suites.iter().filter(|suite| hello.cipher_suites().contains(&suite.suite())).any(|suite| match suite {
        SupportedCipherSuite::Tls12(suite) => {
            key.choose_scheme(&suite.resolve_sig_schemes(hello.signature_schemes())).is_some()
        }
        SupportedCipherSuite::Tls13(_) => false,
    })
}

/// Returns whether TLS 1.3 signs handshakes with this scheme: not with PKCS #1, and not with SHA-1 (RFC 8446 §4.2.3).
fn is_of_tls_1_3(scheme: SignatureScheme) -> bool {
    !matches!(
        scheme,
        SignatureScheme::RSA_PKCS1_SHA1
            | SignatureScheme::RSA_PKCS1_SHA256
            | SignatureScheme::RSA_PKCS1_SHA384
            | SignatureScheme::RSA_PKCS1_SHA512
            | SignatureScheme::ECDSA_SHA1_Legacy
    )
}
