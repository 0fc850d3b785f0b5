//! Warnings: what is allowed but risky, or stops working soon. Each names its option, as a mistake does.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use mailchute::listen::Endpoint;
use mailchute::tls::Certificate;
use mailchute_stores::NextHop;

use crate::commands::reach;
use crate::commands::store;
use crate::options::args::Options;
use crate::options::rules;
use crate::options::schema::USE;
use crate::process::listener::Protocol;
use crate::process::network::{self, Obstacle};
use crate::process::privileges::Account;
use crate::process::sockets;

/// A certificate that expires within this time is warned of. Programs that renew certificates do so earlier.
const SOON: Duration = Duration::from_secs(14 * 86_400);

/// Returns the warnings of options, of the certificates that they name, and of the network, which stays as it is.
pub(crate) fn at_start(options: &Options, certificates: &[Certificate]) -> Vec<String> {
    let mut warnings = of(options, certificates);
    warnings.extend(of_network(options, network::obstacle()));
    warnings
}

/// Returns the warnings of options, and of the certificates that they name.
pub(crate) fn of(options: &Options, certificates: &[Certificate]) -> Vec<String> {
    let mut warnings = rules::warnings(options);
    warnings.extend(of_certificates(options, certificates, SystemTime::now()));
    warnings.extend(sockets::repeated(options));
    warnings.extend(of_open_endpoints(options));
    warnings
}

/// Logs warnings.
pub(crate) fn log(warnings: Vec<String>) {
    for warning in warnings {
        tracing::warn!(name: "option-warning", "{warning}");
    }
}

/// Warns of certificates that expire soon. The library warns of those that have expired, when it reads them.
fn of_certificates(options: &Options, certificates: &[Certificate], now: SystemTime) -> Vec<String> {
    let mut warnings = Vec::new();
    for (number, certificate) in certificates.iter().enumerate() {
        let Some(left) = certificate.expires().and_then(|end| end.duration_since(now).ok()) else { continue };
        if left < SOON {
            let days = left.as_secs() / 86_400;
            warnings.push(format!(
                "{}: the certificate expires in {days} days; renew it",
                options.provenance.name_of_item("tls-cert", number)
            ));
        }
    }
    if let Some(host) = &options.hostname
        && !certificates.is_empty()
        && !certificates.iter().any(|certificate| certificate.is_for(host))
    {
        warnings.push(format!(
            "{}: no certificate is for the host {host}, so clients that verify it do not send; write a certificate for \
             this name, or the hostname that the certificate has",
            options.provenance.name("tls-cert")
        ));
    }
    warnings
}

/// Warns of certificates that have expired, for a command that has no log.
pub(crate) fn of_expired(options: &Options, certificates: &[Certificate]) -> Vec<String> {
    let now = SystemTime::now();
    let is_expired = |certificate: &Certificate| certificate.expires().is_some_and(|end| end < now);
    let expired = certificates.iter().enumerate().filter(|(_, certificate)| is_expired(certificate));
    expired
        .map(|(number, _)| {
            let name = options.provenance.name_of_item("tls-cert", number);
            format!("{name}: the certificate has expired, and clients that verify it do not send; renew it")
        })
        .collect()
}

/// Warns of what is wrong on an address that the Internet may reach: the first one tells for all.
fn of_open_endpoints(options: &Options) -> Vec<String> {
    let mut warnings = Vec::new();
    let open: Vec<_> =
        sockets::endpoints(options).into_iter().filter(|(_, endpoint, _)| is_open(endpoint)).collect();
    let console = open.iter().find(|(.., protocol)| options.web.console && *protocol == Protocol::Http);
    // An inbox shows test mail only.
    if let Some((name, endpoint, _)) = console.filter(|_| !options.is_inbox) {
        warnings.push(format!(
            "{name}: {endpoint} is reachable from other networks, where mail and passwords of the console can be read on \
             their way; listen on 127.0.0.1, and let a web server with TLS pass requests on"
        ));
    }
    let Some((name, endpoint, _)) = open.iter().find(|(.., protocol)| *protocol != Protocol::Http) else {
        return warnings;
    };
    if options.tls_cert.is_empty() && !options.is_inbox {
        warnings.push(format!(
            "{name}: {endpoint} is reachable from other networks, where clients cannot verify a self-signed certificate; \
             add --tls-cert and --tls-key"
        ));
    }
    if options.allow_plaintext_auth && !options.is_inbox {
        warnings.push(format!(
            "{}: {endpoint} is reachable from other networks, where passwords can be read on their way; leave it out, or \
             listen on a private address",
            options.provenance.name("allow-plaintext-auth")
        ));
    }
    warnings
}

/// Returns whether hosts of other networks can reach an endpoint, as far as its address tells.
fn is_open(endpoint: &Endpoint) -> bool {
    let Endpoint::Tcp(address) = endpoint else { return false };
    let is_private = match address.ip().to_canonical() {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    };
    endpoint.is_public() && !is_private
}

/// Warns of servers that this process cannot reach.
fn of_network(options: &Options, obstacle: Option<Obstacle>) -> Vec<String> {
    let Some(obstacle) = obstacle else { return Vec::new() };
    let is_blocked = |address: Option<IpAddr>| match obstacle {
        Obstacle::NoSockets => true,
        Obstacle::OnlyLoopback => !address.is_some_and(|address| address.is_loopback()),
    };
    let is_far = |next_hop: &NextHop| match next_hop {
        NextHop::Tcp { host, .. } if host == "localhost" => is_blocked(Some(Ipv4Addr::LOCALHOST.into())),
        NextHop::Tcp { host, .. } => is_blocked(host.parse().ok()),
        _ => false,
    };
    let far = reach::servers(options).into_iter().filter(|(_, next_hop)| is_far(next_hop));
    let mut blocked: Vec<_> = far.map(|(name, next_hop)| (name, next_hop.to_string())).collect();
    let asks = options.filter.iter().find(|filter| filter.kind.needs().dns);
    // The servers of the system are mostly other hosts.
    let servers = options.dns.iter().map(|server| Some(server.0.ip()));
    let is_dns_blocked = options.dns.is_empty() || servers.into_iter().any(is_blocked);
    blocked.extend(
        asks.filter(|_| is_dns_blocked).map(|filter| (filter.provenance.name(USE), "the DNS".to_owned())),
    );
    let in_words = |(name, server)| {
        format!(
            "{name}: {server} cannot be reached, as {obstacle}; if systemd runs the program, install network.conf next to \
             its unit"
        )
    };
    blocked.into_iter().map(in_words).collect()
}

/// Warns of directories of stores that the user of `--user` cannot write to. Missing ones are made for that user.
pub(crate) fn of_directories(options: &Options, account: &Account) -> Vec<String> {
    let mut warnings = Vec::new();
    for (name, directory) in store::directories(options) {
        let parts = [directory.clone(), directory.join("tmp"), directory.join("new")];
        let is_refused = |path: &Path| path.is_dir() && !account.can_write(path);
        let refused: Option<&PathBuf> = parts.iter().find(|path| is_refused(path));
        if let (Some(path), Some(user)) = (refused, &options.user) {
            warnings.push(format!(
                "{name}: the user {user} cannot write to {}; run chown -R {user} {}, or write another directory",
                path.display(),
                directory.display()
            ));
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_and_loopback_addresses_are_not_open() {
        for (address, expected) in [
            ("0.0.0.0:25", true),
            ("[::]:25", true),
            ("192.0.2.1:25", true),
            ("[2001:db8::1]:25", true),
            ("127.0.0.1:25", false),
            ("10.1.2.3:25", false),
            ("172.16.0.1:25", false),
            ("192.168.1.1:25", false),
            ("[::ffff:10.0.0.1]:25", false),
            ("[fd00::1]:25", false),
            ("[fe80::1]:25", false),
            ("unix:/run/lmtp", false),
        ] {
            assert_eq!(is_open(&address.parse().expect(address)), expected, "{address}");
        }
    }
}
