//! The facts of a TLS session.

use std::sync::Arc;

use rustls::{CipherSuite, HandshakeKind, ServerConnection};

use super::peer::ClientCertificate;
use super::version::TlsVersion;

/// The facts of a TLS session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsFacts {
    /// The version of TLS.
    pub version: TlsVersion,
    /// The cipher suite by its IANA name.
    pub cipher: &'static str,
    /// The name of the server that the client asked for (SNI).
    pub sni: Option<String>,
    /// Whether the client resumed an earlier session.
    pub is_resumed: bool,
    /// The client's certificate, if the server [asked](crate::tls::TlsConfig::client_auth) for one and the client
    /// has one. A resumed session has the earlier session's certificate, judged again.
    pub client: Option<Arc<ClientCertificate>>,
}

impl TlsFacts {
    pub(super) fn of(connection: &ServerConnection, client: Option<Arc<ClientCertificate>>) -> Self {
        Self {
            version: TlsVersion::of(connection.protocol_version()),
            cipher: connection.negotiated_cipher_suite().map_or("unknown", |suite| iana_name(suite.suite())),
            sni: connection.server_name().map(str::to_owned),
            is_resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
            client,
        }
    }
}

/// Returns the IANA name of a suite. rustls calls the suites of TLS 1.3 `TLS13_…`, which no registry does.
fn iana_name(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        other => other.as_str().unwrap_or("unknown"),
    }
}
