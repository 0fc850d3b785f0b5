//! The recipients who have a message that was put off: kept for a day, over restarts, so that a retry doubles no copy.
//!
//! ```text
//!   STATE/forwarded/SENDER/CONTENT    the addresses of those who have it, one per line
//! ```
//!
//! SENDER is a hash of the sender and CONTENT one of the content, header included. A message whose sender has no
//! directory is new, which costs a look-up of one name.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use mailchute::Sender;
use sha2::{Digest as _, Sha256};

/// How long it is remembered. Senders try again for days, and each retry that is put off renews it.
const REMEMBERED: Duration = Duration::from_secs(24 * 3_600);

/// How often what is older is removed.
const SWEEP: Duration = Duration::from_secs(3_600);

/// Messages that are remembered between two sweeps. Beyond them nothing is, so that nobody fills the disk.
const MOST: u32 = 20_000;

#[derive(Debug)]
pub(super) struct Remembered {
    directory: PathBuf,
    swept: Mutex<Option<Instant>>,
    added: AtomicU32,
    /// Makes names of temporary files unique in the process.
    number: AtomicU32,
}

/// The hashes that a message is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    sender: String,
    content: String,
}

impl Key {
    pub(super) fn new(sender: &Sender, content: Sha256) -> Self {
        Self { sender: of_sender(sender), content: hex(&content.finalize()) }
    }
}

/// Half of the hash: it only has to spread.
fn of_sender(sender: &Sender) -> String {
    hex(&Sha256::digest(sender.as_str().as_bytes())[..16])
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xf])
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}

/// All of these block.
impl Remembered {
    pub(super) fn new(state: &Path) -> Self {
        Self {
            directory: state.join("forwarded"),
            swept: Mutex::new(None),
            added: AtomicU32::new(0),
            number: AtomicU32::new(0),
        }
    }

    /// Returns whether any message of this sender is remembered.
    pub(super) fn knows(&self, sender: &Sender) -> bool {
        self.directory.join(of_sender(sender)).is_dir()
    }

    /// Returns the addresses of those who have the message.
    pub(super) fn get(&self, key: &Key) -> io::Result<Vec<String>> {
        match fs::read_to_string(self.file(key)) {
            Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Remembers that these have the message too. It is durable then.
    pub(super) fn add(&self, key: &Key, addresses: &[String]) -> io::Result<()> {
        self.sweep_if_due();
        if self.added.fetch_add(1, Ordering::Relaxed) >= MOST {
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "too many messages are remembered"));
        }
        let mut all = self.get(key)?;
        for address in addresses {
            if !all.contains(address) {
                all.push(address.clone());
            }
        }
        let text = all.join("\n");
        // A sweep may remove the directory in between.
        let mut written = self.write(key, &text);
        if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            written = self.write(key, &text);
        }
        written
    }

    fn write(&self, key: &Key, text: &str) -> io::Result<()> {
        let directory = self.directory.join(&key.sender);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let temporary = directory.join(format!("tmp-{}-{number}", std::process::id()));
        let mut file =
            File::options().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, self.file(key))?;
        for changed in [directory.as_path(), &self.directory] {
            File::open(changed)?.sync_all()?;
        }
        Ok(())
    }

    fn file(&self, key: &Key) -> PathBuf {
        self.directory.join(&key.sender).join(&key.content)
    }

    fn sweep_if_due(&self) {
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if swept.is_none_or(|at| at.elapsed() >= SWEEP) {
            *swept = Some(Instant::now());
            self.added.store(0, Ordering::Relaxed);
            self.sweep(SystemTime::now());
        }
    }

    /// Removes what is too old. A file that cannot be removed stays until the next sweep.
    fn sweep(&self, now: SystemTime) {
        for sender in entries(&self.directory) {
            for file in entries(&sender) {
                let changed = fs::metadata(&file).and_then(|data| data.modified());
                if changed.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age >= REMEMBERED)) {
                    let _ = fs::remove_file(&file);
                }
            }
            // It fails unless the directory is empty.
            let _ = fs::remove_dir(&sender);
        }
    }
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect()
}

#[cfg(test)]
mod tests {
    use mailchute::address::ReversePath;

    use super::*;

    fn sender(argument: &str) -> Sender {
        Sender::new(ReversePath::parse_argument(argument.as_bytes()).unwrap().0)
    }

    fn key(content: &str) -> Key {
        Key::new(&sender("<alice@example.org>"), Sha256::new_with_prefix(content))
    }

    fn addresses(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| format!("{name}@example.com")).collect()
    }

    #[test]
    fn addresses_add_up_and_outlive_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let remembered = Remembered::new(directory.path());
        assert!(!remembered.knows(&sender("<alice@example.org>")));
        remembered.add(&key("x"), &addresses(&["bob"])).unwrap();
        remembered.add(&key("x"), &addresses(&["eve", "bob"])).unwrap();
        let after = Remembered::new(directory.path());
        assert!(after.knows(&sender("<alice@example.org>")));
        assert!(!after.knows(&sender("<>")));
        assert_eq!(after.get(&key("x")).unwrap(), addresses(&["bob", "eve"]));
        assert_eq!(after.get(&key("y")).unwrap(), addresses(&[]));
    }

    #[test]
    fn a_day_later_nothing_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let remembered = Remembered::new(directory.path());
        remembered.add(&key("x"), &addresses(&["bob"])).unwrap();
        remembered.sweep(SystemTime::now() + REMEMBERED - Duration::from_secs(60));
        assert_eq!(remembered.get(&key("x")).unwrap(), addresses(&["bob"]));
        remembered.sweep(SystemTime::now() + REMEMBERED);
        assert!(!remembered.knows(&sender("<alice@example.org>")));
        assert_eq!(entries(&directory.path().join("forwarded")), [] as [PathBuf; 0]);
    }

    #[test]
    fn nobody_fills_the_disk() {
        let directory = tempfile::tempdir().unwrap();
        let remembered = Remembered::new(directory.path());
        remembered.add(&key("x"), &addresses(&["bob"])).unwrap();
        remembered.added.store(MOST, Ordering::Relaxed);
        assert!(remembered.add(&key("y"), &addresses(&["bob"])).is_err());
        assert_eq!(remembered.get(&key("y")).unwrap(), addresses(&[]));
    }
}
