//! Compares the files of the Maildirs with those that are known.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;

use super::Id;
use super::directory::{Directory, EntryKind, Stamp, is_hidden, is_missing};
use super::id::hash;
use super::known::{Known, KnownFiles, State};
use super::name::MailName;
use super::walk::{PlacePath, Walk};
use super::watches::Watches;

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
        location(&self.name)
    }
}

fn location(name: &[u8]) -> u32 {
    // FNV-1a: this runs for each file of a directory that has changed.
    name.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// Returns the number of `new` or `cur` in a place.
pub(super) fn directory_number(place: u64, in_cur: bool) -> u64 {
    place | u64::from(in_cur)
}

/// Files that wait to be put into the index, by time.
pub(super) type Waiting = BTreeMap<(i64, u64), MailFile>;

/// The changes since the last scan, besides files that wait.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Messages whose directory or flags have changed.
    pub(super) moved: Vec<(Id, MailFile)>,
    pub(super) gone: Vec<Id>,
}

/// The things that one scan has seen.
#[derive(Debug, Default)]
struct Round {
    found: Found,
    /// Directories whose files were all seen, if they are still there.
    was_read: HashSet<u64>,
    /// Names that are gone, as hash and directory, with their locations.
    missing: HashMap<(u64, u64), u32>,
    /// Files that were seen in another directory than before: the hash, and the directory before.
    left: Vec<(u64, u64)>,
}

/// The directory that a scan looks at.
#[derive(Debug, Clone, Copy)]
struct Seen<'d> {
    place: u64,
    in_cur: bool,
    path: &'d PlacePath,
    directory: &'d Directory,
}

impl Seen<'_> {
    fn number(self) -> u64 {
        directory_number(self.place, self.in_cur)
    }

    /// Returns the hash of a file in it that stays when its flags change.
    fn hash(self, name: MailName<'_>) -> u64 {
        hash(&[&self.path.maildir, name.unique])
    }
}

/// The state between scans.
#[derive(Debug)]
pub(super) struct Scanner {
    pub(super) known: KnownFiles,
    pub(super) waiting: Waiting,
    /// All places that were ever seen, by their numbers.
    pub(super) places: HashMap<u64, PlacePath>,
    walk: Walk,
    /// When directories last changed, by their numbers, and the scan that saw them last.
    stamps: HashMap<u64, (Stamp, u32)>,
    pub(super) watches: Watches,
    /// The other directory of each file that two directories may have, against the rules of a Maildir.
    doubles: HashMap<u64, u64>,
    round: u32,
    /// Whether directories may have gone since the index was written.
    is_first: bool,
}

impl Default for Scanner {
    fn default() -> Self {
        Self {
            known: KnownFiles::default(),
            waiting: Waiting::new(),
            places: HashMap::new(),
            walk: Walk::default(),
            stamps: HashMap::new(),
            watches: Watches::default(),
            doubles: HashMap::new(),
            round: 0,
            is_first: true,
        }
    }
}

impl Scanner {
    /// Returns the state before the first scan, with what the index has.
    pub(super) fn of(known: KnownFiles, places: HashMap<u64, PlacePath>) -> Self {
        Self { known, places, ..Self::default() }
    }

    /// Looks for changes. Directories that have not changed are not read.
    ///
    /// # Errors
    /// The directory of the mailbox cannot be read.
    pub(super) fn scan(&mut self, root: &Directory) -> io::Result<Found> {
        self.round = self.round.wrapping_add(1);
        let (number, mut round) = (self.round, Round::default());
        let mut walk = std::mem::take(&mut self.walk);
        let outcome = walk.places(root, number, &mut |path, directory| {
            let place = path.number();
            self.scan_place(place, &path, directory, &mut round);
            self.places.entry(place).or_insert(path);
        });
        self.walk = walk;
        outcome?;
        self.forget(&mut round);
        Ok(round.found)
    }

    /// Looks at the directories of a place that have changed.
    fn scan_place(&mut self, place: u64, path: &PlacePath, parent: &Directory, round: &mut Round) {
        // First `new`, so that a file is seen at least once while a reader moves it to `cur`.
        for in_cur in [false, true] {
            let number = directory_number(place, in_cur);
            let opened = parent.child(DIRECTORIES[usize::from(in_cur)]);
            let (directory, stamp) = match opened.and_then(|directory| Ok((directory.stamp()?, directory))) {
                Ok((stamp, directory)) => (directory, stamp),
                Err(error) => {
                    if !is_missing(&error) {
                        self.stamps.insert(number, (Stamp::UNKNOWN, self.round));
                    }
                    continue;
                }
            };
            let known = self.stamps.insert(number, (stamp.to_remember(), self.round));
            if known.is_some_and(|(known, _)| known == stamp) {
                continue;
            }
            let seen = Seen { place, in_cur, path, directory: &directory };
            let outcome = match self.watches.changed(number, stamp.inode()) {
                Some(names) => names.into_iter().try_for_each(|name| self.look_at(name, seen, round)),
                None => {
                    self.watches.begin(number, stamp.inode(), &directory);
                    self.read(seen, round)
                }
            };
            if outcome.is_err() {
                // It is read again, and nothing in it is taken as gone.
                self.stamps.insert(number, (Stamp::UNKNOWN, self.round));
                self.watches.distrust(number);
            }
        }
    }

    /// Reads all names in a directory.
    fn read(&mut self, seen: Seen<'_>, round: &mut Round) -> io::Result<()> {
        let mut names = 0;
        seen.directory.entries(false, |name, kind| {
            names += 1;
            if kind == EntryKind::File {
                self.see(name.to_vec(), seen, round);
            }
        })?;
        round.was_read.insert(seen.number());
        self.watches.keep_if_large(seen.number(), names);
        Ok(())
    }

    /// Looks at a name that has changed.
    fn look_at(&mut self, name: Vec<u8>, seen: Seen<'_>, round: &mut Round) -> io::Result<()> {
        if is_hidden(&name) {
            return Ok(());
        }
        match seen.directory.kind_of(&*name) {
            Ok(EntryKind::File) => self.see(name, seen, round),
            Err(error) if !is_missing(&error) => return Err(error),
            _ => {
                let hash = seen.hash(MailName::parse(&name));
                round.missing.insert((hash, seen.number()), location(&name));
            }
        }
        Ok(())
    }

    fn see(&mut self, name: Vec<u8>, seen: Seen<'_>, round: &mut Round) {
        let file = MailFile { place: seen.place, in_cur: seen.in_cur, name };
        let read = MailName::parse(&file.name);
        let hash = seen.hash(read);
        let (location, number) = (file.location(), seen.number());
        if let Some(known) = self.known.get_mut(&hash) {
            let is_double = known.seen == self.round && known.directory != number;
            known.seen = self.round;
            if (known.location, known.directory) == (location, number) {
                return;
            }
            if is_double {
                self.doubles.insert(hash, known.directory);
            } else if known.directory != number {
                round.left.push((hash, known.directory));
            }
            (known.location, known.directory) = (location, number);
            match known.state() {
                State::Indexed(id) => round.found.moved.push((id, file)),
                State::Waiting(micros) => drop(self.waiting.insert((micros, hash), file)),
            }
            return;
        }
        let micros = read.micros(hash).or_else(|| seen.directory.modified(&file.name).ok());
        // Gone meanwhile.
        let Some(micros) = micros.map(|micros| micros.max(0)) else { return };
        self.known.insert(hash, Known::new(State::Waiting(micros), number, location, self.round));
        self.waiting.insert((micros, hash), file);
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
        for number in [false, true].map(|in_cur| directory_number(file.place, in_cur)) {
            self.stamps.remove(&number);
            self.watches.distrust(number);
        }
    }

    /// Forgets files that are gone from directories, and from directories that are gone.
    fn forget(&mut self, Round { found, was_read, missing, left }: &mut Round) {
        let round = self.round;
        for (hash, before) in left.drain(..) {
            if !was_read.contains(&before) && !missing.contains_key(&(hash, before)) {
                self.doubles.insert(hash, before);
            }
        }
        let mut lost = Vec::new();
        for ((hash, number), location) in missing.drain() {
            let known = self.known.get(&hash).copied();
            let is_there = |known: &Known| (known.directory, known.location) == (number, location);
            // Otherwise it was renamed, or is there again.
            if let Some(known) = known.filter(|known| known.seen != round && is_there(known)) {
                self.known.remove(&hash);
                lost.push((hash, known.state()));
            }
        }
        let mut is_gone = false;
        let (places, walk, watches) = (&self.places, &self.walk, &mut self.watches);
        self.stamps.retain(|number, (stamp, seen)| {
            let path = || places.get(&(number & !1)).map(PlacePath::path).unwrap_or_default();
            if *seen != round && walk.is_unknown(&path()) {
                (*stamp, *seen) = (Stamp::UNKNOWN, round);
            }
            if *seen != round {
                is_gone = true;
                watches.end(*number);
            }
            *seen == round
        });
        if !was_read.is_empty() || is_gone || self.is_first {
            self.is_first = false;
            let stamps = &self.stamps;
            self.known.retain(|hash, known| {
                let is_elsewhere =
                    was_read.contains(&known.directory) || !stamps.contains_key(&known.directory);
                let is_gone = known.seen != round && is_elsewhere;
                if is_gone {
                    lost.push((*hash, known.state()));
                }
                !is_gone
            });
        }
        for (hash, state) in lost {
            match state {
                State::Indexed(id) => found.gone.push(id),
                State::Waiting(micros) => drop(self.waiting.remove(&(micros, hash))),
            }
            if let Some(other) = self.doubles.remove(&hash) {
                self.read_again(other);
            }
        }
        // The index is fast in the order of keys.
        found.gone.sort_unstable();
    }

    /// Has a directory read at the next look, if it is there.
    fn read_again(&mut self, number: u64) {
        if let Some((stamp, _)) = self.stamps.get_mut(&number) {
            *stamp = Stamp::UNKNOWN;
        }
        self.watches.distrust(number);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn messages_in_a_directory_that_cannot_be_read_are_not_gone() {
        let root = tempfile::tempdir().unwrap();
        for user in ["bob", "bobby"] {
            fs::create_dir_all(root.path().join(user).join("new")).unwrap();
            fs::write(root.path().join(user).join("new/1769860800.M1P1Q1.x"), "Subject: x\n\n").unwrap();
        }
        let directory = Directory::open(root.path()).unwrap();
        let mut scanner = Scanner::default();
        scanner.scan(&directory).unwrap();
        assert_eq!(scanner.waiting.len(), 2);
        // A round in which neither user's directory could be opened, and for one of them nobody knows why.
        scanner.round += 1;
        scanner.walk.unread.push(b"bob".to_vec());
        scanner.forget(&mut Round::default());
        let left: Vec<_> =
            scanner.waiting.values().map(|file| scanner.places[&file.place].maildir.clone()).collect();
        assert_eq!(left, [b"bob".to_vec()]);
        // It is read again, and so is the other.
        scanner.scan(&directory).unwrap();
        assert_eq!(scanner.waiting.len(), 2);
    }
}
