//! The facts of a TLS session without a handshake.

use std::sync::Arc;

use crate::tls::{ClientCertificate, TlsFacts, TlsVersion, Trust};

/// Describes a TLS session: TLS 1.3, without a name (SNI) and without a certificate of the client.
///
/// # Examples
/// ```
/// use mailchute::{Refusal, Server, testing};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mailchute::BuildError> {
/// let server = Server::builder()
///     .on_rcpt_to(|to, session| async move {
///         let tls = session.tls();
///         let partner = tls.as_ref().and_then(|tls| tls.client.as_ref()).filter(|client| client.is_verified());
///         if to.is_local_to(["example.com"]) || partner.is_some() {
///             return Ok(());
///         }
///         Err(Refusal::new(550, (5, 7, 1), "Relaying denied"))
///     })
///     .store(testing::Inbox::new())
///     .build()?;
///
/// let certificate = testing::client_certificate("mail.partner.example");
/// for (tls, code) in [
///     (testing::tls(), 550),
///     (testing::tls().unverified_client(certificate.clone()), 550),
///     (testing::tls().client(certificate), 250),
/// ] {
///     let mut client = testing::connect(&server).tls(tls).open();
///     client.ready().await.expect(250);
///     client.command("MAIL FROM:<>").await.expect(250);
///     client.command("RCPT TO:<bob@elsewhere.example>").await.expect(code);
/// }
/// # Ok(())
/// # }
/// ```
pub fn tls() -> TlsBuilder {
    TlsBuilder { version: TlsVersion::Tls1_3, sni: None, client: None }
}

/// Describes a TLS session: see [`tls`].
#[derive(Debug, Clone)]
#[must_use = "it does nothing until it is built"]
pub struct TlsBuilder {
    version: TlsVersion,
    sni: Option<String>,
    client: Option<ClientCertificate>,
}

impl TlsBuilder {
    /// Sets the version. Default is TLS 1.3.
    pub fn version(mut self, version: TlsVersion) -> Self {
        self.version = version;
        self
    }

    /// Sets the name that the client asks for (SNI). Default is none.
    pub fn sni(mut self, name: impl Into<String>) -> Self {
        self.sni = Some(name.into());
        self
    }

    /// Sets the certificate that the client shows, which an authority vouches for. [`client_certificate`] makes one.
    /// Default is none.
    pub fn client(mut self, certificate: ClientCertificate) -> Self {
        self.client = Some(certificate);
        self
    }

    /// Does the same as [`client`](Self::client), for a certificate that no trusted authority vouches for.
    pub fn unverified_client(self, certificate: ClientCertificate) -> Self {
        let trust = Trust::Unverified { reason: "no authority that is trusted has signed it".to_owned() };
        let mut certificate = certificate;
        certificate.trust = trust;
        self.client(certificate)
    }

    /// Makes the facts, to call [`Hooks::secure`](crate::Hooks::secure) directly.
    #[must_use]
    pub fn build(&self) -> TlsFacts {
        TlsFacts {
            version: self.version,
            cipher: match self.version {
                TlsVersion::Tls1_2 => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                TlsVersion::Tls1_3 => "TLS_AES_256_GCM_SHA384",
            },
            sni: self.sni.clone(),
            is_resumed: false,
            client: self.client.clone().map(Arc::new),
        }
    }
}

/// Makes a verified certificate with this common name and no other names. It has no content (DER).
///
/// # Examples
/// ```
/// use mailchute::testing;
///
/// let mut partner = testing::client_certificate("Mail of Partner");
/// partner.dns_names.push("mail.partner.example".into());
/// assert!(partner.is_verified());
/// ```
#[must_use]
pub fn client_certificate(common_name: &str) -> ClientCertificate {
    let mut certificate = ClientCertificate::parse(&[], Trust::Verified);
    certificate.common_name = Some(common_name.to_owned());
    certificate
}
