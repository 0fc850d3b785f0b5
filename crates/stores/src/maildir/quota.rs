//! The room that a user has for mail.
//!
//! # Why
//!
//! Readers of a Maildir add, move and remove files at any time, so no number that is kept in a file stays right. Counting
//! for each message would cost more than the message. So a count holds for some seconds, and for as long as no
//! directory has changed. It is made again before a message is refused.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mailchute::Refusal;

use super::usage::{Count, Usage};

/// How long a count holds although a directory has changed.
const HOLDS: Duration = Duration::from_secs(10);

/// The most that may be in the Maildir of a user. `None` means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Quota {
    pub(crate) bytes: Option<u64>,
    pub(crate) messages: Option<u64>,
}

impl Quota {
    pub(crate) fn is_some(&self) -> bool {
        self.bytes.is_some() || self.messages.is_some()
    }

    /// Returns an error if there is no room for a message of this size although the Maildir is empty.
    pub(crate) fn check_empty(&self, bytes: u64) -> Result<(), NoRoom> {
        let fits = self.bytes.is_none_or(|most| bytes <= most);
        if fits { Ok(()) } else { Err(NoRoom::TooLarge) }
    }

    fn has(&self, usage: Usage) -> bool {
        self.bytes.is_none_or(|most| usage.bytes <= most)
            && self.messages.is_none_or(|most| usage.messages <= most)
    }
}

/// The reason why a message is not kept for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// There is too much in the Maildir.
    Full,
    /// The message alone is more than may be in it.
    TooLarge,
}

impl NoRoom {
    /// Returns the refusal that an error stands for, if it is one of these.
    pub(crate) fn refusal(error: &io::Error) -> Option<Refusal> {
        match error.get_ref()?.downcast_ref::<Self>()? {
            Self::Full => Some(Refusal::from_static(452, (4, 2, 2), "Mailbox full")),
            Self::TooLarge => {
                Some(Refusal::from_static(552, (5, 2, 3), "Message is larger than the mailbox may be"))
            }
        }
    }
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the mailbox is full",
            Self::TooLarge => "the message is larger than the mailbox may be",
        })
    }
}

impl Error for NoRoom {}

/// The room in the Maildir of a user and the directories in it.
#[derive(Debug)]
pub(crate) struct Room {
    root: PathBuf,
    quota: Quota,
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    /// `None` if the messages must be counted again.
    count: Option<Count>,
    /// The counts so far.
    counts: u64,
    /// Kept since the count.
    kept: Usage,
    /// On the way to `new/`.
    reserved: Usage,
}

impl Room {
    pub(crate) fn new(root: PathBuf, quota: Quota) -> Arc<Self> {
        Arc::new(Self { root, quota, counted: Mutex::default() })
    }

    /// Checks that a message of this size can be kept now. The call blocks.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub(crate) fn check(&self, bytes: u64) -> io::Result<()> {
        self.has(&mut self.counted(), bytes)
    }

    /// Keeps room for a message of this size. The call blocks.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub(super) fn reserve(self: &Arc<Self>, bytes: u64) -> io::Result<Reserved> {
        let mut counted = self.counted();
        self.has(&mut counted, bytes)?;
        counted.reserved = counted.reserved.plus(Usage::one(bytes));
        Ok(Reserved { room: Arc::clone(self), bytes, counts: counted.counts })
    }

    fn has(&self, counted: &mut Counted, bytes: u64) -> io::Result<()> {
        self.quota.check_empty(bytes).map_err(io::Error::other)?;
        let holds = |count: &Count| count.at.elapsed() < HOLDS || count.is_still_right();
        let mut is_new = false;
        if !counted.count.as_ref().is_some_and(holds) {
            self.count(counted);
            is_new = true;
        }
        if self.fits(counted, bytes) {
            return Ok(());
        }
        if !is_new && !counted.count.as_ref().is_some_and(Count::is_still_right) {
            self.count(counted);
            if self.fits(counted, bytes) {
                return Ok(());
            }
        }
        Err(io::Error::other(NoRoom::Full))
    }

    fn count(&self, counted: &mut Counted) {
        counted.count = Some(Count::of(&self.root));
        counted.counts += 1;
        counted.kept = Usage::default();
    }

    fn fits(&self, counted: &Counted, bytes: u64) -> bool {
        let found = counted.count.as_ref().map_or_else(Usage::default, |count| count.found);
        self.quota.has(found.plus(counted.kept).plus(counted.reserved).plus(Usage::one(bytes)))
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        // After a panic the numbers are close enough.
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room for a message that is not kept yet. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Reserved {
    room: Arc<Room>,
    bytes: u64,
    counts: u64,
}

impl Reserved {
    /// Says that the message is kept.
    pub(super) fn use_up(self) {
        let mut counted = self.room.counted();
        if counted.counts == self.counts {
            counted.kept = counted.kept.plus(Usage::one(self.bytes));
        } else {
            // That count may have found it or not.
            counted.count = None;
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut counted = self.room.counted();
        counted.reserved = counted.reserved.minus(Usage::one(self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const QUOTA: Quota = Quota { bytes: Some(100), messages: Some(3) };

    fn room() -> (tempfile::TempDir, Arc<Room>) {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("new")).unwrap();
        let room = Room::new(root.path().to_owned(), QUOTA);
        (root, room)
    }

    fn why(outcome: io::Result<impl Sized>) -> Option<NoRoom> {
        outcome.err().map(|error| *error.get_ref().unwrap().downcast_ref().unwrap())
    }

    #[test]
    fn messages_on_their_way_take_room_until_they_are_given_up() {
        let (_root, room) = room();
        let one = room.reserve(60).unwrap();
        assert_eq!(why(room.reserve(41)), Some(NoRoom::Full));
        assert_eq!(why(room.reserve(40)), None);
        drop(one);
        assert_eq!(why(room.check(100)), None);
        assert_eq!(why(room.check(101)), Some(NoRoom::TooLarge));
        let all = [0; 3].map(|bytes| room.reserve(bytes).unwrap());
        assert_eq!(why(room.check(0)), Some(NoRoom::Full));
        drop(all);
    }

    #[test]
    fn what_was_kept_takes_room_until_a_reader_removes_it() {
        let (root, room) = room();
        let kept = room.reserve(60).unwrap();
        let path = root.path().join("new/a,S=60");
        fs::write(&path, "").unwrap();
        kept.use_up();
        assert_eq!(why(room.check(41)), Some(NoRoom::Full));
        assert_eq!(why(room.check(40)), None);
        fs::remove_file(path).unwrap();
        assert_eq!(why(room.check(100)), None, "counted again before it is refused");
    }

    #[test]
    fn a_message_is_not_counted_twice_when_others_count_meanwhile() {
        let (root, room) = room();
        let kept = room.reserve(60).unwrap();
        fs::write(root.path().join("new/a,S=60"), "").unwrap();
        assert_eq!(why(room.check(50)), Some(NoRoom::Full));
        kept.use_up();
        assert_eq!(why(room.check(40)), None);
    }
}
