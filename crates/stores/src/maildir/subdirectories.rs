//! The directories in a Maildir that filters ask for, named as in Maildir++: `.Junk/` next to `new/`.

use std::io;
use std::sync::Arc;

use super::Shared;
use super::directories::Directories;

/// Returns the Maildir for mail to this directory of `maildir`. It is made if it is missing.
pub(crate) async fn open(maildir: &Arc<Shared>, directory: Arc<str>) -> io::Result<Arc<Shared>> {
    if let Some(opened) = maildir.subdirectories.get(&directory) {
        return Ok(opened);
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
    let made = Shared::new(directories, parent.line_ends, Arc::clone(&parent.shown));
    Ok(made.with_room(parent.room.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maildir::Maildir;
    use crate::maildir::opened::MOST_UNUSED;

    #[tokio::test]
    async fn directories_without_number_are_not_all_remembered() {
        let root = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(root.path()).unwrap();
        let in_use = open(&maildir.0, "Junk".into()).await.unwrap();
        for number in 0..2 * MOST_UNUSED {
            let shared = make(&maildir.0, "Other").unwrap();
            maildir.0.subdirectories.insert(number.to_string().into(), shared);
            assert!(maildir.0.subdirectories.all().len() <= MOST_UNUSED);
        }
        assert!(Arc::ptr_eq(&in_use, &open(&maildir.0, "Junk".into()).await.unwrap()));
    }
}
