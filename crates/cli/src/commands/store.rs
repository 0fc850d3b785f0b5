//! The stores of `--store` and `[[domain]]`.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use mailchute::{Builder, Install};
use mailchute_stores::{AnyStore, NextHop, Router, StoreUrl, StoreUrlError};

use crate::failure::Failure;
use crate::options::args::Options;
use crate::options::domain_options::DomainOptions;
use crate::process::privileges::Account;
use crate::process::sandbox::Outgoing;

/// The mode of the state directory.
const STATE_MODE: u32 = 0o700;

/// The store of the server, or one for each domain.
#[derive(Debug, Clone)]
pub(crate) enum Stores {
    One(AnyStore),
    ByDomain(Router<AnyStore>),
}

impl Stores {
    /// Begins to connect, where that takes place before the first message.
    pub(crate) async fn connect(&self) {
        match self {
            Self::One(store) => store.connect().await,
            Self::ByDomain(router) => {
                for store in router.stores() {
                    store.connect().await;
                }
            }
        }
    }

    /// Takes back messages that were not answered yet.
    pub(crate) fn close(&self) {
        match self {
            Self::One(store) => store.close(),
            Self::ByDomain(router) => router.stores().for_each(AnyStore::close),
        }
    }
}

impl Install for Stores {
    fn install(self, builder: Builder) -> Builder {
        match self {
            Self::One(store) => builder.with(store),
            Self::ByDomain(router) => builder.with(router),
        }
    }
}

/// Opens the stores with the rights of the user that writes to them.
pub(crate) fn open(options: &Options, account: Option<&Account>) -> Result<Stores, Failure> {
    let store = open_one(options, &options.store, account)?;
    if options.domains.is_empty() {
        return Ok(Stores::One(store));
    }
    let mut router = Router::new(store);
    for domain in &options.domains {
        let Some(url) = &domain.store else { continue };
        let store = open_one(options, url, account)?;
        for name in &domain.name {
            router = router.domain(&name.name(), store.clone()).map_err(Failure::usage)?;
        }
    }
    Ok(Stores::ByDomain(router))
}

fn open_one(options: &Options, url: &str, account: Option<&Account>) -> Result<AnyStore, Failure> {
    let url = parsed(options, url).map_err(Failure::unusable)?;
    if let (Some(account), Some(path)) = (account, url.directory()) {
        account.make_directory(path, url.directory_mode())?;
    }
    let state = url.state_directory();
    if let (Some(account), Some(path)) = (account, &state) {
        account.make_directory(path, STATE_MODE)?;
    }
    let _acting = account.map(Account::assume).transpose()?;
    if let Some(path) = state {
        // Made before the sandbox is entered, which cannot allow a directory that is missing.
        let made = DirBuilder::new().recursive(true).mode(STATE_MODE).create(&path);
        made.map_err(|error| Failure::unusable(format!("{}: cannot be created: {error}", path.display())))?;
    }
    url.open().map_err(Failure::unusable)
}

/// Checks the URLs of all stores.
///
/// # Errors
/// All mistakes.
pub(crate) fn check(options: &Options) -> Result<(), Failure> {
    let wrong = |url| parsed(options, url).err().map(Failure::unusable);
    Failure::all(options.stores().filter_map(wrong).collect())
}

fn parsed(options: &Options, url: &str) -> Result<StoreUrl, StoreUrlError> {
    let url = StoreUrl::parse(url)?;
    Ok(match &options.state {
        Some(directory) => url.with_state(directory),
        None => url,
    })
}

fn all(options: &Options) -> impl Iterator<Item = StoreUrl> {
    options.stores().filter_map(|url| parsed(options, url).ok())
}

/// The directories that stores write to.
pub(crate) fn written(options: &Options) -> Vec<PathBuf> {
    let of = |url: StoreUrl| url.directory().map(PathBuf::from).into_iter().chain(url.state_directory());
    all(options).flat_map(of).collect()
}

/// The connections that stores and look-ups of recipients make.
pub(crate) fn outgoing(options: &Options) -> Outgoing {
    let mut outgoing = Outgoing::default();
    let stores = all(options).map(|url| url.next_hops().to_vec());
    let lookups: Vec<_> = options.domains.iter().filter_map(DomainOptions::lookup).collect();
    outgoing.verifies = !lookups.is_empty();
    let lookups = lookups.iter().map(|url| url.next_hops().to_vec());
    for next_hop in stores.chain(lookups).flatten() {
        outgoing.connects = true;
        if let NextHop::Tcp { host, port } = next_hop {
            outgoing.ports.push(port);
            outgoing.looks_up |= host.parse::<std::net::IpAddr>().is_err();
        }
    }
    outgoing
}

/// The directory of a store, if it has one.
pub(crate) fn directory(url: &str) -> Option<PathBuf> {
    StoreUrl::parse(url).ok()?.directory().map(PathBuf::from)
}

/// Says what becomes of mail in a store.
pub(crate) fn in_words(url: &str) -> String {
    match StoreUrl::parse(url) {
        Ok(parsed) if !parsed.next_hops().is_empty() => format!("forwarding mail to {url}"),
        Ok(parsed) if parsed.directory().is_none() => "discarding all mail (discard:)".to_owned(),
        _ => format!("keeping mail in {url}"),
    }
}
