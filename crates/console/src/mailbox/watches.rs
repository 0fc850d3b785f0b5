//! Asks the kernel which names change in large directories (inotify).
//!
//! # Why
//! A directory of 100,000 names takes about 0.1 s to read, and each message changes it. With a watch, a look reads only
//! the names that have changed since the last one. A watch is an optimization: where its names may be incomplete, the
//! directory is read.

use std::collections::{BTreeSet, HashMap};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use super::directory::Directory;

/// Smaller directories are read: that takes less than 2 ms, and a watch takes memory of the kernel.
const LARGE: usize = 1_000;

/// With more changed names, the directory is read. The kernel keeps fewer of them.
const MOST_NAMES: usize = 50_000;

/// The events that change names, or end the watch.
const CHANGES: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVE)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR);

/// After these, a watch says nothing of the directory any more.
const ENDS: ReadFlags =
    ReadFlags::DELETE_SELF.union(ReadFlags::MOVE_SELF).union(ReadFlags::IGNORED).union(ReadFlags::UNMOUNT);

/// The watched directories, by their numbers.
#[derive(Debug)]
pub(super) struct Watches {
    /// `None` until it is needed, or if the kernel gives none.
    queue: Option<OwnedFd>,
    watches: HashMap<u64, Watch>,
    /// Numbers of directories by the descriptors of their watches.
    numbers: HashMap<i32, u64>,
    /// Directories with fewer names are not watched.
    pub(super) least: usize,
}

#[derive(Debug)]
struct Watch {
    descriptor: i32,
    inode: u64,
    /// The names that have changed since the last look. `None` if there may be others.
    names: Option<BTreeSet<Vec<u8>>>,
}

impl Default for Watches {
    fn default() -> Self {
        Self { queue: None, watches: HashMap::new(), numbers: HashMap::new(), least: LARGE }
    }
}

impl Watches {
    /// Returns the names that have changed in a directory since the last call or the last read. `None` if the directory
    /// must be read.
    pub(super) fn changed(&mut self, number: u64, inode: u64) -> Option<BTreeSet<Vec<u8>>> {
        if self.watches.get(&number)?.inode != inode {
            self.end(number);
            return None;
        }
        self.drain();
        self.watches.get_mut(&number)?.names.as_mut().map(std::mem::take)
    }

    /// Watches a directory that is read next.
    pub(super) fn begin(&mut self, number: u64, inode: u64, directory: &Directory) {
        // An older change is in what is read.
        self.drain();
        if let Some(watch) = self.watches.get_mut(&number) {
            watch.names = Some(BTreeSet::new());
            return;
        }
        if self.queue.is_none() {
            self.queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok();
        }
        let Some(queue) = self.queue.as_ref().filter(|_| directory.is_on_local_disk()) else { return };
        // There may be too many watches, or no /proc.
        let Ok(descriptor) = inotify::add_watch(queue, directory.proc_path(), CHANGES) else { return };
        // The directory has another name, whose watch this is.
        if self.numbers.contains_key(&descriptor) {
            return;
        }
        self.numbers.insert(descriptor, number);
        self.watches.insert(number, Watch { descriptor, inode, names: Some(BTreeSet::new()) });
    }

    /// Ends the watch of a directory that has been read, if it has few names.
    pub(super) fn keep_if_large(&mut self, number: u64, names: usize) {
        if names < self.least {
            self.end(number);
        }
    }

    /// Has a directory read at the next look.
    pub(super) fn distrust(&mut self, number: u64) {
        if let Some(watch) = self.watches.get_mut(&number) {
            watch.names = None;
        }
    }

    /// Ends the watch of a directory.
    pub(super) fn end(&mut self, number: u64) {
        let Some(watch) = self.watches.remove(&number) else { return };
        self.numbers.remove(&watch.descriptor);
        if let Some(queue) = &self.queue {
            // The watch of a removed directory has ended already.
            let _ = inotify::remove_watch(queue, watch.descriptor);
        }
    }

    /// Takes all changes from the kernel.
    fn drain(&mut self) {
        let Some(queue) = &self.queue else { return };
        let mut room = [MaybeUninit::uninit(); 16 * 1024];
        let mut reader = Reader::new(queue, &mut room);
        let mut ended = Vec::new();
        loop {
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => break,
                Err(_) => {
                    self.watches.values_mut().for_each(|watch| watch.names = None);
                    break;
                }
            };
            if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                self.watches.values_mut().for_each(|watch| watch.names = None);
                continue;
            }
            let Some(number) = self.numbers.get(&event.wd()) else { continue };
            if event.events().intersects(ENDS) {
                ended.push(*number);
                continue;
            }
            let (Some(watch), Some(name)) = (self.watches.get_mut(number), event.file_name()) else {
                continue;
            };
            if let Some(names) = &mut watch.names {
                names.insert(name.to_bytes().to_vec());
                if names.len() > MOST_NAMES {
                    watch.names = None;
                }
            }
        }
        for number in ended {
            self.end(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    const NUMBER: u64 = 2;

    fn watched(path: &Path) -> (Watches, u64) {
        let directory = Directory::open(path).unwrap();
        let (mut watches, inode) = (Watches::default(), directory.stamp().unwrap().inode());
        assert_eq!(watches.changed(NUMBER, inode), None, "it was not read yet");
        watches.begin(NUMBER, inode, &directory);
        (watches, inode)
    }

    fn names(names: &[&str]) -> Option<BTreeSet<Vec<u8>>> {
        Some(names.iter().map(|name| name.as_bytes().to_vec()).collect())
    }

    #[test]
    fn changed_names_are_told_once() {
        let root = tempfile::tempdir().unwrap();
        let (mut watches, inode) = watched(root.path());
        assert_eq!(watches.changed(NUMBER, inode), names(&[]));
        fs::write(root.path().join("a"), "").unwrap();
        fs::rename(root.path().join("a"), root.path().join("b")).unwrap();
        assert_eq!(watches.changed(NUMBER, inode), names(&["a", "b"]));
        fs::remove_file(root.path().join("b")).unwrap();
        assert_eq!(watches.changed(NUMBER, inode), names(&["b"]));
        assert_eq!(watches.changed(NUMBER, inode), names(&[]));
    }

    #[test]
    fn a_directory_is_read_after_more_changes_than_the_kernel_keeps() {
        let root = tempfile::tempdir().unwrap();
        let (mut watches, inode) = watched(root.path());
        let most = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
        for number in 0..=most.trim().parse::<u32>().unwrap() / 2 {
            let name = root.path().join(number.to_string());
            fs::write(&name, "").unwrap();
            fs::remove_file(name).unwrap();
        }
        assert_eq!(watches.changed(NUMBER, inode), None);
        watches.begin(NUMBER, inode, &Directory::open(root.path()).unwrap());
        fs::write(root.path().join("a"), "").unwrap();
        assert_eq!(watches.changed(NUMBER, inode), names(&["a"]));
    }

    #[test]
    fn another_directory_of_the_name_is_read() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        fs::create_dir(path("new")).unwrap();
        let (mut watches, inode) = watched(&path("new"));
        fs::rename(path("new"), path("old")).unwrap();
        assert_eq!(watches.changed(NUMBER, inode), None);
        fs::create_dir(path("new")).unwrap();
        let (mut watches, inode) = watched(&path("new"));
        assert_eq!(watches.changed(NUMBER, inode + 1), None);
        assert!(watches.watches.is_empty() && watches.numbers.is_empty());
        let (mut watches, inode) = watched(&path("new"));
        fs::remove_dir(path("new")).unwrap();
        assert_eq!(watches.changed(NUMBER, inode), None);
        assert!(watches.watches.is_empty() && watches.numbers.is_empty());
    }

    #[test]
    fn small_directories_and_second_names_are_not_watched() {
        let root = tempfile::tempdir().unwrap();
        let (mut watches, inode) = watched(root.path());
        let directory = Directory::open(root.path()).unwrap();
        watches.begin(NUMBER + 1, inode, &directory);
        assert_eq!(watches.changed(NUMBER + 1, inode), None);
        watches.distrust(NUMBER);
        assert_eq!(watches.changed(NUMBER, inode), None);
        watches.begin(NUMBER, inode, &directory);
        watches.keep_if_large(NUMBER, LARGE);
        assert_eq!(watches.changed(NUMBER, inode), names(&[]));
        watches.keep_if_large(NUMBER, LARGE - 1);
        assert_eq!(watches.changed(NUMBER, inode), None);
    }
}
