//! The lines that a person types, or that come through a pipe.

use std::io::{self, BufRead as _};
use std::thread;

use tokio::sync::mpsc::{Receiver, channel};

use crate::failure::Failure;

/// Lines that are read ahead.
const AHEAD: usize = 16;

/// Reads standard input on its own thread, which ends with the program. Lines come without their line end.
pub(super) fn lines() -> Result<Receiver<Vec<u8>>, Failure> {
    let (sender, lines) = channel(AHEAD);
    let read = move || {
        let mut input = io::stdin().lock();
        loop {
            let mut line = Vec::new();
            // An input that cannot be read is at its end.
            if input.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            let line = line.strip_suffix(b"\r").unwrap_or(line).to_vec();
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("input".to_owned()).spawn(read).map_err(Failure::running)?;
    Ok(lines)
}
