//! The store of `--store`.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use mailchute_stores::{AnyStore, NextHop, StoreUrl, StoreUrlError};

use crate::failure::Failure;
use crate::options::args::Options;
use crate::process::privileges::Account;
use crate::process::sandbox::Outgoing;

/// The mode of the state directory.
const STATE_MODE: u32 = 0o700;

/// Opens the store with the rights of the user that writes to it.
pub(crate) fn open(options: &Options, account: Option<&Account>) -> Result<AnyStore, Failure> {
    let url = url(options).map_err(Failure::unusable)?;
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

fn url(options: &Options) -> Result<StoreUrl, StoreUrlError> {
    let url = StoreUrl::parse(&options.store)?;
    Ok(match &options.state {
        Some(directory) => url.with_state(directory),
        None => url,
    })
}

/// The directories that the store writes to.
pub(crate) fn written(options: &Options) -> Vec<PathBuf> {
    let Ok(url) = url(options) else { return Vec::new() };
    url.directory().map(PathBuf::from).into_iter().chain(url.state_directory()).collect()
}

/// The connections that the store makes.
pub(crate) fn outgoing(options: &Options) -> Outgoing {
    let mut outgoing = Outgoing::default();
    let Ok(url) = url(options) else { return outgoing };
    for next_hop in url.next_hops() {
        outgoing.connects = true;
        if let NextHop::Tcp { host, port } = next_hop {
            outgoing.ports.push(*port);
            outgoing.looks_up |= host.parse::<std::net::IpAddr>().is_err();
        }
    }
    outgoing
}

/// The directory of the store, if it has one.
pub(crate) fn directory(options: &Options) -> Option<PathBuf> {
    StoreUrl::parse(&options.store).ok()?.directory().map(PathBuf::from)
}
