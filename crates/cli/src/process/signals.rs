//! The signals that stop, reload, or hand over the program.
//!
//! # Why
//!
//! SIGTERM changes nothing in a process that has handed over; the next one closes its sessions. systemd sends SIGTERM
//! to all processes of a service, and the old process is stopping already.

use std::future::pending;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

/// SIGTERM and SIGINT, and SIGQUIT if it was asked for, caught from the creation of this value on.
#[derive(Debug)]
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    quit: Option<Signal>,
}

impl StopSignals {
    pub(crate) fn catch() -> Result<Self, Failure> {
        let catch = |kind| signal(kind).map_err(Failure::running);
        let (terminate, interrupt) = (catch(SignalKind::terminate())?, catch(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, quit: None })
    }

    /// Catches SIGQUIT too, for a program that must restore its terminal.
    pub(crate) fn catch_all() -> Result<Self, Failure> {
        let quit = signal(SignalKind::quit()).map_err(Failure::running)?;
        Ok(Self { quit: Some(quit), ..Self::catch()? })
    }

    /// Waits for the next signal.
    pub(crate) async fn wait(&mut self) {
        let Self { terminate, interrupt, quit } = self;
        let quit = async {
            match quit {
                Some(quit) => quit.recv().await,
                None => pending().await,
            }
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = quit => {}
        }
    }
}

/// Makes a write past the file size limit fail (SIGXFSZ) instead of killing the program.
pub(crate) fn let_writes_fail() -> Result<(), Failure> {
    // The handler stays in place even if no task waits for the signal.
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop).map_err(Failure::running)
}

/// A signal that does not end the program, caught from the creation of this value on. Before that it would.
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
