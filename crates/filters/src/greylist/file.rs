//! A greylist in a file, which lasts over restarts.
//!
//! # Why
//!
//! SQLite blocks, so a thread of its own asks it, and no thread of the runtime waits for a disk. The thread answers all
//! questions that have come meanwhile in one transaction. A file that fails costs no mail: the questions are decided in
//! memory until it works again.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::database::Database;
use super::decide::{Decision, Keys, Times, decide, note};

/// Questions that wait for the thread. Those beyond are decided in memory.
const WAITING: usize = 1024;

/// Questions of one transaction.
const BATCH: usize = 128;

/// How long mail waits for the disk.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a file that has failed is left alone.
const PAUSE: Duration = Duration::from_secs(60);

/// A file, and the thread that reads and writes it. The thread starts at the first question: a program may restrict its
/// threads after the greylist was made, and Landlock applies to a thread and those that it starts. It ends when this value
/// is dropped.
pub(super) struct File {
    path: PathBuf,
    /// `None` inside if the thread could not be started.
    questions: OnceLock<Option<mpsc::Sender<Waiting>>>,
}

/// A question to the thread.
pub(super) struct Question {
    pub(super) keys: Keys,
    pub(super) times: Times,
    pub(super) max_entries: usize,
    /// In milliseconds since 1970.
    pub(super) now: u64,
    /// The decision of another memory, which is only to be recorded.
    pub(super) told: Option<Decision>,
}

type Waiting = (Question, oneshot::Sender<Decision>);

impl File {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, questions: OnceLock::new() }
    }

    /// Decides by the file. Returns `None` if it fails or does not answer in time.
    ///
    /// # Cancel safety
    /// The decision is recorded although nobody waits for it any longer.
    pub(super) async fn decide(&self, question: Question) -> Option<Decision> {
        let (sender, answer) = oneshot::channel();
        let questions = self.questions.get_or_init(|| start(&self.path)).as_ref()?;
        questions.try_send((question, sender)).ok()?;
        timeout(PATIENCE, answer).await.ok()?.ok()
    }
}

/// Starts the thread. Returns `None` if the system allows no more threads.
fn start(path: &Path) -> Option<mpsc::Sender<Waiting>> {
    let (questions, waiting) = mpsc::channel(WAITING);
    let owned = path.to_owned();
    match std::thread::Builder::new().name("greylist".to_owned()).spawn(move || run(&owned, waiting)) {
        Ok(_) => Some(questions),
        Err(error) => {
            tell_failure(path, &format!("its thread cannot be started: {error}"));
            None
        }
    }
}

fn tell_failure(path: &Path, error: &str) {
    tracing::warn!(
        name: "greylist-file-failed", path = %path.display(), error,
        "the file of the greylist cannot be used; the greylist goes on in memory"
    );
}

/// Answers questions until no more can come.
fn run(path: &Path, mut waiting: mpsc::Receiver<Waiting>) {
    let mut file = State::Closed;
    while let Some(first) = waiting.blocking_recv() {
        let mut batch = vec![first];
        while let Some(next) = (batch.len() < BATCH).then(|| waiting.try_recv().ok()).flatten() {
            batch.push(next);
        }
        // Sessions that do not wait any longer have decided in memory.
        batch.retain(|(_, sender)| !sender.is_closed());
        if let Some(decisions) = file.decide(path, &batch) {
            for ((_, sender), decision) in batch.into_iter().zip(decisions) {
                let _ = sender.send(decision);
            }
        }
    }
}

enum State {
    Closed,
    Open(Database),
    Failed { again: Instant },
}

impl State {
    /// Decides a batch in one transaction. Returns `None` if the file fails.
    fn decide(&mut self, path: &Path, batch: &[Waiting]) -> Option<Vec<Decision>> {
        if matches!(self, Self::Failed { again } if Instant::now() < *again) {
            return None;
        }
        let has_failed = matches!(self, Self::Failed { .. });
        let mut database = match std::mem::replace(self, Self::Closed) {
            Self::Open(database) => Ok(database),
            Self::Closed | Self::Failed { .. } => Database::open(path),
        };
        let decisions = database.as_mut().map_err(|error| error.clone()).and_then(|database| {
            database.transaction(|database| decide_all(database, batch)).map_err(|error| error.to_string())
        });
        match (database, decisions) {
            (Ok(database), Ok(decisions)) => {
                *self = Self::Open(database);
                if has_failed {
                    tracing::info!(name: "greylist-file-back", path = %path.display(), "the greylist is in its file again");
                }
                Some(decisions)
            }
            (_, Err(error)) | (Err(error), _) => {
                *self = Self::Failed { again: Instant::now() + PAUSE };
                if !has_failed {
                    tell_failure(path, &error);
                }
                None
            }
        }
    }
}

fn decide_all(database: &mut Database, batch: &[Waiting]) -> Result<Vec<Decision>, rusqlite::Error> {
    let mut decisions = Vec::with_capacity(batch.len());
    for (Question { keys, times, now, told, .. }, _) in batch {
        decisions.push(match told {
            Some(told) => note(database, *keys, times, *now, *told).map(|()| *told)?,
            None => decide(database, *keys, times, *now)?,
        });
    }
    if let Some((Question { times, max_entries, now, .. }, _)) = batch.last() {
        database.clean(*max_entries, times, *now)?;
    }
    Ok(decisions)
}
