//! The threads that check passwords.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use mailchute::Password;
use tokio::sync::oneshot;

use crate::failure::Failure;
use crate::verifier::Verifier;

/// As many threads as there are processors. Each check takes one, and argon2id memory, so that who guesses waits and
/// does not take it from others.
///
/// They are threads of their own, each of which keeps its memory for the next password (19 MiB for argon2id as it is
/// usual): with memory taken anew on any thread of the runtime, fifty clients that guessed made it a gigabyte.
#[derive(Debug, Clone)]
pub(crate) struct Checkers(Sender<Check>);

#[derive(Debug)]
struct Check {
    verifier: Verifier,
    password: Password,
    answer: oneshot::Sender<bool>,
}

impl Checkers {
    pub(crate) fn start() -> Result<Self, Failure> {
        let (queue, checks) = channel();
        let checks = Arc::new(Mutex::new(checks));
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let checks = Arc::clone(&checks);
            thread::Builder::new()
                .name("password".to_owned())
                .spawn(move || work(&checks))
                .map_err(Failure::running)?;
        }
        Ok(Self(queue))
    }

    /// Whether the verifier was made of this password.
    pub(crate) async fn check(
        &self,
        verifier: Verifier,
        password: Password,
    ) -> Result<bool, oneshot::error::RecvError> {
        let (answer, answered) = oneshot::channel();
        // Where nobody takes it, nobody answers.
        let _ = self.0.send(Check { verifier, password, answer });
        answered.await
    }
}

fn work(checks: &Mutex<Receiver<Check>>) {
    let mut memory = Vec::new();
    loop {
        let next = checks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Check { verifier, password, answer }) = next else { return };
        // Whoever has gone meanwhile costs nothing.
        if !answer.is_closed() {
            let _ = answer.send(verifier.is_of(password.reveal(), &mut memory));
        }
    }
}
