//! The store of `--store`.

use std::path::Path;

use mailchute_stores::AnyStore;

use crate::account::Account;
use crate::args::Options;
use crate::failure::Failure;

/// Opens it, with the rights of the user who is to write to it.
pub(crate) fn open(options: &Options, account: Option<&Account>) -> Result<AnyStore, Failure> {
    let open = || mailchute_stores::from_url(&options.store).map_err(Failure::unusable);
    let Some(account) = account else { return open() };
    if let Some(path) = options.store.strip_prefix("maildir:").filter(|path| !path.is_empty()) {
        account.make_directory(Path::new(path))?;
    }
    account.acting(open)?
}
