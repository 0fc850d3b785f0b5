//! SIGHUP: reads the configuration file and the files that options name again, and applies all of them or none.
//!
//! # Why
//!
//! A reload does the same without a configuration file. It reads all files, then reconfigures the server; the steps
//! after that cannot fail. Only the password file affects running sessions: a user who is removed from it can no longer
//! log in.

use mailchute::Server;
use mailchute::listen::Endpoint;
use mailchute::tls::Certificate;

use crate::commands::build::{Configuration, Parts, builder, wrong_option};
use crate::commands::http::Http;
use crate::commands::reach;
use crate::commands::recipients;
use crate::commands::warnings;
use crate::failure::Failure;
use crate::log::Log;
use crate::options::args::Options;
use crate::options::domains::Domains;
use crate::options::merge::CommandLine;
use crate::process::listener::{Listener, Protocol};
use crate::process::reachable::check_reachable;
use crate::users::Users;
use crate::users::auth_file::AuthFile;

impl Configuration {
    /// Reads everything again and applies it to new sessions, all or nothing. Logs each mistake.
    pub(crate) fn reload(
        &mut self,
        command_line: &CommandLine,
        endpoints: &[(Endpoint, Protocol)],
        log: &Log,
        server: &Server,
        http: &Http,
    ) {
        let reloaded = match http.read_logins() {
            Ok(logins) => self
                .try_reload(command_line, endpoints, log, server)
                .map(|certificates| (certificates, logins)),
            Err(failure) => Err(vec![failure]),
        };
        http.reloaded(reloaded.as_ref().ok().map(|(certificates, _)| &**certificates));
        let failures = match reloaded {
            Ok((_, logins)) => return logins.replace(),
            Err(failures) => failures,
        };
        for failure in failures {
            for error in failure.to_string().lines() {
                tracing::error!(
                    name: "reload-failed",
                    %error,
                    "kept all certificates, users and options as they were"
                );
            }
        }
    }

    fn try_reload(
        &mut self,
        command_line: &CommandLine,
        endpoints: &[(Endpoint, Protocol)],
        log: &Log,
        server: &Server,
    ) -> Result<Vec<Certificate>, Vec<Failure>> {
        let options = command_line.options().map_err(|failure| vec![failure])?;
        // Without the earlier domains, the server could become an open relay.
        let open = endpoints.iter().map(|(endpoint, protocol)| (endpoint, *protocol));
        let fixed = self.refuse_fixed(&options).and_then(|()| check_reachable(open, &options));
        let tls = self.certificates.read(&options);
        let users = self.read_users(&options);
        let recipients = recipients::read(&options);
        let ((tls, own), recipients, (users, file)) = match (fixed, tls, recipients, users) {
            (Ok(()), Ok(tls), Ok(recipients), Ok(users)) => (tls, recipients, users),
            (fixed, tls, recipients, users) => {
                let failures = [fixed.err(), tls.err(), recipients.err(), users.err()];
                return Err(failures.into_iter().flatten().collect());
            }
        };
        // Last, as a new filter may open files.
        let filters = self.filters.again(&self.options, &options).map_err(|failure| vec![failure])?;
        let parts = Parts {
            tls,
            users: users.clone(),
            recipients,
            filters: filters.clone(),
            store: self.store.clone(),
            chaos: self.chaos.clone(),
        };
        server.reconfigure(builder(&options, parts)).map_err(|error| vec![wrong_option(error, &options)])?;
        // The steps below cannot fail.
        self.warn_of_open_doors(&options);
        warnings::log(warnings::of(&options, &own));
        log.set(&options.log_level);
        if options.tls_cert.is_empty() {
            tracing::info!(name: "certificate-kept", "kept the self-signed certificate");
        } else {
            let certificates = options.tls_cert.len();
            tracing::info!(
                name: "certificates-read",
                certificates,
                "read the certificates again; new TLS sessions get them"
            );
        }
        if let (Some(users), Some(file)) = (&users, file) {
            users.replace(file);
        }
        if let Some(file) = &options.config {
            let file = file.display();
            tracing::info!(name: "configuration-read", %file, "read the configuration again; new sessions get it");
        }
        self.filters = filters;
        self.options = options;
        // Sessions that began with a password file keep it when the option is removed, and follow it when it comes
        // back.
        self.users = users.or(self.users.take());
        Ok(own)
    }

    /// Returns the users for new sessions, and the file to apply if it replaces another one.
    fn read_users(&self, options: &Options) -> Result<(Option<Users>, Option<AuthFile>), Failure> {
        match (&options.auth_file, &self.users) {
            (None, _) => Ok((None, None)),
            (Some(path), None) => Ok((Some(Users::read(path)?), None)),
            (Some(path), Some(users)) => {
                let (users, file) = users.read_again(path)?;
                Ok((Some(users), Some(file)))
            }
        }
    }

    /// A file that is read while an editor writes it may lack half of its options.
    fn warn_of_open_doors(&self, options: &Options) {
        for (option, is_dropped) in [
            ("require-tls", self.options.require_tls && !options.require_tls),
            ("require-auth", self.options.require_auth && !options.require_auth),
            ("auth-file", self.options.auth_file.is_some() && options.auth_file.is_none()),
            ("tls-client-ca", self.options.tls_client_ca.is_some() && options.tls_client_ca.is_none()),
            ("domain", self.options.accepted().next().is_some() && options.accepted().next().is_none()),
        ] {
            if is_dropped {
                tracing::warn!(name: "option-dropped", option, "the option is no longer set");
            }
        }
    }

    /// Refuses changes of options that are fixed at the start: sockets, privileges and the store.
    fn refuse_fixed(&self, options: &Options) -> Result<(), Failure> {
        let blocked = if options.sandbox { reach::blocked(&self.options, options) } else { None };
        let is_changed = [
            ("listen", options.listen != self.options.listen),
            ("tls-listen", options.tls_listen != self.options.tls_listen),
            ("lmtp", options.lmtp != self.options.lmtp),
            ("listener", sockets_of(options) != sockets_of(&self.options)),
            ("store", options.store != self.options.store),
            ("domain", stores_of(options) != stores_of(&self.options)),
            ("state", options.state != self.options.state),
            ("user", options.user != self.options.user),
            ("allow-root", options.allow_root != self.options.allow_root),
            ("sandbox", options.sandbox != self.options.sandbox),
            ("reach", blocked.is_some()),
            ("http", options.web.addresses() != self.options.web.addresses()),
            ("console", options.web.console != self.options.web.console),
            ("console-auth", options.web.console_auth != self.options.web.console_auth),
            ("console-name", options.web.console_name != self.options.web.console_name),
            ("console-tags", options.web.console_tags != self.options.web.console_tags),
            ("console-release", options.web.console_release != self.options.web.console_release),
            ("console-release-to", options.web.console_release_to != self.options.web.console_release_to),
            ("keep", options.web.keep != self.options.web.keep),
            ("explain", options.explain != self.options.explain),
            ("log-format", options.log_format != self.options.log_format),
            // Clients that verify certificates refuse a self-signed one.
            ("tls-cert", options.tls_cert.is_empty() && !self.options.tls_cert.is_empty()),
        ];
        let changed: Vec<_> = is_changed.into_iter().filter(|(_, is_changed)| *is_changed).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let hint = |option| match option {
            // The new process inherits the rights of this process.
            "user" | "allow-root" => "restart",
            "reach" => "restart, as the sandbox does not allow what it needs",
            "listen" | "tls-listen" | "lmtp" | "listener" => {
                "hand over to a new process with SIGUSR2, or restart if the protocol of an address changes"
            }
            _ => "hand over to a new process with SIGUSR2, or restart",
        };
        let line = |&(option, _): &(&'static str, bool)| {
            let name = match (option, options.listener.first(), options.domains.first()) {
                ("listener", Some(first), _) => first.provenance.name("address"),
                ("domain", _, Some(first)) => first.provenance.name("store"),
                ("reach", ..) => blocked.clone().unwrap_or_default(),
                _ => options.provenance.name(option),
            };
            format!("{name}: this option cannot change while the program runs; {}", hint(option))
        };
        let lines: Vec<_> = changed.iter().map(line).collect();
        Err(Failure::usage(lines.join("\n")))
    }
}

/// The sockets of all `[[listener]]`, and what cannot change about them.
fn sockets_of(options: &Options) -> Vec<Listener> {
    options.listener.iter().flat_map(Listener::of).collect()
}

/// The stores of domains, which are opened at the start.
fn stores_of(options: &Options) -> Vec<(&[Domains], &[String])> {
    let stores = options.domains.iter().map(|domain| (&*domain.name, &*domain.store));
    stores.filter(|(_, stores)| !stores.is_empty()).collect()
}
