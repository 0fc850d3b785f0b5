//! Certificates of clients, and authorities that issue them.

use std::sync::Arc;

use mailchute::tls::{ClientCertificates, TlsConfig};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, SupportedProtocolVersion};

use super::tls::{Identity, client, identity};

pub(crate) struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::called("Authority")
    }

    pub(crate) fn called(name: &str) -> Self {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("keys can be made");
        let certificate = parameters.self_signed(&key).expect("the key signs").pem();
        Self { certificate, issuer: Issuer::new(parameters, key) }
    }

    pub(crate) fn sign(&self, parameters: &CertificateParams) -> Identity {
        let key = KeyPair::generate().expect("keys can be made");
        Identity::new(&parameters.signed_by(&key, &self.issuer).expect("the authority signs"), &key)
    }

    pub(crate) fn asked(&self) -> ClientCertificates {
        ClientCertificates::from_pem(self.certificate.as_bytes()).expect("it was just made")
    }
}

pub(crate) fn named(common_name: &str) -> CertificateParams {
    let mut parameters =
        CertificateParams::new(vec!["mail.client.example".to_owned()]).expect("it is a name");
    parameters.distinguished_name.push(DnType::CommonName, common_name);
    parameters.subject_alt_names.extend(
        [("alice@client.example", SanType::Rfc822Name as fn(_) -> _), ("spiffe://client/mail", SanType::URI)]
            .map(|(name, kind)| kind(name.try_into().expect("it is ASCII"))),
    );
    parameters
}

pub(crate) fn with(shown: &Identity, versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
    let chain = vec![CertificateDer::from_pem_slice(shown.certificate.as_bytes()).expect("it was just made")];
    let key = PrivateKeyDer::from_pem_slice(shown.key.as_bytes()).expect("it was just made");
    client(versions, &[identity()]).with_client_auth_cert(chain, key).expect("they belong together").into()
}

pub(crate) fn tls(clients: ClientCertificates) -> TlsConfig {
    super::tls::config().client_auth(clients).expect("it is no configuration of rustls")
}
