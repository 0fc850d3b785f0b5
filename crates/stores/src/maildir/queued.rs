//! The file of a message from a queue, which has the same name at each try.
//!
//! # Why
//!
//! A queue hands a message over again if it has not heard that the message is safe: this process was killed, or the
//! connection was lost. By its name the file of the first try is known then, in `new/` or where a reader puts it, `cur/`.
//! Two processes that deliver the same message at the same time cannot both rename to that name.
//!
//! Such a file is not taken back, and there is no intent for several of them. Another process may have found the file
//! already and told the queue that the message is safe. The queue tries again anyway until all copies are there.

use std::fs;
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use mailchute::Session;
use sha2::{Digest as _, Sha256};

use super::directories::{self, Directories};
use super::named;

/// The name of a file, and whether it may be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueuedFile {
    name: String,
    is_repeated: bool,
}

impl QueuedFile {
    /// Returns the file of the message that this session brings, if it comes from a queue.
    pub(crate) fn of(session: &Session) -> Option<Self> {
        let queued = session.queued()?;
        let since = queued.since().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let hash = Sha256::digest(queued.name().as_bytes());
        let digits: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        // The last part of a name is a host in other files. All hosts give this one.
        Some(Self { name: format!("{since}.{digits}.queue"), is_repeated: queued.is_repeated() })
    }

    /// Returns the name of the file in `new/` if it has this length.
    pub(super) fn name(&self, length: u64) -> String {
        format!("{},S={length}", self.name)
    }

    /// Returns whether a Maildir has the file from an earlier try. If it has, the name is durable then.
    pub(super) fn is_in(&self, maildir: &Directories) -> io::Result<bool> {
        if !self.is_repeated {
            return Ok(false);
        }
        // In this order a file that a reader moves meanwhile is found.
        for directory in [&maildir.new, &maildir.root.join("cur")] {
            let has_it = self.is_among(directory);
            if has_it.map_err(|error| named(&error, "search", directory))? {
                directories::flush(directory)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_among(&self, directory: &Path) -> io::Result<bool> {
        let entries = match fs::read_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            entries => entries?,
        };
        for entry in entries {
            let name = entry?.file_name();
            let rest = name.as_encoded_bytes().strip_prefix(self.name.as_bytes());
            if rest.is_some_and(|rest| matches!(rest.first(), None | Some(b',' | b':'))) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use mailchute::listen::Queued;
    use mailchute::testing;

    use super::*;

    fn file(name: &str, is_repeated: bool) -> QueuedFile {
        let since = SystemTime::UNIX_EPOCH + Duration::from_secs(1_769_860_800);
        let queued = Queued::new(name, since).repeated(is_repeated);
        QueuedFile::of(&testing::session().queued(queued).build()).expect("it comes from a queue")
    }

    #[test]
    fn a_message_has_the_same_name_at_each_try() {
        assert_eq!(QueuedFile::of(&testing::session().build()), None);
        assert_eq!(file("MAIL/../1", false).name(3), "1769860800.8f8a9f75ccbf96c0647b8f002309011e.queue,S=3");
        assert_eq!(file("MAIL-1", false).name(7), file("MAIL-1", true).name(7));
        assert_ne!(file("MAIL-1", false).name, file("MAIL-2", false).name);
    }

    #[test]
    fn a_file_is_found_where_a_reader_has_put_it() {
        let directory = tempfile::tempdir().unwrap();
        let maildir = crate::Maildir::open(directory.path()).unwrap();
        let directories = &maildir.0.directories;
        let (first, again, other) = (file("MAIL-1", false), file("MAIL-1", true), file("MAIL-2", true));
        assert!(!again.is_in(directories).unwrap());
        for (at, name) in
            [("new", first.name(7)), ("cur", first.name(9)), ("cur", format!("{}:2,S", first.name))]
        {
            let path = directory.path().join(at).join(name);
            fs::write(&path, "x").unwrap();
            assert!(again.is_in(directories).unwrap() && !other.is_in(directories).unwrap(), "{path:?}");
            assert!(!first.is_in(directories).unwrap(), "a first try does not search");
            fs::remove_file(path).unwrap();
        }
        fs::write(directory.path().join("new").join(format!("{}x", first.name)), "x").unwrap();
        assert!(!again.is_in(directories).unwrap());
    }
}
