//! The thread that writes the log: nobody else ever waits for who reads it.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::line::Lines;
use super::queue::{Batch, Queue};

/// Octets that go to a pipe as one piece, whoever else writes to it (`PIPE_BUF` of Linux): after a handover two
/// processes do.
const PIECE: usize = 4096;

/// Octets of memory that are kept for the next lines.
const KEPT: usize = 64 * 1024;

/// How long to wait for room where standard error does not block.
const PAUSE: Duration = Duration::from_millis(10);

impl Queue {
    /// Starts the thread, unless it runs.
    pub(super) fn write_to_stderr(self: &Arc<Self>, lines: Lines) -> io::Result<()> {
        if self.state().has_writer {
            return Ok(());
        }
        let queue = Arc::clone(self);
        thread::Builder::new().name("log".to_owned()).spawn(move || queue.write_to(io::stderr(), lines))?;
        self.state().has_writer = true;
        Ok(())
    }

    /// Writes what comes until the end. What cannot be written, as the disk is full or nobody is there to read, is
    /// dropped, and that is said as soon as something can be.
    fn write_to(&self, mut out: impl Write, format: Lines) {
        let mut lines = Vec::new();
        let mut unsaid = 0;
        let mut since = Instant::now();
        loop {
            let Batch { dropped, is_last } = self.take(&mut lines, since);
            since = Instant::now();
            unsaid += dropped;
            if unsaid > 0 && !lines.is_empty() {
                lines.extend_from_slice(format.dropped(unsaid).as_bytes());
            }
            match write_lines(&mut out, &lines) {
                Ok(()) if lines.is_empty() => {}
                Ok(()) => unsaid = 0,
                Err(Unwritten(count)) => unsaid += count,
            }
            lines.clear();
            if lines.capacity() > KEPT {
                lines = Vec::new();
            }
            if is_last {
                return self.done();
            }
        }
    }
}

/// So many lines could not be written.
#[derive(Debug, PartialEq, Eq)]
struct Unwritten(u64);

fn write_lines(out: &mut impl Write, mut lines: &[u8]) -> Result<(), Unwritten> {
    while !lines.is_empty() {
        let (piece, rest) = lines.split_at(first_piece(lines));
        if write_piece(out, piece).is_err() {
            return Err(Unwritten(lines.iter().map(|&octet| u64::from(octet == b'\n')).sum()));
        }
        lines = rest;
    }
    Ok(())
}

/// As many whole lines as go in one piece, and at least one.
fn first_piece(lines: &[u8]) -> usize {
    let fits = &lines[..lines.len().min(PIECE)];
    let end = fits.iter().rposition(|&octet| octet == b'\n');
    let end = end.or_else(|| lines.iter().position(|&octet| octet == b'\n'));
    end.map_or(lines.len(), |end| end + 1)
}

fn write_piece(out: &mut impl Write, mut piece: &[u8]) -> io::Result<()> {
    while !piece.is_empty() {
        match out.write(piece) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => piece = &piece[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Somebody who has the same file open has made it so.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(PAUSE),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::LogFormat;

    /// Fails so many times, then takes all but a part at a time.
    #[derive(Default)]
    struct Out {
        failures: Vec<io::ErrorKind>,
        pieces: Vec<usize>,
        written: Vec<u8>,
    }

    impl Write for &mut Out {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            if let Some(kind) = self.failures.pop() {
                return Err(kind.into());
            }
            self.pieces.push(octets.len());
            let count = octets.len().min(3000);
            self.written.extend_from_slice(&octets[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn writes_whole_lines_at_once_up_to_what_a_pipe_takes() {
        let mut out = Out::default();
        let line = |length: usize| format!("{}\n", "x".repeat(length - 1));
        let lines = [line(2000), line(2000), line(97), line(5000), line(10)].concat();
        assert_eq!(write_lines(&mut &mut out, lines.as_bytes()), Ok(()));
        assert_eq!(out.pieces, [4000, 1000, 97, 5000, 2000, 10]);
        assert_eq!(out.written, lines.as_bytes());
    }

    #[test]
    fn a_line_that_is_interrupted_or_finds_no_room_is_written_later() {
        let mut out =
            Out { failures: vec![io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted], ..Out::default() };
        assert_eq!(write_lines(&mut &mut out, b"a\nb\n"), Ok(()));
        assert_eq!(out.written, b"a\nb\n");
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_said_later() {
        let mut out = Out { failures: vec![io::ErrorKind::StorageFull], ..Out::default() };
        let queue = Queue::default();
        queue.push(b"lost\nlost\n");
        thread::scope(|scope| {
            scope.spawn(|| queue.write_to(&mut out, Lines(LogFormat::Json)));
            while !queue.has_idle_writer() {
                thread::yield_now();
            }
            queue.push(b"kept\n");
            queue.end();
        });
        let text = String::from_utf8(out.written).expect("it is text");
        assert!(text.starts_with("kept\n{\"time\":"), "{text}");
        assert!(text.ends_with(",\"lines\":2}\n"), "{text}");
    }
}
