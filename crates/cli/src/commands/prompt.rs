//! A terminal that does not echo.

use std::io;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Failure;
use crate::process::signals::StopSignals;

/// Prints a prompt, and calls `read` while the terminal does not echo.
pub(crate) fn unseen(
    question: &str,
    read: impl FnOnce() -> Result<String, Failure> + Send + 'static,
) -> Result<String, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let runtime = runtime.map_err(Failure::running)?;
    let outcome = runtime.block_on(async {
        // Signals are caught first: otherwise one would end the program and leave the terminal without echo.
        let mut stop = StopSignals::catch()?;
        let mut quit = signal(SignalKind::quit()).map_err(Failure::running)?;
        let _shown = Shown::hide()?;
        // Standard output may be redirected to a file.
        eprint!("{question}");
        let interrupted = || Err(Failure::running("interrupted; no line was written"));
        tokio::select! {
            line = tokio::task::spawn_blocking(read) => line.map_err(Failure::running)?,
            () = stop.wait() => interrupted(),
            _ = quit.recv() => interrupted(),
        }
    });
    eprintln!();
    // Nothing can wake the thread that reads from the terminal. It ends with the program.
    runtime.shutdown_background();
    outcome
}

/// The settings to restore when this is dropped.
struct Shown(Termios);

impl Shown {
    fn hide() -> Result<Self, Failure> {
        let shown = Self(tcgetattr(io::stdin()).map_err(Failure::running)?);
        let mut hidden = shown.0.clone();
        hidden.local_modes -= LocalModes::ECHO;
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden).map_err(Failure::running)?;
        Ok(shown)
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        // If that fails, the terminal is gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
