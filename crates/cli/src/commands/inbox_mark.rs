//! The mark of a Maildir that `mailchute inbox` has begun.
//!
//! # Why
//! An inbox for tests keeps the newest messages only, by default. A default must not remove mail that another program has
//! received, such as `mailchute serve` in the same directory. So an inbox marks the Maildirs that it begins, and a server
//! that is not an inbox removes the mark.

use std::fs;
use std::io;
use std::path::Path;

/// The file that marks a Maildir. Readers of Maildirs look into `new` and `cur` only.
const MARK: &str = "mailchute-inbox";

/// How deep Maildirs lie in the directory: for users, and in them for other directories.
const DEPTH: usize = 4;

/// Returns whether an inbox has begun the Maildir, and no other server has used it since. Marks an empty one.
///
/// # Errors
/// The directory cannot be read, or the mark cannot be written.
pub(crate) fn is_of_inbox(maildir: &Path) -> io::Result<bool> {
    let mark = maildir.join(MARK);
    if mark.try_exists()? {
        return Ok(true);
    }
    if has_mail(maildir, DEPTH)? {
        return Ok(false);
    }
    fs::write(mark, "The default bound of `mailchute inbox` removes old messages from this directory.\n")?;
    Ok(true)
}

/// Removes the mark: from now on the directory has mail of a server.
///
/// # Errors
/// There is a mark, and it cannot be removed.
pub(crate) fn remove(maildir: &Path) -> io::Result<()> {
    match fs::remove_file(maildir.join(MARK)) {
        Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Err(error)
        }
        _ => Ok(()),
    }
}

/// Returns whether there is a file in a directory `new` or `cur`.
fn has_mail(directory: &Path, depth: usize) -> io::Result<bool> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        let (path, name) = (entry.path(), entry.file_name());
        let has = if name == "new" || name == "cur" {
            fs::read_dir(&path)?.next().is_some()
        } else {
            depth > 0 && name != "tmp" && has_mail(&path, depth - 1)?
        };
        if has {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_maildir_is_marked_and_stays_the_inbox_s() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("new")).unwrap();
        assert!(is_of_inbox(folder.path()).unwrap());
        fs::write(folder.path().join("new/1"), "Subject: x\n\n").unwrap();
        assert!(is_of_inbox(folder.path()).unwrap());
    }

    #[test]
    fn mail_of_others_is_not_the_inbox_s() {
        for place in ["cur", ".Archive/new", "example.com/bob/cur", "bob/.Junk/new"] {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir_all(folder.path().join(place)).unwrap();
            fs::write(folder.path().join(place).join("1"), "Subject: x\n\n").unwrap();
            assert!(!is_of_inbox(folder.path()).unwrap(), "{place}");
            assert!(!folder.path().join(MARK).exists());
        }
    }

    #[test]
    fn a_server_takes_the_maildir_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("new")).unwrap();
        assert!(is_of_inbox(folder.path()).unwrap());
        remove(folder.path()).unwrap();
        remove(folder.path()).unwrap();
        fs::write(folder.path().join("new/1"), "Subject: x\n\n").unwrap();
        assert!(!is_of_inbox(folder.path()).unwrap());
    }
}
