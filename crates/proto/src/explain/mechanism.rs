//! Explanations of the mechanisms of AUTH.

use super::Explanation;
use crate::sasl::Mechanism;

/// Explains a mechanism of AUTH.
#[must_use]
pub fn mechanism(mechanism: Mechanism) -> Explanation {
    let (title, text, clause) = match mechanism {
        Mechanism::External => (
            "Login by certificate",
            "The client sends no password. Its TLS certificate, which the server has verified, says who it is.",
            "RFC 4422 appendix A",
        ),
        Mechanism::ScramSha256Plus => (
            "Login by proof, bound to TLS",
            "Client and server prove to each other that they know the password, and do not send it. The proof holds \
             for this TLS session only, so nobody in the middle can pass it on.",
            "RFC 7677 §3",
        ),
        Mechanism::ScramSha256 => (
            "Login by proof",
            "Client and server prove to each other that they know the password, and do not send it.",
            "RFC 7677 §3",
        ),
        Mechanism::Plain => (
            "Login by password",
            "The client sends user and password in one line, in base64. Base64 is not encryption, so this is safe \
             inside TLS only.",
            "RFC 4616 §2",
        ),
        Mechanism::Login => (
            "Login by password, in two steps",
            "The server asks for the user and then for the password, both in base64. Base64 is not encryption, so this \
             is safe inside TLS only.",
            "draft-murchison-sasl-login",
        ),
        Mechanism::OauthBearer => (
            "Login by token",
            "The client sends a token that a login service has issued. The token is as good as a password until it \
             expires.",
            "RFC 7628 §3",
        ),
        Mechanism::Xoauth2 => (
            "Login by token, in an older form",
            "The client sends a token that a login service has issued, in the form that large providers use.",
            "",
        ),
        Mechanism::CramMd5 => (
            "Login by digest",
            "The client answers a challenge with a digest of its password. The digest uses MD5, which is weak today.",
            "RFC 2195 §2",
        ),
    };
    Explanation::new(title, text, clause)
}

/// Explains the name of a mechanism, in any case. It also knows mechanisms that this server does not have.
#[must_use]
pub fn mechanism_name(name: &str) -> Explanation {
    if let Some(known) = Mechanism::by_name(name.as_bytes()) {
        return mechanism(known);
    }
    let name = name.to_ascii_uppercase();
    let (title, text, clause) = match &*name {
        "SCRAM-SHA-1" | "SCRAM-SHA-1-PLUS" => (
            "Login by proof, with SHA-1",
            "Client and server prove to each other that they know the password, and do not send it. Newer servers use \
             SHA-256.",
            "RFC 5802 §3",
        ),
        "SCRAM-SHA-512" | "SCRAM-SHA-512-PLUS" | "SCRAM-SHA3-512" | "SCRAM-SHA3-512-PLUS" => (
            "Login by proof",
            "Client and server prove to each other that they know the password, and do not send it.",
            "RFC 5802 §3",
        ),
        "DIGEST-MD5" => (
            "Login by digest",
            "The client proves its password with digests of MD5. The mechanism is obsolete.",
            "RFC 6331",
        ),
        "GSSAPI" | "GS2-KRB5" | "GS2-KRB5-PLUS" | "GSS-SPNEGO" | "KERBEROS_V4" => (
            "Login by Kerberos",
            "The client sends a ticket of a Kerberos server, so that it needs no password here.",
            "RFC 4752 §3",
        ),
        "NTLM" => (
            "Login by NTLM",
            "The client answers a challenge as Windows does. The mechanism is weak and has no RFC.",
            "",
        ),
        "ANONYMOUS" => (
            "Login without a name",
            "The client says that it has no account. Hardly any mail server allows this.",
            "RFC 4505 §2",
        ),
        _ => (
            "Mechanism of AUTH",
            "This is not a mechanism that Mailchute knows. The server says in its reply to EHLO which ones it takes.",
            "RFC 4954 §4",
        ),
    };
    Explanation::new(title, text, clause)
}
