//! Addresses that other hosts can reach, and the options that allow it.

use mailchute::listen::Endpoint;

use crate::failure::Failure;
use crate::options::args::Options;
use crate::options::domains::Domains;
use crate::options::listen_at::ListenAddress;
use crate::process::listener::{Protocol, named};
use crate::process::privileges::is_root;

/// Returns the beginning of a message about the listener of an endpoint.
fn name_of(options: &Options, endpoint: &Endpoint) -> String {
    let is_port =
        |port: u16| matches!(endpoint, Endpoint::Tcp(address) if port == 0 || port == address.port());
    let is_it = |place: &ListenAddress| match (place, endpoint) {
        (ListenAddress::Own(Endpoint::Tcp(own)), Endpoint::Tcp(address)) => {
            own.ip() == address.ip() && is_port(own.port())
        }
        (ListenAddress::Own(own), endpoint) => own == endpoint,
        (ListenAddress::AllInterfaces(port) | ListenAddress::Host(_, port), _) => is_port(*port),
        (ListenAddress::Systemd(_), _) => false,
    };
    let listeners = named(options);
    let is_passed = |place: &ListenAddress| matches!(place, ListenAddress::Systemd(_));
    let found = listeners.iter().find(|(_, listener)| is_it(&listener.place));
    let found = found.or_else(|| listeners.iter().find(|(_, listener)| is_passed(&listener.place)));
    found.map_or_else(|| options.provenance.name("listen"), |(name, _)| name.clone())
}

/// Checks that other hosts can reach only what the options allow.
pub(crate) fn check_reachable<'e>(
    endpoints: impl IntoIterator<Item = (&'e Endpoint, Protocol)>,
    options: &Options,
) -> Result<(), Failure> {
    let mut public = endpoints.into_iter().filter(|(endpoint, _)| endpoint.is_public());
    public.try_for_each(|(endpoint, protocol)| {
        match protocol {
            Protocol::Http => check_console(endpoint, options)?,
            Protocol::Smtp | Protocol::Smtps | Protocol::Lmtp => check_mail(endpoint, options)?,
        }
        check_root(endpoint, options)
    })
}

fn check_console(endpoint: &Endpoint, options: &Options) -> Result<(), Failure> {
    // An inbox has test mail only, and is for everyone who can reach it.
    if options.web.console && options.web.console_auth.is_none() && !options.is_inbox {
        return Err(Failure::usage(format!(
            "{}: {endpoint} is reachable from other hosts, and without --console-auth the console shows all mail to anyone; \
             write --console-auth FILE, or --http 127.0.0.1:8025",
            name_of(options, endpoint)
        )));
    }
    Ok(())
}

fn check_mail(endpoint: &Endpoint, options: &Options) -> Result<(), Failure> {
    let name = || name_of(options, endpoint);
    if options.accepted().next().is_none() {
        return Err(Failure::usage(format!(
            "{}: {endpoint} is reachable from other hosts, and without --domain every recipient is accepted; write \
             --domain for each domain that you receive mail for, write --domain '*' for all mail, or listen on 127.0.0.1",
            name()
        )));
    }
    let takes_all = options.is_inbox || options.accepted().any(|domain| *domain == Domains::All);
    if options.auth_any && !takes_all {
        return Err(Failure::usage(format!(
            "{}: {endpoint} is reachable from other hosts, and with --auth-any mail from unknown clients would look authenticated; \
             write --auth-file FILE instead of --auth-any, add --domain '*' for an inbox of all mail, or listen on 127.0.0.1",
            name()
        )));
    }
    Ok(())
}

fn check_root(endpoint: &Endpoint, options: &Options) -> Result<(), Failure> {
    if options.user.is_none() && !options.allow_root && is_root() {
        return Err(Failure::usage(format!(
            "{}: {endpoint} is reachable from other hosts, and this program runs as root; write --user NAME to switch \
             to that user once the sockets are open, or --allow-root",
            name_of(options, endpoint)
        )));
    }
    Ok(())
}
