//! The store of `--store`.

use std::path::PathBuf;

use mailchute_stores::{AnyStore, StoreUrl};

use crate::failure::Failure;
use crate::options::args::Options;
use crate::process::privileges::Account;

/// Opens the store with the rights of the user that writes to it.
pub(crate) fn open(options: &Options, account: Option<&Account>) -> Result<AnyStore, Failure> {
    let url = StoreUrl::parse(&options.store).map_err(Failure::unusable)?;
    if let (Some(account), Some(path)) = (account, url.directory()) {
        account.make_directory(path, url.directory_mode())?;
    }
    let _acting = account.map(Account::assume).transpose()?;
    url.open().map_err(Failure::unusable)
}

/// The directory of the store, if it has one.
pub(crate) fn directory(options: &Options) -> Option<PathBuf> {
    StoreUrl::parse(&options.store).ok()?.directory().map(PathBuf::from)
}
