//! Marks messages as read or unread, as readers of a Maildir do: by the flag S, in `cur/`.

use std::io::{Error, ErrorKind};

use super::super::name::MailName;
use super::super::scan::MailFile;
use super::super::{MailboxError, Search};
use super::Worker;

/// The flag of messages that were read.
const SEEN: u8 = b'S';

impl Worker {
    /// Marks messages, and returns how many were not so before. Some of them may be marked if there is a failure.
    pub(in crate::mailbox) fn mark(&mut self, search: &Search, is_unread: bool) -> Result<u64, MailboxError> {
        let search = search.clone().only_unread(!is_unread);
        let files = self.answer_whole(&search, |index| index.files(&search))?;
        let mut marked = 0;
        let mut outcome = Ok(());
        for file in &files {
            match self.mark_file(file, is_unread) {
                Ok(()) => marked += 1,
                // Others have moved it. It has the mark that they chose.
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::AlreadyExists) => {}
                Err(error) => {
                    outcome = Err(error.into());
                    break;
                }
            }
        }
        self.update()?;
        outcome.map(|()| marked)
    }

    fn mark_file(&self, file: &MailFile, is_unread: bool) -> std::io::Result<()> {
        let read = MailFile { in_cur: true, ..file.clone() };
        let from = self.directory(file)?;
        // Without it, nothing can be marked, and the file has not moved.
        let to = self.directory(&read).map_err(|error| Error::other(format!("cannot open cur: {error}")))?;
        from.rename(&file.name, &to, &MailName::parse(&file.name).with_flag(SEEN, !is_unread))
    }
}
