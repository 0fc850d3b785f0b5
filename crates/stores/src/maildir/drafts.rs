//! The copies of one message, each on its way to a Maildir.

use std::io;
use std::sync::{Arc, Weak};

use bytes::Bytes;

use super::Shared;
use super::draft::Draft;
use super::intents::Intents;
use super::interest::{Interest, still_wanted};
use super::kept::Published;

/// The meaning of a failed copy for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// None is kept.
    OfAll,
    /// The others are kept.
    OfOne,
}

/// Copies of a message in `tmp/` of their Maildirs. Their files are removed when this is dropped.
pub(super) struct Drafts {
    copies: Vec<Copy>,
    failure: Failure,
    failed: Vec<(usize, io::Error)>,
}

struct Copy {
    number: usize,
    maildir: Arc<Shared>,
    /// Written before the content.
    top: Bytes,
    /// `None` until the first bytes are written.
    draft: Option<Draft>,
}

impl Drafts {
    pub(super) fn new(copies: Vec<(Arc<Shared>, Bytes)>, failure: Failure) -> Self {
        let copy = |(number, (maildir, top))| Copy { number, maildir, top, draft: None };
        Self { copies: copies.into_iter().enumerate().map(copy).collect(), failure, failed: Vec::new() }
    }

    /// Leaves none here.
    pub(super) fn take(&mut self) -> Self {
        let (copies, failed) = (std::mem::take(&mut self.copies), std::mem::take(&mut self.failed));
        Self { copies, failure: self.failure, failed }
    }

    pub(super) fn failed(&mut self) -> Vec<(usize, io::Error)> {
        std::mem::take(&mut self.failed)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.copies.is_empty()
    }

    pub(super) fn has_files(&self) -> bool {
        self.copies.iter().any(|copy| copy.draft.is_some())
    }

    /// Adds bytes to each file. The first time it makes the files.
    pub(super) fn write(&mut self, parts: &[Bytes]) -> io::Result<()> {
        self.each(|copy| {
            if let Some(draft) = &mut copy.draft {
                return draft.write(parts);
            }
            let draft = copy.draft.insert(create(&copy.maildir)?);
            let top = std::iter::once(&copy.top).filter(|top| !top.is_empty());
            draft.write(&top.chain(parts).cloned().collect::<Vec<_>>())
        })
    }

    /// Makes each LF a CRLF again.
    pub(super) fn with_crlf(mut self) -> io::Result<Self> {
        self.each(|copy| {
            copy.draft = copy.draft.take().map(Draft::with_crlf).transpose()?;
            Ok(())
        })?;
        Ok(self)
    }

    /// Makes the content of all copies durable, then each visible, then their names durable.
    pub(super) fn publish(
        mut self,
        interest: &Weak<Interest>,
        intents: Option<&Intents>,
    ) -> io::Result<Published> {
        self.each(|copy| copy.draft.as_ref().map_or(Ok(()), Draft::flush))?;
        // A file that is not in `new/` yet need not be taken back.
        still_wanted(interest)?;
        let paths = self.copies.iter().filter_map(|copy| copy.draft.as_ref()).map(Draft::target);
        // Dropped after the copies, so that a crash never leaves some of them without it.
        let intent = match intents {
            Some(intents) if self.copies.len() > 1 => Some(intents.write(paths)?),
            _ => None,
        };
        let mut published = Published { kept: Vec::new(), failed: Vec::new() };
        self.each(|copy| {
            let Some(draft) = copy.draft.take() else { return Ok(()) };
            // Another name is not in the intent.
            let kept = if intent.is_some() { draft.rename_once()? } else { draft.rename()? };
            published.kept.push((copy.number, kept));
            Ok(())
        })?;
        for (number, kept) in std::mem::take(&mut published.kept) {
            match kept.flush() {
                Ok(()) => published.kept.push((number, kept)),
                Err(error) if self.failure == Failure::OfAll => return Err(error),
                Err(error) => self.failed.push((number, error)),
            }
        }
        if let Some(intent) = intent {
            intent.end()?;
        }
        published.failed = self.failed();
        Ok(published)
    }

    /// Does a step for each copy.
    ///
    /// # Errors
    /// The first error, if it is that of all copies.
    fn each(&mut self, mut step: impl FnMut(&mut Copy) -> io::Result<()>) -> io::Result<()> {
        for mut copy in std::mem::take(&mut self.copies) {
            match step(&mut copy) {
                Ok(()) => self.copies.push(copy),
                Err(error) if self.failure == Failure::OfAll => return Err(error),
                Err(error) => self.failed.push((copy.number, error)),
            }
        }
        Ok(())
    }
}

/// Makes a new draft. If a reader has removed a directory in a Maildir, it is made again.
fn create(maildir: &Arc<Shared>) -> io::Result<Draft> {
    match Draft::create(maildir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && maildir.directories.make_again()? => {
            Draft::create(maildir)
        }
        draft => draft,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Maildir;

    fn drafts(maildir: &Maildir) -> Drafts {
        let mut drafts = Drafts::new(vec![(Arc::clone(&maildir.0), Bytes::new())], Failure::OfAll);
        drafts.write(&[Bytes::from_static(b"Subject: hello\n")]).unwrap();
        drafts
    }

    #[test]
    fn a_message_that_nobody_waits_for_is_neither_shown_nor_left() {
        let directory = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(directory.path()).unwrap();
        let interest = Arc::new(Interest);
        let (given_up, wanted) = (Weak::new(), Arc::downgrade(&interest));

        assert!(drafts(&maildir).publish(&given_up, None).is_err());
        // Given up only after it was shown.
        drop(drafts(&maildir).publish(&wanted, None).unwrap());

        for directory in [&maildir.0.directories.tmp, &maildir.0.directories.new] {
            assert_eq!(fs::read_dir(directory).unwrap().count(), 0);
        }
    }
}
