//! Explanations of the facts of a TLS session.

use mailchute_proto::escaped;
use mailchute_proto::explain::Explanation;

use crate::tls::{ClientCertificate, TlsFacts, TlsVersion, Trust};

/// Explains each fact of a TLS session: version, cipher, the name that the client asked for, whether an earlier session
/// goes on, and the certificate of the client.
///
/// Names are [escaped](crate::syntax::escaped).
#[must_use]
pub fn tls(facts: &TlsFacts) -> Vec<Explanation> {
    vec![
        tls_version(facts.version),
        cipher(facts.cipher),
        server_name(facts.sni.as_deref()),
        resumption(facts.is_resumed),
        client_certificate(facts.client.as_deref()),
    ]
}

/// Explains a version of TLS.
#[must_use]
pub fn tls_version(version: TlsVersion) -> Explanation {
    match version {
        TlsVersion::Tls1_2 => Explanation::new(
            "TLS 1.2",
            "The connection is encrypted by an older version of TLS, which is still safe with good ciphers.",
            "RFC 5246",
        ),
        TlsVersion::Tls1_3 => Explanation::new(
            "TLS 1.3",
            "The connection is encrypted by the newest version of TLS.",
            "RFC 8446",
        ),
    }
}

/// Explains a cipher suite by its IANA name, such as `TLS_AES_128_GCM_SHA256`.
#[must_use]
pub fn cipher(suite: &str) -> Explanation {
    let how = if suite.contains("CHACHA20_POLY1305") {
        "ChaCha20-Poly1305 encrypts the bytes and notices every change to them."
    } else if suite.contains("AES_256_GCM") {
        "AES with a key of 256 bits encrypts the bytes, and GCM notices every change to them."
    } else if suite.contains("AES_128_GCM") {
        "AES with a key of 128 bits encrypts the bytes, and GCM notices every change to them."
    } else {
        "This cipher suite is rare today."
    };
    // All suites of TLS 1.3 make new keys for each session, and their names leave that out.
    let is_forward_secret = suite.contains("DHE_") || !suite.contains("_WITH_");
    let keys = if is_forward_secret {
        "The keys are new for each session, so a key that is stolen later does not open it."
    } else {
        "An attacker who gets the key of the certificate later can open a recorded session."
    };
    Explanation::new("Cipher", format!("{how} {keys}"), "RFC 8446 §B.4")
}

fn server_name(name: Option<&str>) -> Explanation {
    let text = match name {
        Some(name) => format!(
            "The client asked for {} (SNI), so that the server can choose the certificate of that name.",
            escaped(name.as_bytes())
        ),
        None => "The client named no server (SNI), so it gets the default certificate.".to_owned(),
    };
    Explanation::new("Name of the server", text, "RFC 6066 §3")
}

fn resumption(is_resumed: bool) -> Explanation {
    let text = if is_resumed {
        "The client goes on with an earlier TLS session, which saves most of the handshake."
    } else {
        "This is a full handshake: the server showed its certificate."
    };
    Explanation::new(if is_resumed { "Resumed" } else { "New" }, text, "RFC 8446 §2.2")
}

fn client_certificate(certificate: Option<&ClientCertificate>) -> Explanation {
    const CLAUSE: &str = "RFC 8446 §4.4.2";
    let Some(certificate) = certificate else {
        let text = "The client showed no certificate. Few clients have one.";
        return Explanation::new("No client certificate", text, CLAUSE);
    };
    let name = escaped(certificate.name().unwrap_or("nobody").as_bytes());
    match &certificate.trust {
        Trust::Verified => Explanation::new(
            "Verified client certificate",
            format!(
                "The client's certificate names {name}, and an authority that the server trusts vouches for it."
            ),
            CLAUSE,
        ),
        Trust::Unverified { reason } => Explanation::new(
            "Unverified client certificate",
            format!(
                "The client's certificate names {name}, and nobody whom the server trusts vouches for it: {}.",
                escaped(reason.as_bytes())
            ),
            CLAUSE,
        ),
    }
}

/// Explains a failed TLS handshake. The event has the cause.
#[must_use]
pub fn handshake_failed() -> Explanation {
    Explanation::new(
        "TLS failed",
        "Client and server found no common way to encrypt, or one did not trust the certificate of the other. The \
         client may try again, perhaps without TLS.",
        "RFC 3207 §4.1",
    )
}
