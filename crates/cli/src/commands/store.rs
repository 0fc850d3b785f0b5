//! The stores of `--store` and `[[domain]]`.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use mailchute::{Builder, Install};
use mailchute_stores::{All, AnyStore, NextHop, Router, StoreUrl, StoreUrlError};
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::options::args::Options;
use crate::process::outgoing::Outgoing;
use crate::process::privileges::Account;

/// The mode of the state directory.
pub(crate) const STATE_MODE: u32 = 0o700;

/// The stores of the server, or those of each domain.
#[derive(Debug, Clone)]
pub(crate) enum Stores {
    ForAll(All),
    ByDomain(Router<All>),
}

impl Stores {
    /// Begins to connect, where that takes place before the first message.
    pub(crate) async fn connect(&self) {
        match self {
            Self::ForAll(stores) => stores.connect().await,
            Self::ByDomain(router) => {
                for store in router.stores() {
                    store.connect().await;
                }
            }
        }
    }

    /// Says goodbye to other servers, to all at once.
    pub(crate) async fn disconnect(&self) {
        let stores = match self {
            Self::ForAll(stores) => vec![stores.clone()],
            Self::ByDomain(router) => router.stores().cloned().collect(),
        };
        let farewells = stores.into_iter().map(|store| async move { store.disconnect().await });
        farewells.collect::<JoinSet<_>>().join_all().await;
    }

    /// Takes back messages that were not answered yet.
    pub(crate) fn close(&self) {
        match self {
            Self::ForAll(stores) => stores.close(),
            Self::ByDomain(router) => router.stores().for_each(All::close),
        }
    }
}

impl Install for Stores {
    fn install(self, builder: Builder) -> Builder {
        match self {
            Self::ForAll(stores) => builder.with(stores),
            Self::ByDomain(router) => builder.with(router),
        }
    }
}

/// Opens the stores with the rights of the user that writes to them.
pub(crate) fn open(options: &Options, account: Option<&Account>) -> Result<Stores, Failure> {
    let stores = open_all(options, &options.provenance.name("store"), &options.store, account)?;
    let stores = stores.ok_or_else(|| Failure::usage("there is no store; write --store maildir:./mail"))?;
    if options.domains.is_empty() {
        return Ok(Stores::ForAll(stores));
    }
    let mut router = Router::new(stores);
    for domain in &options.domains {
        let Some(stores) = open_all(options, &domain.provenance.name("store"), &domain.store, account)?
        else {
            continue;
        };
        for name in &domain.name {
            router = router.domain(&name.name(), stores.clone()).map_err(Failure::usage)?;
        }
    }
    Ok(Stores::ByDomain(router))
}

/// Opens the stores of a list, all of which get each message. Returns `None` for an empty list.
fn open_all(
    options: &Options,
    name: &str,
    urls: &[String],
    account: Option<&Account>,
) -> Result<Option<All>, Failure> {
    let mut all: Option<All> = None;
    for url in urls {
        let store = open_one(options, name, url, account)?;
        all = Some(match all {
            Some(all) => all.and(store),
            None => All::new(store),
        });
    }
    Ok(all)
}

/// Opens one store.
pub(crate) fn open_one(
    options: &Options,
    name: &str,
    url: &str,
    account: Option<&Account>,
) -> Result<AnyStore, Failure> {
    let wrong = |error| Failure::unusable(format!("{name}: {error}"));
    let url = parsed(options, url).map_err(wrong)?;
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
    url.open().map_err(wrong)
}

/// Checks the URLs of all stores.
///
/// # Errors
/// All mistakes.
pub(crate) fn check(options: &Options) -> Result<(), Failure> {
    let wrong = |(name, url): (String, &str)| {
        let error = parsed(options, url).err()?;
        Some(Failure::unusable(format!("{name}: {error}")))
    };
    Failure::all(options.store_urls().filter_map(wrong).collect())
}

fn parsed(options: &Options, url: &str) -> Result<StoreUrl, StoreUrlError> {
    let url = StoreUrl::parse(url)?;
    Ok(match &options.state {
        Some(directory) => url.with_state(directory),
        None => url,
    })
}

/// The stores and the next hop of releases, each with the beginning of a message about it.
fn all(options: &Options) -> impl Iterator<Item = (String, StoreUrl)> {
    options.store_urls().filter_map(|(name, url)| Some((name, parsed(options, url).ok()?)))
}

/// The directories that stores write to, each with the beginning of a message about it.
pub(crate) fn directories(options: &Options) -> Vec<(String, PathBuf)> {
    let mut directories = Vec::new();
    for (name, url) in all(options) {
        directories.extend(url.directory().map(|path| (name.clone(), path.to_owned())));
        directories.extend(url.state_directory().map(|path| (name, path)));
    }
    directories
}

/// The Maildirs of stores that have one for all users.
#[cfg(feature = "console")]
pub(crate) fn maildirs(options: &Options) -> Vec<PathBuf> {
    let single = all(options).filter(|(_, url)| url.user_directories().is_none());
    single.filter_map(|(_, url)| url.directory().map(PathBuf::from)).collect()
}

/// The directories that stores write to, and that of temporary files where a message is read several times: for stores that
/// do so, and for several stores.
pub(crate) fn written(options: &Options) -> Vec<PathBuf> {
    let spools = options.stores().count() > 1 || all(options).any(|(_, url)| url.spools());
    let directories = directories(options).into_iter().map(|(_, path)| path);
    directories.chain(spools.then(std::env::temp_dir)).collect()
}

/// The servers to which stores and look-ups of recipients connect, each with the beginning of a message about it.
pub(crate) fn servers(options: &Options) -> Vec<(String, NextHop)> {
    let mut servers = Vec::new();
    for (name, url) in all(options) {
        servers.extend(url.next_hops().into_iter().map(|next_hop| (name.clone(), next_hop)));
    }
    for domain in &options.domains {
        let name = || domain.provenance.name("recipients");
        let next_hops = domain.lookup().into_iter().flat_map(|url| url.next_hops().to_vec());
        servers.extend(next_hops.map(|next_hop| (name(), next_hop)));
    }
    servers
}

/// The connections that stores and look-ups of recipients make.
pub(crate) fn outgoing(options: &Options) -> Outgoing {
    let looks_up = options.domains.iter().any(|domain| domain.lookup().is_some());
    let verifies = looks_up || all(options).any(|(_, url)| url.reads_authorities());
    let mut outgoing = Outgoing { verifies, ..Outgoing::default() };
    for (_, next_hop) in servers(options) {
        outgoing.add(&[next_hop]);
    }
    outgoing
}

/// The first directory of these stores, if they have one.
pub(crate) fn directory(urls: &[String]) -> Option<PathBuf> {
    urls.iter().find_map(|url| StoreUrl::parse(url).ok()?.directory().map(PathBuf::from))
}

/// Returns whether a store hands mail to another server, which knows nothing of directories.
pub(crate) fn is_forward(url: &str) -> bool {
    let scheme = url.split(':').next().unwrap_or_default();
    ["lmtp", "smtp", "smtps"].iter().any(|forward| scheme.eq_ignore_ascii_case(forward))
}

/// Says what becomes of mail in these stores.
pub(crate) fn in_words(urls: &[String]) -> String {
    let words: Vec<_> = urls.iter().map(|url| of_one_in_words(url)).collect();
    words.join(", and ")
}

fn of_one_in_words(url: &str) -> String {
    let is_kept = url.get(..3).is_some_and(|scheme| scheme.eq_ignore_ascii_case("s3:"));
    match StoreUrl::parse(url) {
        Ok(parsed) if !is_kept && !parsed.next_hops().is_empty() => format!("forwarding mail to {url}"),
        Ok(parsed) if !is_kept && parsed.directory().is_none() => "discarding all mail (discard:)".to_owned(),
        _ => format!("keeping mail in {url}"),
    }
}
