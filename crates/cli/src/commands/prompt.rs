//! A terminal that does not echo.

use std::io;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

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
        let mut stop = StopSignals::catch_all()?;
        let _unseen = Unseen::begin(OptionalActions::Flush).map_err(Failure::running)?;
        // Standard output may be redirected to a file.
        eprint!("{question}");
        let interrupted = || Err(Failure::running("interrupted; no line was written"));
        tokio::select! {
            line = tokio::task::spawn_blocking(read) => line.map_err(Failure::running)?,
            () = stop.wait() => interrupted(),
        }
    });
    eprintln!();
    // Nothing can wake the thread that reads from the terminal. It ends with the program.
    runtime.shutdown_background();
    outcome
}

/// Lets the terminal of standard input echo nothing, until it is dropped. The caller catches all signals of
/// [`StopSignals::catch_all`].
pub(crate) struct Unseen(Termios);

impl Unseen {
    /// Begins, and lets lines that were typed before be read or not.
    pub(crate) fn begin(typed_before: OptionalActions) -> io::Result<Self> {
        let unseen = Self(tcgetattr(io::stdin())?);
        let mut modes = unseen.0.clone();
        modes.local_modes -= LocalModes::ECHO;
        tcsetattr(io::stdin(), typed_before, &modes)?;
        Ok(unseen)
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // If that fails, the terminal is gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
