//! The mailbox with real Maildirs.

mod counts;
mod damaged;
mod deleting;
mod found;
mod hostile;
mod listing;
mod others;
mod received;
mod retention;
#[cfg(target_os = "linux")]
mod watching;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Groups, Id, Listing, Mailbox, MailboxBuilder, Search, Summary};

/// A directory with one Maildir.
struct Mails {
    root: tempfile::TempDir,
}

/// The second in which the first message came.
const BEGIN: u64 = 1_769_860_800;

impl Mails {
    fn new() -> Self {
        let mails = Self { root: tempfile::tempdir().unwrap() };
        mails.make("");
        mails
    }

    /// Makes a Maildir, or a directory in one.
    fn make(&self, place: &str) {
        for directory in ["new", "cur", "tmp"] {
            fs::create_dir_all(self.path().join(place).join(directory)).unwrap();
        }
    }

    fn path(&self) -> &Path {
        self.root.path()
    }

    /// Puts a message into a directory, and returns its name there. Each comes a second after the one before.
    fn put(&self, directory: &str, text: &str) -> String {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name =
            format!("{}.M{}P1Q{number}.mx.example.com,S={}", BEGIN + number, number % 1_000_000, text.len());
        fs::write(self.path().join(directory).join(&name), text).unwrap();
        name
    }

    fn builder(&self) -> MailboxBuilder {
        // A busy machine must not show half of the messages.
        Mailbox::builder(self.path()).patience(LONG)
    }

    fn open(&self) -> Mailbox {
        self.builder().open().unwrap()
    }

    /// Returns the names of the files in a directory.
    fn files(&self, directory: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path().join(directory)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Returns what is in the file of a message.
async fn content(mailbox: &Mailbox, id: Id) -> Option<String> {
    let (_, file) = mailbox.open_message(Some(id)).await.unwrap()?;
    Some(std::io::read_to_string(file).unwrap())
}

fn message(from: &str, to: &str, subject: &str, text: &str) -> String {
    format!(
        "Return-Path: <{from}>\nDelivered-To: {to}\nReceived: from client.example ([192.0.2.1])\n\
         \tby mx.example.com (Mailchute) with ESMTP id 1K1BAS6430W-1; Sat, 31 Jan 2026 12:00:00 +0000\n\
         From: {from}\nTo: {to}\nSubject: {subject}\nMessage-ID: <{subject}@example.com>\n\n{text}\n"
    )
}

fn search(text: &str) -> Search {
    Search::parse(text).unwrap()
}

async fn list(mailbox: &Mailbox, text: &str) -> Listing {
    mailbox.list(&search(text), None, 50).await.unwrap()
}

async fn counted(mailbox: &Mailbox) -> Groups {
    mailbox.overview(&Search::all(), None, 0).await.unwrap().1
}

/// Returns the subjects of the messages that a search finds, the newest first.
async fn subjects(mailbox: &Mailbox, text: &str) -> Vec<String> {
    list(mailbox, text).await.messages.into_iter().map(|found| found.subject.unwrap_or_default()).collect()
}

async fn ids(mailbox: &Mailbox) -> Vec<Id> {
    list(mailbox, "").await.messages.into_iter().map(|found| found.id).collect()
}

/// A time that no test waits for.
const LONG: Duration = Duration::from_secs(60);

async fn wait(mailbox: &Mailbox, text: &str) -> Summary {
    mailbox.wait(&search(text), LONG).await.unwrap().unwrap()
}
