//! Rules of `[[domain]]`.

use mailchute_stores::StoreUrl;

use crate::options::args::Options;
use crate::options::domain_options::{DomainOptions, KnownUsers};
use crate::options::domains::Domains;

/// The mistake of `recipients = "maildir"` without a directory for each user.
pub(crate) const NO_DIRECTORIES: &str = "the store of this domain has no directory for each user; write a store such as \
                                         maildir:/var/mail/{domain}/{user}, or another kind of recipients";

/// The mistake of `recipients = "lmtp"` without a server to ask.
const NO_NEXT_HOP: &str = "the store of this domain does not forward; write the server to ask, such as lmtp:HOST:PORT or \
                           lmtp:unix:PATH, or a store that forwards";

/// Returns the conflicts of domains, each with what to write instead.
pub(crate) fn mistakes(options: &Options) -> Vec<String> {
    let mut mistakes = Vec::new();
    for domain in &options.domains {
        let mut wrong =
            |option: &str, text: &str| mistakes.push(format!("{}: {text}", domain.provenance.name(option)));
        if domain.name.is_empty() {
            wrong("name", "it has no name; write name = \"example.com\", for example");
        }
        if let Some(text) = of_recipients(options, domain) {
            wrong("recipients", text);
        }
    }
    let repeated = repeated_domains(&options.domain).into_iter();
    mistakes.extend(repeated.map(|what| format!("{}: {what}", options.provenance.name("domain"))));
    mistakes
}

/// Returns what is wrong with users that the store is to know. A mistake in the store's URL is found elsewhere.
fn of_recipients(options: &Options, domain: &DomainOptions) -> Option<&'static str> {
    let stores: Result<Vec<_>, _> =
        options.stores_of(domain).iter().map(|url| StoreUrl::parse(url)).collect();
    let stores = stores.ok()?;
    match &domain.recipients {
        KnownUsers::Maildir => {
            stores.iter().all(|store| store.user_directories().is_none()).then_some(NO_DIRECTORIES)
        }
        KnownUsers::NextHop => (!stores.iter().any(StoreUrl::forwards)).then_some(NO_NEXT_HOP),
        KnownUsers::Any | KnownUsers::File(_) | KnownUsers::Asked(_) => None,
    }
}

/// Checks that no domain is given twice.
fn repeated_domains(domains: &[Domains]) -> Option<String> {
    if domains.len() > 1 && domains.contains(&Domains::All) {
        return Some("'*' stands for every recipient; leave the others out".to_owned());
    }
    let again = domains.iter().enumerate().find_map(|(index, domain)| {
        let first = domains[..index].iter().find(|before| *before == domain)?;
        Some((first, domain))
    });
    again.map(|(first, again)| match first.to_string() == again.to_string() {
        true => format!("{again} is given twice; leave one of them out"),
        false => format!("{again} and {first} are the same domain; leave one of them out"),
    })
}
