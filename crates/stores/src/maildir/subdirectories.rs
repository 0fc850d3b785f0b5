//! The directories in a Maildir that filters ask for, named as in Maildir++: `.Junk/` beside `new/`.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Shared;
use super::directories::Directories;
use super::leftovers::{self, Sweeper};
use super::name::Names;
use super::sync::DirectorySync;

/// The most directories that are remembered while no message is on its way to them. Their names may come from
/// clients.
const MOST_UNUSED: usize = 1_000;

/// The directories that mail has gone to.
#[derive(Default)]
pub(super) struct Subdirectories(Mutex<HashMap<Arc<str>, Arc<Shared>>>);

impl Subdirectories {
    fn opened(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Shared>>> {
        // Only insertions and removals happen under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(&self, directory: Arc<str>, made: Shared) -> Arc<Shared> {
        let mut opened = self.opened();
        if opened.len() >= MOST_UNUSED {
            opened.retain(|_, shared| Arc::strong_count(shared) > 1);
        }
        Arc::clone(opened.entry(directory).or_insert_with(|| Arc::new(made)))
    }
}

/// Returns the Maildir for mail to this directory of `maildir`. It is made if it is missing.
pub(super) async fn open(maildir: &Arc<Shared>, directory: Arc<str>) -> io::Result<Arc<Shared>> {
    if let Some(opened) = maildir.subdirectories.opened().get(&directory) {
        return Ok(Arc::clone(opened));
    }
    let parent = Arc::clone(maildir);
    let make = move || {
        let made = make(&parent, &directory)?;
        Ok(parent.subdirectories.insert(directory, made))
    };
    tokio::task::spawn_blocking(make).await.map_err(io::Error::other)?
}

fn make(parent: &Shared, directory: &str) -> io::Result<Shared> {
    // A name has no dots, and no part of it is empty.
    let directories = Directories::below(&parent.directories, &format!(".{}", directory.replace('/', ".")))?;
    let names = Names::new();
    leftovers::remove(&directories.tmp, &names);
    Ok(Shared {
        directories,
        names,
        line_ends: parent.line_ends,
        sync: DirectorySync::default(),
        shown: Arc::clone(&parent.shown),
        sweeper: Sweeper::default(),
        subdirectories: Subdirectories::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maildir::Maildir;

    #[tokio::test]
    async fn directories_without_number_are_not_all_remembered() {
        let root = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(root.path()).unwrap();
        let in_use = open(&maildir.0, "Junk".into()).await.unwrap();
        for number in 0..2 * MOST_UNUSED {
            let shared = make(&maildir.0, "Other").unwrap();
            maildir.0.subdirectories.insert(number.to_string().into(), shared);
            assert!(maildir.0.subdirectories.opened().len() <= MOST_UNUSED);
        }
        assert!(Arc::ptr_eq(&in_use, &open(&maildir.0, "Junk".into()).await.unwrap()));
    }
}
