//! A greylist in a file, which lasts over restarts.
//!
//! # Why
//!
//! SQLite blocks, so a thread of its own asks it, and no thread of the runtime waits for a disk. The thread answers all
//! questions that have come meanwhile in one transaction. A file that fails costs no mail: the questions are decided in
//! memory until it works again.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
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
    /// When the file is asked again, if it was late.
    late: Mutex<Option<tokio::time::Instant>>,
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
        Self { path, questions: OnceLock::new(), late: Mutex::new(None) }
    }

    /// Decides by the file. Returns `None` if it fails or does not answer in time. After that it is not asked for a while, so
    /// that a message to many recipients does not wait for each of them.
    ///
    /// # Cancel safety
    /// If the future is dropped, the decision is recorded only if the thread has begun with it.
    pub(super) async fn decide(&self, question: Question) -> Option<Decision> {
        if !self.begins() {
            return None;
        }
        let (sender, answer) = oneshot::channel();
        let questions = self.questions.get_or_init(|| start(&self.path)).as_ref()?;
        questions.try_send((question, sender)).ok()?;
        let answer = timeout(PATIENCE, answer).await;
        self.ends(answer.is_ok());
        answer.ok()?.ok()
    }

    /// Returns whether the file may be asked. While it is late, only one question at a time tries it.
    fn begins(&self) -> bool {
        let mut late = self.late();
        let now = tokio::time::Instant::now();
        let may = late.is_none_or(|again| again <= now);
        if may && late.is_some() {
            *late = Some(now + PAUSE);
        }
        may
    }

    /// Notes whether the file has answered in time.
    fn ends(&self, in_time: bool) {
        let mut late = self.late();
        match (in_time, late.is_some()) {
            (true, true) => {
                *late = None;
                tell_back(&self.path);
            }
            (false, false) => {
                *late = Some(tokio::time::Instant::now() + PAUSE);
                tell_failure(&self.path, &format!("it does not answer within {} s", PATIENCE.as_secs()));
            }
            _ => {}
        }
    }

    fn late(&self) -> MutexGuard<'_, Option<tokio::time::Instant>> {
        self.late.lock().unwrap_or_else(PoisonError::into_inner)
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

fn tell_back(path: &Path) {
    tracing::info!(name: "greylist-file-back", path = %path.display(), "the greylist is in its file again");
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
                    tell_back(path);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;

    fn question() -> Question {
        let times = Times { delay: 300, retry_window: 1000, expiry: 10_000, known_after: 2 };
        let keys = Keys { triplet: Key::of(&[b"t"]), network: Key::of(&[b"n"]) };
        Question { keys, times, max_entries: 100, now: 1, told: None }
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_hangs_delays_one_question_a_minute() {
        let (questions, mut waiting) = mpsc::channel(8);
        let file = File { questions: OnceLock::from(Some(questions)), ..File::new("greylist.db".into()) };
        let began = tokio::time::Instant::now();
        for _ in 0..300 {
            assert_eq!(file.decide(question()).await, None);
        }
        assert_eq!(began.elapsed(), PATIENCE);
        tokio::time::advance(PAUSE).await;
        for _ in 0..300 {
            assert_eq!(file.decide(question()).await, None);
        }
        assert_eq!(began.elapsed(), PAUSE + 2 * PATIENCE);
        // The disk answers again, and the file is asked at once after the first answer.
        while waiting.try_recv().is_ok() {}
        tokio::spawn(async move {
            while let Some((_, sender)) = waiting.recv().await {
                let _ = sender.send(Decision::Pass);
            }
        });
        tokio::time::advance(PAUSE).await;
        for _ in 0..3 {
            assert_eq!(file.decide(question()).await, Some(Decision::Pass));
        }
    }
}
