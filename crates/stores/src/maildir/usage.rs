//! Counts the messages of a user: in a Maildir and in the directories in it.

use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// A change so soon before a count may have the time of one after it.
const UNSURE: Duration = Duration::from_secs(2);

/// Messages and their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Usage {
    pub(super) messages: u64,
    pub(super) bytes: u64,
}

impl Usage {
    pub(super) fn one(bytes: u64) -> Self {
        Self { messages: 1, bytes }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            messages: self.messages.saturating_add(other.messages),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self {
            messages: self.messages.saturating_sub(other.messages),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }
}

/// A count, and when it was right.
#[derive(Debug)]
pub(super) struct Count {
    pub(super) found: Usage,
    pub(super) at: Instant,
    time: SystemTime,
    /// The directories that were read, and when their entries had changed. `None` for one that is missing.
    directories: Vec<(PathBuf, Option<SystemTime>)>,
}

impl Count {
    /// Counts. A directory that cannot be read is empty, since nobody must lose mail by that.
    pub(super) fn of(maildir: &Path) -> Self {
        let mut count = Self {
            found: Usage::default(),
            at: Instant::now(),
            time: SystemTime::now(),
            directories: vec![(maildir.to_owned(), changed(maildir))],
        };
        count.add(maildir);
        for entry in entries(maildir) {
            if entry.file_name().as_encoded_bytes().starts_with(b".")
                && entry.file_type().is_ok_and(|kind| kind.is_dir())
            {
                count.add(&entry.path());
            }
        }
        count
    }

    /// Adds the messages of a Maildir or a directory in it.
    fn add(&mut self, directory: &Path) {
        for directory in [directory.join("new"), directory.join("cur")] {
            // Before it is read, so that no later change is missed.
            self.directories.push((directory.clone(), changed(&directory)));
            for entry in entries(&directory) {
                let name = entry.file_name();
                if !name.as_encoded_bytes().starts_with(b".") {
                    let size = name.to_str().and_then(named_size);
                    let size = size.or_else(|| entry.metadata().ok().map(|found| found.len()));
                    self.found = self.found.plus(Usage::one(size.unwrap_or(0)));
                }
            }
        }
    }

    /// Returns whether no directory has changed since.
    pub(super) fn is_still_right(&self) -> bool {
        let is_sure = |time: &Option<SystemTime>| time.is_none_or(|time| time + UNSURE < self.time);
        self.directories.iter().all(|(path, time)| is_sure(time) && changed(path) == *time)
    }
}

fn entries(directory: &Path) -> impl Iterator<Item = DirEntry> {
    fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok)
}

fn changed(directory: &Path) -> Option<SystemTime> {
    fs::metadata(directory).and_then(|found| found.modified()).ok()
}

/// Returns the size that a file name says: `,S=SIZE`.
fn named_size(name: &str) -> Option<u64> {
    let (_, rest) = name.split_once(",S=")?;
    rest.split([',', ':']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_size_in_a_name() {
        for (name, size) in [
            ("1.M2P3Q4.mx,S=1024", Some(1024)),
            ("1.M2P3Q4.mx,S=1024:2,FS", Some(1024)),
            ("1.M2P3Q4.mx,S=1024,W=1050:2,", Some(1024)),
            ("1.M2P3Q4.mx:2,S", None),
            ("1.M2P3Q4.mx,S=x", None),
            ("1.M2P3Q4.mx,S=-1", None),
        ] {
            assert_eq!(named_size(name), size, "{name}");
        }
    }

    #[test]
    fn counts_all_directories_of_a_user_but_no_unfinished_mail() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        for (name, bytes) in [
            ("new/a,S=100", 1),
            ("cur/b,S=10:2,S", 1),
            (".Junk/new/c", 5),
            (".Lists.rust/cur/d,S=1000:2,", 1),
            ("tmp/e,S=1", 1),
            ("new/.hidden", 7),
            ("elsewhere/new/f", 7),
        ] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, vec![b'x'; bytes]).unwrap();
        }
        assert_eq!(Count::of(root).found, Usage { messages: 4, bytes: 1115 });
        assert_eq!(Count::of(&root.join("missing")).found, Usage::default());
    }

    #[test]
    fn notices_changes_and_is_unsure_of_recent_ones() {
        let root = tempfile::tempdir().unwrap();
        let long_ago = SystemTime::now() - Duration::from_secs(60);
        let age = |path: &Path| fs::File::open(path).unwrap().set_modified(long_ago).unwrap();
        fs::create_dir(root.path().join("new")).unwrap();
        assert!(!Count::of(root.path()).is_still_right());
        age(&root.path().join("new"));
        age(root.path());
        let count = Count::of(root.path());
        assert!(count.is_still_right());
        fs::write(root.path().join("new/a"), "").unwrap();
        assert!(!count.is_still_right());
        age(&root.path().join("new"));
        fs::create_dir(root.path().join("cur")).unwrap();
        age(root.path());
        assert!(!count.is_still_right(), "a directory that was missing is there");
    }
}
