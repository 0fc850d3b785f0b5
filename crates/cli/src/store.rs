//! The store of `--store`.

use std::path::Path;

use mailchute_stores::AnyStore;

use crate::account::Account;
use crate::args::Options;
use crate::failure::Failure;

/// Opens it, with the rights of the user who is to write to it.
pub(crate) fn open(options: &Options, account: Option<&Account>) -> Result<AnyStore, Failure> {
    if let (Some(account), Some(path)) = (account, options.store.strip_prefix("maildir:"))
        && !path.is_empty()
    {
        account.make_directory(Path::new(path))?;
    }
    let _acting = account.map(Account::act).transpose()?;
    mailchute_stores::from_url(&options.store).map_err(Failure::unusable)
}
