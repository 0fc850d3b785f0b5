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

    /// Reads all of them again and puts them in force, all or none. What is wrong is told for each file.
    pub(crate) fn reload(&self, server: &Server) {
        for error in self.try_reload(server).err().into_iter().flatten() {
            tracing::error!(%error, "kept the certificates in force and the users: a file cannot be used");
        }
    }

    fn try_reload(&self, server: &Server) -> Result<(), Vec<Failure>> {
        let tls = self.tls();
        let users = self.users.as_ref().map(|users| Ok((users, users.read_again()?))).transpose();
        let (tls, users) = match (tls, users) {
            (Ok(tls), Ok(users)) => (tls, users),
            (tls, users) => return Err([tls.err(), users.err()].into_iter().flatten().collect()),
        };
        server.reload_tls(tls).map_err(|error| vec![Failure::unusable(error)])?;
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
