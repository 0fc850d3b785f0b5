//! The recipients of `[[domain]]`.

use mailchute_stores::recipients::{Aliases, Known, LocalDomain, Recipients, RecipientsError};
use mailchute_stores::{LookupUrl, StoreUrl};

use crate::failure::Failure;
use crate::options::args::Options;
use crate::options::domain_options::{DomainOptions, KnownUsers};
use crate::options::domain_rules::NO_DIRECTORIES;
use crate::options::domains::Domains;

/// Reads the files of users and aliases. Returns `None` without a `[[domain]]`.
///
/// # Errors
/// All mistakes in these files.
pub(crate) fn read(options: &Options) -> Result<Option<Recipients>, Failure> {
    if options.domains.is_empty() {
        return Ok(None);
    }
    let (mut domains, mut failures) = (Vec::new(), Vec::new());
    for domain in &options.domains {
        match local_domain(options, domain) {
            Ok(domain) => domains.push(domain),
            Err(failure) => failures.push(failure),
        }
    }
    Failure::all(failures)?;
    Recipients::new(domains).map(Some).map_err(|error| wrong(&error, options))
}

fn local_domain(server: &Options, options: &DomainOptions) -> Result<LocalDomain, Failure> {
    let mut names = options.name.iter().map(Domains::name);
    let wrong_name = |error| Failure::usage(format!("{}: {error}", options.provenance.name("name")));
    let first = names.next().unwrap_or_else(|| "*".to_owned());
    let mut domain = LocalDomain::new(&first).map_err(wrong_name)?;
    for name in names {
        domain = domain.also(&name).map_err(wrong_name)?;
    }
    domain = domain.known(known(server, options)?);
    if let Some(path) = &options.aliases {
        domain = domain.aliases(Aliases::read(path).map_err(Failure::unusable)?);
    }
    Ok(domain.separator(options.detail.0))
}

/// Returns the users of a domain. Nobody is asked yet.
fn known(server: &Options, options: &DomainOptions) -> Result<Known, Failure> {
    let name = || options.provenance.name("recipients");
    match &options.recipients {
        // The store itself asks the next hop.
        KnownUsers::Any | KnownUsers::NextHop => Ok(Known::any()),
        KnownUsers::File(path) => Known::read(path).map_err(Failure::unusable),
        KnownUsers::Maildir => {
            let urls = server.stores_of(options).iter().filter_map(|url| StoreUrl::parse(url).ok());
            let template = urls.filter_map(|url| url.user_directories().cloned()).next();
            let template = template.ok_or_else(|| Failure::usage(format!("{}: {NO_DIRECTORIES}", name())))?;
            Ok(Known::directories(template))
        }
        KnownUsers::Asked(url) => {
            let open = LookupUrl::parse(url).map(LookupUrl::open).map_err(Failure::usage)?;
            open.map_err(|error| Failure::unusable(format!("{}: {error}", name())))
        }
    }
}

/// Names the place of a mistake: the line of an alias in its file, or the table with a name.
fn wrong(error: &RecipientsError, options: &Options) -> Failure {
    let table =
        |name: &str| options.domains.iter().rfind(|domain| domain.name.iter().any(|own| own.name() == name));
    match error {
        RecipientsError::Alias { domain, mistake } => {
            let file = table(domain).and_then(|table| table.aliases.as_ref());
            let file = file.map_or_else(String::new, |path| format!("{}:", path.display()));
            Failure::unusable(format!("{file}{}: {}", mistake.line, mistake.text))
        }
        RecipientsError::Repeated(name) => {
            let place = table(name).map(|table| format!("{}: ", table.provenance.name("name")));
            Failure::usage(format!("{}{error}", place.unwrap_or_default()))
        }
        other => Failure::usage(other),
    }
}
