//! A terminal that does not show what is typed.

use std::io;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::failure::Failure;

/// Asks on the terminal, and has `read` read what is typed there without its being seen.
pub(crate) fn unseen(
    question: &str,
    read: impl FnOnce() -> Result<String, Failure>,
) -> Result<String, Failure> {
    // Standard output may be going into a file.
    eprint!("{question}");
    let shown = Shown(tcgetattr(io::stdin()).map_err(Failure::running)?);
    let mut hidden = shown.0.clone();
    hidden.local_modes -= LocalModes::ECHO;
    tcsetattr(io::stdin(), OptionalActions::Flush, &hidden).map_err(Failure::running)?;
    let line = read();
    drop(shown);
    eprintln!();
    line
}

/// How the terminal was before; it is so again when this is dropped.
struct Shown(Termios);

impl Drop for Shown {
    fn drop(&mut self) {
        // If that fails there is no terminal any more.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
