//! The certificates that the flags name, or a self-signed one. That one hides mail from eavesdroppers and proves
//! nothing.

use std::cell::OnceCell;

use mailchute::address::Domain;
use mailchute::tls::{Certificate, ClientCertificates, TlsConfig};

use crate::failure::Failure;
use crate::options::args::{CertificateUsage, ClientCertificate, Options};

/// The certificates of the program.
#[derive(Debug, Default)]
pub(crate) struct Certificates {
    /// Created once. A client that trusts on first use finds the same certificate after a reload.
    self_signed: OnceCell<TlsConfig>,
}

impl Certificates {
    /// Reads the files that the flags name. Returns their certificates too.
    pub(crate) fn read(&self, options: &Options) -> Result<(TlsConfig, Vec<Certificate>), Failure> {
        let pairs = options.tls_cert.iter().zip(&options.tls_key);
        let read = |(number, (certificate, key))| {
            Certificate::from_pem_files(certificate, key).map_err(|error| {
                let name = options.provenance.name_of_item("tls-cert", number);
                Failure::unusable(format!("{name}: {error}"))
            })
        };
        let own = pairs.enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
        let mut tls = match own.first() {
            Some(first) => TlsConfig::new(first.clone()),
            None => self.self_signed(options.hostname.as_deref().unwrap_or("localhost"))?,
        };
        for certificate in own.iter().skip(1) {
            tls = tls.add_certificate(certificate.clone()).map_err(Failure::unusable)?;
        }
        Ok((with_clients(tls, options)?, own))
    }

    /// Returns the self-signed certificate, and creates it at the first call.
    fn self_signed(&self, name: &str) -> Result<TlsConfig, Failure> {
        match self.self_signed.get() {
            Some(made) => Ok(made.clone()),
            None => {
                let made = self_signed(name)?;
                Ok(self.self_signed.get_or_init(|| made).clone())
            }
        }
    }
}

/// Adds the authorities of client certificates.
fn with_clients(tls: TlsConfig, options: &Options) -> Result<TlsConfig, Failure> {
    match &options.tls_client_ca {
        Some(authorities) => {
            let clients = ClientCertificates::from_pem_file(authorities).map_err(|error| {
                Failure::unusable(format!("{}: {error}", options.provenance.name("tls-client-ca")))
            })?;
            let clients = match options.tls_client_cert {
                ClientCertificate::Optional => clients,
                ClientCertificate::Required => clients.required(),
            };
            let clients = match options.tls_client_cert_usage {
                CertificateUsage::Client => clients,
                CertificateUsage::Any => clients.any_usage(),
            };
            tls.client_auth(clients).map_err(Failure::unusable)
        }
        None => Ok(tls),
    }
}

/// Creates a certificate for `name` that no authority has signed. It lasts until the program ends.
fn self_signed(name: &str) -> Result<TlsConfig, Failure> {
    // The builder refuses a name that is not a domain, and says what to write.
    let own = Some(name).filter(|name| Domain::parse(name).is_ok() && name.is_ascii());
    let names: Vec<String> = own.into_iter().chain(["localhost", "127.0.0.1"]).map(str::to_owned).collect();
    let made = rcgen::generate_simple_self_signed(names).map_err(Failure::running)?;
    TlsConfig::from_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes())
        .map_err(Failure::running)
}
