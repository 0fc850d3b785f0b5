//! The threads that check passwords.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use mailchute::limits::ClientKey;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::users::fair_queue::FairQueue;
use crate::users::verifier::Verifier;

/// There are as many threads as processors. Each check takes a processor, and argon2id takes memory. So a client that
/// guesses waits, and takes neither from others.
///
/// The threads are separate from the runtime, and each keeps its memory for the next password (19 MiB for usual
/// argon2id). With memory allocated on any thread of the runtime, fifty guessing clients needed a gigabyte.
///
/// Clients take turns. An address that guesses on fifty connections delays another by one check, not by fifty.
#[derive(Debug, Clone)]
pub(crate) struct PasswordPool {
    queue: Arc<Queue>,
    /// Notified once for each check. The threads end with the last sender.
    bell: Sender<()>,
}

type Queue = Mutex<FairQueue<ClientKey, Check>>;

#[derive(Debug)]
struct Check {
    verifier: Verifier,
    password: Zeroizing<String>,
    answer: oneshot::Sender<bool>,
}

impl PasswordPool {
    pub(crate) fn start() -> Result<Self, Failure> {
        let queue = Arc::new(Mutex::new(FairQueue::new()));
        let (bell, rung) = channel();
        let rung = Arc::new(Mutex::new(rung));
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let (queue, rung) = (Arc::clone(&queue), Arc::clone(&rung));
            thread::Builder::new()
                .name("password".to_owned())
                .spawn(move || work(&queue, &rung))
                .map_err(Failure::running)?;
        }
        Ok(Self { queue, bell })
    }

    /// Checks a password from that client against the verifier.
    pub(crate) async fn check(
        &self,
        client: IpAddr,
        verifier: Verifier,
        password: Zeroizing<String>,
    ) -> Result<bool, oneshot::error::RecvError> {
        let (answer, answered) = oneshot::channel();
        locked(&self.queue).push(ClientKey::of(client), Check { verifier, password, answer });
        // If no thread is left, no answer comes.
        let _ = self.bell.send(());
        answered.await
    }
}

fn work(queue: &Queue, rung: &Mutex<Receiver<()>>) {
    let mut memory = Vec::new();
    loop {
        let rung = locked(rung).recv();
        if rung.is_err() {
            return;
        }
        // A check whose client is gone is skipped.
        let next = locked(queue).pop(|check| !check.answer.is_closed());
        if let Some(Check { verifier, password, answer }) = next {
            // The thread survives a panic. The client gets 451.
            let check = AssertUnwindSafe(|| verifier.is_of(&password, &mut memory));
            if let Ok(is_right) = catch_unwind(check) {
                let _ = answer.send(is_right);
            }
        }
    }
}

/// No panic under these locks leaves anything half-done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
