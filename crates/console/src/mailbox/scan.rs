//! Compares the files of the Maildirs with those that are known.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;

use super::Id;
use super::directory::{Directory, EntryKind, Stamp};
use super::id::hash;
use super::known::{Known, KnownFiles, State};
use super::name::MailName;
use super::walk::{PlacePath, Walk};

/// The directories of a place.
const DIRECTORIES: [&[u8]; 2] = [b"new", b"cur"];

/// A file with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MailFile {
    pub(super) place: u64,
    pub(super) in_cur: bool,
    pub(super) name: Vec<u8>,
}

impl MailFile {
    pub(super) fn is_unread(&self) -> bool {
        !self.in_cur || !MailName::parse(&self.name).has_flag(b'S')
    }

    /// Returns the name of its directory.
    pub(super) fn directory_name(&self) -> &'static [u8] {
        DIRECTORIES[usize::from(self.in_cur)]
    }

    /// Returns the hash that changes with the flags.
    pub(super) fn location(&self) -> u32 {
        location(self.in_cur, &self.name)
    }
}

fn location(in_cur: bool, name: &[u8]) -> u32 {
    // FNV-1a: this runs for each file of a directory that has changed.
    name.iter().fold(0x811c_9dc5 ^ u32::from(in_cur), |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// Files that wait to be put into the index, by time.
pub(super) type Waiting = BTreeMap<(i64, u64), MailFile>;

/// What has changed since the last scan, beside files that wait.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Messages whose directory or flags have changed.
    pub(super) moved: Vec<(Id, MailFile)>,
    pub(super) gone: Vec<Id>,
}

/// The state between scans.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    pub(super) known: KnownFiles,
    pub(super) waiting: Waiting,
    /// All places that were ever seen, by their numbers.
    pub(super) places: HashMap<u64, PlacePath>,
    walk: Walk,
    stamps: HashMap<(u64, bool), (Stamp, u32)>,
    round: u32,
}

impl Scanner {
    /// Looks for changes. Directories that have not changed are not read.
    ///
    /// # Errors
    /// The directory of the mailbox cannot be read.
    pub(super) fn scan(&mut self, root: &Directory) -> io::Result<Found> {
        self.round = self.round.wrapping_add(1);
        let round = self.round;
        let mut found = Found::default();
        // Places whose files are all seen below, if they are still there.
        let mut was_read = HashSet::new();
        let mut walk = std::mem::take(&mut self.walk);
        let outcome = walk.places(root, round, &mut |path, directory| {
            let number = path.number();
            if self.scan_place(number, &path, directory, &mut found) {
                was_read.insert(number);
            }
            self.places.entry(number).or_insert(path);
        });
        self.walk = walk;
        outcome?;
        self.forget(&was_read, &mut found);
        Ok(found)
    }

    /// Reads the directories of a place if one has changed, and returns whether it did.
    fn scan_place(&mut self, place: u64, path: &PlacePath, directory: &Directory, found: &mut Found) -> bool {
        let open = |name: &[u8]| {
            let directory = directory.child(name).ok()?;
            Some((directory.stamp().ok()?, directory))
        };
        let opened = DIRECTORIES.map(open);
        let is_same = opened.iter().zip([false, true]).all(|(opened, in_cur)| {
            let known = self.stamps.get(&(place, in_cur)).map(|(stamp, _)| *stamp);
            opened.as_ref().map(|(stamp, _)| *stamp) == known && known.is_none_or(Stamp::is_sure)
        });
        for (opened, in_cur) in opened.iter().zip([false, true]) {
            match opened {
                Some((stamp, _)) => drop(self.stamps.insert((place, in_cur), (*stamp, self.round))),
                None => drop(self.stamps.remove(&(place, in_cur))),
            }
        }
        if is_same {
            return false;
        }
        // First `new`, so that a file is seen at least once while a reader moves it to `cur`.
        for (opened, in_cur) in opened.iter().zip([false, true]) {
            let Some((_, directory)) = opened else { continue };
            let read = directory.entries(false, |name, kind| {
                if kind == EntryKind::File {
                    self.see(place, path, in_cur, name, directory, found);
                }
            });
            if read.is_err() {
                // It is read again, and nothing is taken as gone.
                self.stamps.remove(&(place, in_cur));
                return false;
            }
        }
        true
    }

    fn see(
        &mut self,
        place: u64,
        path: &PlacePath,
        in_cur: bool,
        name: &[u8],
        directory: &Directory,
        found: &mut Found,
    ) {
        let read = MailName::parse(name);
        let hash = hash(&[&path.maildir, read.unique]);
        let (location, round) = (location(in_cur, name), self.round);
        let file = || MailFile { place, in_cur, name: name.to_vec() };
        if let Some(known) = self.known.get_mut(&hash) {
            known.seen = round;
            if (known.location, known.place) == (location, place) {
                return;
            }
            (known.location, known.place) = (location, place);
            match known.state() {
                State::Indexed(id) => found.moved.push((id, file())),
                State::Waiting(micros) => drop(self.waiting.insert((micros, hash), file())),
            }
            return;
        }
        let micros = read.micros(hash).or_else(|| directory.modified(name).ok());
        // Gone meanwhile.
        let Some(micros) = micros.map(|micros| micros.max(0)) else { return };
        self.known.insert(hash, Known::new(State::Waiting(micros), place, location, round));
        self.waiting.insert((micros, hash), file());
    }

    /// Notes the state of a file.
    pub(super) fn settle(&mut self, hash: u64, state: State) {
        if let Some(known) = self.known.get_mut(&hash) {
            known.set(state);
        }
    }

    /// Forgets a file that was not where it should be, so that the next scan looks for it.
    pub(super) fn lose(&mut self, hash: u64, file: &MailFile) {
        self.known.remove(&hash);
        for in_cur in [false, true] {
            self.stamps.remove(&(file.place, in_cur));
        }
    }

    /// Forgets files that are gone from these places, and from places that are gone.
    fn forget(&mut self, was_read: &HashSet<u64>, found: &mut Found) {
        let round = self.round;
        let stamps = &mut self.stamps;
        stamps.retain(|_, (_, seen)| *seen == round);
        let is_there = |place: u64| [false, true].iter().any(|in_cur| stamps.contains_key(&(place, *in_cur)));
        let gone: HashSet<_> = self.places.keys().copied().filter(|place| !is_there(*place)).collect();
        if was_read.is_empty() && gone.is_empty() {
            return;
        }
        self.known.retain(|hash, known| {
            let is_gone =
                known.seen != round && (was_read.contains(&known.place) || gone.contains(&known.place));
            if is_gone {
                match known.state() {
                    State::Indexed(id) => found.gone.push(id),
                    State::Waiting(micros) => drop(self.waiting.remove(&(micros, *hash))),
                }
            }
            !is_gone
        });
    }
}
