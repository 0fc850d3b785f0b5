//! Rules between options: which ones need each other, and which ones conflict.

use std::env;

use mailchute_stores::StoreUrl;

use crate::log::LogFormat;
use crate::options::args::{CertificateUsage, ClientCertificate, Options, flags};
use crate::options::console_rules;
use crate::options::deliver_options;
use crate::options::domain_rules;
use crate::options::domains::Domains;
use crate::options::environment;
use crate::options::filters;
use crate::options::listener_rules;

/// Returns the conflicts between options, each with what to write instead.
pub(crate) fn mistakes(options: &Options) -> Vec<String> {
    let name = |option: &str| options.provenance.name(option);
    let mut mistakes = Vec::new();
    let (certificates, keys) = (options.tls_cert.len(), options.tls_key.len());
    if certificates != keys {
        mistakes.push(format!(
            "{}: the numbers differ ({certificates} --tls-cert, {keys} --tls-key); write one --tls-key for each \
             --tls-cert, in the same order",
            name(if certificates == 0 { "tls-key" } else { "tls-cert" }),
        ));
    }
    let has_passwords = options.auth_file.is_some() || options.auth_any;
    if options.require_auth && !has_passwords && !options.auth_external {
        mistakes.push(format!(
            "{}: no user could log in; add --auth-file, --auth-external or --auth-any",
            name("require-auth")
        ));
    }
    if options.allow_plaintext_auth && !has_passwords {
        mistakes.push(format!(
            "{}: no login would use a password; add --auth-file or --auth-any",
            name("allow-plaintext-auth")
        ));
    }
    if options.auth_any && options.auth_file.is_some() {
        mistakes.push(format!(
            "{}: every login would be accepted, so --auth-file has no effect; leave one of the two out",
            name("auth-any")
        ));
    }
    let no_authorities = options.tls_client_ca.is_none();
    for (option, is_changed) in [
        ("auth-external", options.auth_external),
        ("tls-client-cert", options.tls_client_cert == ClientCertificate::Required),
        ("tls-client-cert-usage", options.tls_client_cert_usage == CertificateUsage::Any),
    ] {
        if is_changed && no_authorities {
            mistakes.push(format!("{}: no certificate would be trusted; add --tls-client-ca", name(option)));
        }
    }
    if options.allow_root && options.user.is_some() {
        mistakes.push(format!("{}: this contradicts --user; leave one of the two out", name("allow-root")));
    }
    if options.explain && options.log_format == LogFormat::Json {
        mistakes.push(format!(
            "{}: with --log-format json nothing else is written; leave one of the two out",
            name("explain")
        ));
    }
    let of_domains = options.domains.iter().map(|domain| (&domain.store, &domain.provenance));
    for (stores, provenance) in std::iter::once((&options.store, &options.provenance)).chain(of_domains) {
        mistakes.extend(useless_store(stores).map(|what| format!("{}: {what}", provenance.name("store"))));
    }
    mistakes.extend(listener_rules::mistakes(options));
    mistakes.extend(filters::rules::mistakes(options));
    mistakes.extend(domain_rules::mistakes(options));
    mistakes.extend(console_rules::mistakes(options));
    mistakes
}

/// Returns warnings about what is allowed but risky.
pub(crate) fn warnings(options: &Options) -> Vec<String> {
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut warnings = environment::unknown(&[flags(), deliver_options::flags()], names);
    // An inbox says so by its name.
    let is_said = |option: &str| !options.is_inbox || options.provenance.is_given(option);
    if is_said("domain") && options.accepted().any(|domain| *domain == Domains::All) {
        warnings.push(format!(
            "{} '*': every recipient of every domain is accepted, from every client",
            options.provenance.name("domain")
        ));
    }
    if options.auth_any && is_said("auth-any") {
        warnings.push(format!(
            "{}: every login is accepted, whatever its name and password; do not use it where mail matters",
            options.provenance.name("auth-any")
        ));
    }
    warnings.extend(options.store_urls().filter_map(|(name, url)| {
        let warning = StoreUrl::parse(url).ok()?.warning()?;
        Some(format!("{name}: {warning}"))
    }));
    warnings.extend(filters::rules::warnings(options));
    warnings.extend(options.domains.iter().filter_map(|domain| {
        let warning = domain.lookup()?.warning()?;
        Some(format!("{}: {warning}", domain.provenance.name("recipients")))
    }));
    warnings
}

/// Finds a store that does nothing next to the others of its list.
fn useless_store(stores: &[String]) -> Option<String> {
    let is_discard = |url: &&String| url.eq_ignore_ascii_case("discard:");
    if stores.len() > 1 && stores.iter().any(|url| is_discard(&url)) {
        return Some("discard: does nothing next to another store; leave one of the two out".to_owned());
    }
    let again = stores.iter().enumerate().find(|(index, url)| stores[..*index].contains(url));
    again.map(|(_, url)| format!("{url} is given twice; leave one of them out"))
}
