//! The stand-in for watches on systems without inotify: each directory that has changed is read.

use std::collections::BTreeSet;

use super::directory::Directory;

/// No watches.
#[derive(Debug, Default)]
pub(super) struct Watches;

impl Watches {
    /// Returns that the directory must be read.
    pub(super) fn changed(&mut self, _number: u64, _inode: u64) -> Option<BTreeSet<Vec<u8>>> {
        None
    }

    /// Watches nothing.
    pub(super) fn begin(&mut self, _number: u64, _inode: u64, _directory: &Directory) {}

    /// Keeps nothing.
    pub(super) fn keep_if_large(&mut self, _number: u64, _names: usize) {}

    /// Does nothing, as the directory is read anyway.
    pub(super) fn distrust(&mut self, _number: u64) {}

    /// Does nothing, as there is no watch.
    pub(super) fn end(&mut self, _number: u64) {}
}
