//! The copies of one message, each on its way to a Maildir.

use std::io;
use std::sync::{Arc, Weak};

use bytes::Bytes;

use super::Shared;
use super::draft::Draft;
use super::drafts::{Drafts, Failure};
use super::flushed::Flushed;
use super::intents::Intents;
use super::interest::{Interest, still_wanted};
use super::line_ends;
use super::queued::QueuedFile;
use super::quota::Reserved;
use super::sink::{Beginning, Content};

/// The most files of one message that stay open, and so locked, until all are complete. The search for left-over files, once
/// an hour, may remove one of the others. Then the message is refused temporarily.
const LOCKED: usize = 16;

/// The Maildirs that a message goes to.
pub(crate) struct Copies {
    copies: Vec<Copy>,
    failure: Failure,
    /// `None` for a store with one Maildir.
    intents: Option<Arc<Intents>>,
    /// The file of each copy, if the message comes from a queue.
    queued: Option<QueuedFile>,
}

struct Copy {
    maildir: Arc<Shared>,
    /// The fields above the content.
    top: Bytes,
}

impl Copies {
    /// For one Maildir. The content has all fields.
    pub(super) fn one(maildir: Arc<Shared>, queued: Option<QueuedFile>) -> Self {
        let copies = vec![Copy { maildir, top: Bytes::new() }];
        Self { copies, failure: Failure::OfAll, intents: None, queued }
    }

    /// For several Maildirs, with the fields on top of each copy. They share what is shown.
    pub(crate) fn each(
        copies: impl IntoIterator<Item = (Arc<Shared>, Bytes)>,
        failure: Failure,
        intents: &Arc<Intents>,
        queued: Option<QueuedFile>,
    ) -> Self {
        let copies = copies.into_iter().map(|(maildir, top)| Copy { maildir, top }).collect();
        Self { copies, failure, intents: Some(Arc::clone(intents)), queued }
    }

    /// Makes each CRLF of the fields an LF. Returns `false` if they would not survive that.
    pub(super) fn tops_with_lf(&mut self) -> bool {
        let tops: Option<Vec<_>> = self.copies.iter().map(|copy| line_ends::with_lf(&copy.top)).collect();
        let Some(tops) = tops else { return false };
        self.copies.iter_mut().zip(tops).for_each(|(copy, top)| copy.top = top);
        true
    }

    /// Makes each LF of the fields a CRLF again.
    pub(super) fn tops_with_crlf(&mut self) {
        for copy in &mut self.copies {
            let mut restored = Vec::new();
            line_ends::restore(&copy.top, &mut restored);
            copy.top = restored.into();
        }
    }

    /// Returns where bytes go that are too many for memory.
    pub(super) fn beginning(&self) -> Beginning {
        match (&*self.copies, &self.intents) {
            ([only], _) => Beginning::Draft(Arc::clone(&only.maildir), only.top.clone()),
            (_, Some(intents)) => Beginning::Spool(Arc::clone(intents)),
            (_, None) => Beginning::Nowhere,
        }
    }

    /// Makes the content of all copies durable. The call blocks.
    pub(super) fn prepare(self, mut content: Content, interest: &Weak<Interest>) -> io::Result<Drafts> {
        let mut drafts = Drafts::new(self.failure, self.intents.clone(), self.queued.clone());
        for (number, copy) in self.copies.iter().enumerate() {
            // A file that is not in `new/` yet need not be taken back.
            still_wanted(interest)?;
            if let Some(outcome) =
                copy.prepare(self.queued.as_ref(), &mut content, drafts.len() < LOCKED).transpose()
            {
                drafts.add(number, outcome)?;
            }
        }
        Ok(drafts)
    }
}

impl Copy {
    /// Makes its file, durable but not visible. `None` if an earlier try has made it.
    fn prepare(
        &self,
        queued: Option<&QueuedFile>,
        content: &mut Content,
        is_locked: bool,
    ) -> io::Result<Option<(Flushed, Option<Reserved>)>> {
        if let Some(file) = queued
            && file.is_in(&self.maildir.directories)?
        {
            return Ok(None);
        }
        let draft = match content {
            Content::Draft(draft) => draft.take().ok_or(io::ErrorKind::NotFound)?,
            Content::Parts(parts) => {
                let mut draft = Draft::create(&self.maildir)?;
                let top = std::iter::once(&self.top).filter(|top| !top.is_empty());
                draft.write(&top.chain(&*parts).cloned().collect::<Vec<_>>())?;
                draft
            }
            Content::Spool(spool) => {
                let mut draft = Draft::create(&self.maildir)?;
                draft.write(std::slice::from_ref(&self.top))?;
                draft.copy(spool)?;
                draft
            }
        };
        let room = self.maildir.room.as_ref();
        let reserved = room.map(|room| room.reserve(draft.length())).transpose()?;
        Ok(Some((draft.flush(is_locked)?, reserved)))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::kept::Published;
    use super::*;
    use crate::Maildir;

    fn publish(maildir: &Maildir, interest: &Weak<Interest>) -> io::Result<Published> {
        let content = Content::Parts(vec![Bytes::from_static(b"Subject: hello\n")]);
        Copies::one(Arc::clone(&maildir.0), None).prepare(content, interest)?.publish(interest)
    }

    #[test]
    fn a_message_that_nobody_waits_for_is_neither_shown_nor_left() {
        let directory = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(directory.path()).unwrap();
        let interest = Arc::new(Interest);
        let (given_up, wanted) = (Weak::new(), Arc::downgrade(&interest));

        assert!(publish(&maildir, &given_up).is_err());
        // Given up only after it was shown.
        drop(publish(&maildir, &wanted).unwrap());

        for directory in [&maildir.0.directories.tmp, &maildir.0.directories.new] {
            assert_eq!(fs::read_dir(directory).unwrap().count(), 0);
        }
    }
}
