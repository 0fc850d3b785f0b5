//! The signals that end the program, have it read its files again, or hand over.
//!
//! # Why
//!
//! SIGTERM changes nothing in a process that has handed over; the next one cuts sessions off. systemd sends SIGTERM to
//! all processes of a service, and the old process is stopping already.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

/// SIGTERM and SIGINT, caught from the moment this is made.
#[derive(Debug)]
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    pub(crate) fn catch() -> Result<Self, Failure> {
        let catch = |kind| signal(kind).map_err(Failure::running);
        Ok(Self { terminate: catch(SignalKind::terminate())?, interrupt: catch(SignalKind::interrupt())? })
    }

    /// Waits for the next of them.
    pub(crate) async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Has a write past the limit on the size of files (SIGXFSZ) fail by itself, without an end to the program.
pub(crate) fn let_writes_fail() -> Result<(), Failure> {
    // The handler stays where nobody waits for the signal.
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop).map_err(Failure::running)
}

/// A signal that does not end the program, caught from the moment this is made: until then it would.
#[derive(Debug)]
pub(crate) struct CaughtSignal(Signal);

impl CaughtSignal {
    /// SIGHUP.
    pub(crate) fn to_reload() -> Result<Self, Failure> {
        signal(SignalKind::hangup()).map(Self).map_err(Failure::running)
    }

    /// SIGUSR2.
    pub(crate) fn to_hand_over() -> Result<Self, Failure> {
        signal(SignalKind::user_defined2()).map(Self).map_err(Failure::running)
    }

    /// Waits for the next one.
    pub(crate) async fn wait(&mut self) {
        self.0.recv().await;
    }
}
