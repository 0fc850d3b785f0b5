//! The name of a file in `tmp/`.

use std::path::PathBuf;
use std::sync::Arc;

use super::Shared;
use super::shown::remove;

/// A name in `tmp/` of a Maildir. The file is removed when this is dropped.
pub(super) struct InTmp {
    pub(super) maildir: Arc<Shared>,
    pub(super) name: String,
    pub(super) is_in_tmp: bool,
}

impl InTmp {
    pub(super) fn path(&self) -> PathBuf {
        self.maildir.directories.tmp.join(&self.name)
    }
}

impl Drop for InTmp {
    fn drop(&mut self) {
        if self.is_in_tmp {
            remove(&self.path());
        }
    }
}
