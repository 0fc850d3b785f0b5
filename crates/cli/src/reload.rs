//! SIGHUP: the files that the flags name are read again, and put in force all together or not at all.

use mailchute::{Server, TlsConfig};

use crate::args::Options;
use crate::certificate::Certificates;
use crate::failure::Failure;
use crate::users::Users;

/// What comes from files.
#[derive(Debug)]
pub(crate) struct Files {
    certificates: Certificates,
    users: Option<Users>,
}

impl Files {
    /// Reads them for the first time.
    pub(crate) fn read(options: &Options) -> Result<(Self, TlsConfig), Failure> {
        let users = options.auth_file.as_deref().map(Users::read).transpose()?;
        let certificates = Certificates::default();
        let tls = certificates.read(options)?;
        Ok((Self { certificates, users }, tls))
    }

    pub(crate) fn users(&self) -> Option<&Users> {
        self.users.as_ref()
    }

    /// Reads them again. What is wrong is told for each file, and then nothing changes.
    pub(crate) fn read_again(&self, options: &Options, server: &Server) {
        let tls = self.certificates.read(options);
        let users = self.users.as_ref().map(Users::read_again).transpose();
        let outcome = match (tls, users) {
            (Ok(tls), Ok(users)) => {
                server.reload_tls(tls).map(|()| users).map_err(|error| vec![Failure::running(error)])
            }
            (tls, users) => Err([tls.err(), users.err()].into_iter().flatten().collect()),
        };
        match outcome {
            Ok(read) => {
                if let (Some(users), Some(read)) = (&self.users, read) {
                    users.replace(read);
                }
                tracing::info!(
                    certificates = options.tls_cert.len().max(1),
                    users = self.users.as_ref().map_or(0, Users::count),
                    "read the files again; new TLS sessions and logins get what they say"
                );
            }
            Err(errors) => {
                for error in errors {
                    tracing::error!(%error, "kept all that is in force: a file cannot be used");
                }
            }
        }
    }
}
