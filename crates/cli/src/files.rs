//! The files that the flags name: read at the start, and again at SIGHUP.

use mailchute::{Server, TlsConfig};

use crate::args::Options;
use crate::certificate::Certificates;
use crate::failure::Failure;
use crate::users::Users;

/// Certificates and users, as the files had them when they were read last.
#[derive(Debug)]
pub(crate) struct Files<'o> {
    options: &'o Options,
    certificates: Certificates,
    users: Option<Users>,
}

impl<'o> Files<'o> {
    /// Reads the password file, if there is one.
    pub(crate) fn of(options: &'o Options) -> Result<Self, Failure> {
        let users = options.auth_file.as_deref().map(Users::read).transpose()?;
        Ok(Self { options, certificates: Certificates::default(), users })
    }

    /// Reads the certificates.
    pub(crate) fn tls(&self) -> Result<TlsConfig, Failure> {
        self.certificates.read(self.options)
    }

    /// Those of the password file; what is read again reaches them.
    pub(crate) fn users(&self) -> Option<Users> {
        self.users.clone()
    }

    /// Reads all of them again and puts them in force, all or none.
    pub(crate) fn reload(&self, server: &Server) {
        if let Err(error) = self.try_reload(server) {
            tracing::error!(%error, "kept the certificates in force and the users: a file cannot be used");
        }
    }

    fn try_reload(&self, server: &Server) -> Result<(), Failure> {
        let tls = self.tls()?;
        let users = match &self.users {
            Some(users) => Some((users, users.read_again()?)),
            None => None,
        };
        server.reload_tls(tls).map_err(Failure::unusable)?;
        tracing::info!(
            certificates = self.options.tls_cert.len().max(1),
            "read the certificates again; new TLS sessions get them"
        );
        if let Some((users, file)) = users {
            users.replace(file);
        }
        Ok(())
    }
}
