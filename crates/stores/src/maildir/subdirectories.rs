//! The directories of a Maildir that filters ask for, as Maildir++ names them: `.Junk/` beside `new/`.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::directories::Directories;
use super::leftovers::{self, Sweeper};
use super::name::Names;
use super::sync::DirectorySync;
use super::{Shared, named};

/// Those that mail has gone to since the Maildir was opened.
#[derive(Default)]
pub(super) struct Subdirectories(Mutex<HashMap<Arc<str>, Arc<Shared>>>);

impl Subdirectories {
    fn opened(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Shared>>> {
        // One insertion is all that happens under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The Maildir for mail that goes to this directory of `maildir`. It is made if it is missing.
pub(super) async fn open(maildir: &Arc<Shared>, directory: Arc<str>) -> io::Result<Arc<Shared>> {
    if let Some(opened) = maildir.subdirectories.opened().get(&directory) {
        return Ok(Arc::clone(opened));
    }
    let parent = Arc::clone(maildir);
    let make = move || {
        let opened = Arc::new(make(&parent, &directory)?);
        Ok(Arc::clone(parent.subdirectories.opened().entry(directory).or_insert(opened)))
    };
    tokio::task::spawn_blocking(make).await.map_err(io::Error::other)?
}

fn make(parent: &Shared, directory: &str) -> io::Result<Shared> {
    // A name has no dots of its own, and no part of it is empty.
    let directories = Directories::below(&parent.directories, &format!(".{}", directory.replace('/', ".")))?;
    // It tells other programs that mail is delivered to this directory of a Maildir.
    let mark = directories.root.join("maildirfolder");
    let marked = File::options().write(true).create(true).truncate(false).open(&mark);
    let marked = marked.and_then(|file| parent.directories.access.give_to_file(&file));
    marked.map_err(|error| named(&error, "make the file", &mark))?;
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
