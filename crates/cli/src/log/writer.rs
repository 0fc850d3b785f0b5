//! The thread that writes the log. No other thread waits for the log's reader.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::line::Lines;
use super::queue::{Batch, Queue};

/// The bytes that a pipe takes as one piece, even from several writers (`PIPE_BUF` of Linux). After a handover two
/// processes write.
const PIECE: usize = 4096;

/// The memory kept for the next lines. The batches of a busy server come to 100 KiB.
const KEPT: usize = 256 * 1024;

/// The time to wait for room if standard error does not block.
const PAUSE: Duration = Duration::from_millis(10);

impl Queue {
    /// Starts the thread if it does not run.
    pub(super) fn write_to_stderr(self: &Arc<Self>, lines: Lines) -> io::Result<()> {
        if self.state().has_writer {
            return Ok(());
        }
        let queue = Arc::clone(self);
        thread::Builder::new().name("log".to_owned()).spawn(move || queue.write_to(io::stderr(), lines))?;
        self.state().has_writer = true;
        Ok(())
    }

    /// Writes lines until the end. Lines that cannot be written, because the disk is full or the reader is gone, are
    /// dropped. The log says so as soon as it can be written again.
    fn write_to(&self, mut out: impl Write, format: Lines) {
        let mut lines = Vec::new();
        let mut unsaid = 0;
        let mut is_within_line = false;
        let mut since = Instant::now();
        loop {
            let Batch { dropped, is_last } = self.take(&mut lines, since);
            since = Instant::now();
            unsaid += dropped;
            let end = lines.len();
            if unsaid > 0 && end > 0 {
                lines.extend_from_slice(format.dropped(unsaid).as_bytes());
            }
            if is_within_line && end > 0 {
                is_within_line = write_piece(&mut out, b"\n") == 0;
            }
            let written = if is_within_line { 0 } else { write_lines(&mut out, &lines) };
            if let Some(last) = lines[..written].last() {
                is_within_line = *last != b'\n';
            }
            if written < lines.len() {
                unsaid += count_lines(&lines[written.min(end)..end]);
            } else if end > 0 {
                unsaid = 0;
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

fn count_lines(lines: &[u8]) -> u64 {
    lines.iter().map(|&byte| u64::from(byte == b'\n')).sum()
}

/// Writes lines up to the first error; returns the number of bytes written.
fn write_lines(out: &mut impl Write, lines: &[u8]) -> usize {
    let mut written = 0;
    while written < lines.len() {
        let rest = &lines[written..];
        let piece = &rest[..first_piece(rest)];
        let count = write_piece(out, piece);
        written += count;
        if count < piece.len() {
            break;
        }
    }
    written
}

/// As many whole lines as fit in one piece, and at least one.
fn first_piece(lines: &[u8]) -> usize {
    let fits = &lines[..lines.len().min(PIECE)];
    let end = fits.iter().rposition(|&byte| byte == b'\n');
    let end = end.or_else(|| lines.iter().position(|&byte| byte == b'\n'));
    end.map_or(lines.len(), |end| end + 1)
}

/// Writes up to the first error; returns the number of bytes written.
fn write_piece(out: &mut impl Write, piece: &[u8]) -> usize {
    let mut written = 0;
    while written < piece.len() {
        match out.write(&piece[written..]) {
            Ok(0) => break,
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Another process made the shared file non-blocking.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(PAUSE),
            Err(_) => break,
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::log::LogFormat;

    /// Fails a number of times, then takes only a part at a time.
    #[derive(Default)]
    struct Out {
        failures: Vec<io::ErrorKind>,
        pieces: Vec<usize>,
        written: Vec<u8>,
    }

    impl Write for &mut Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(kind) = self.failures.pop() {
                return Err(kind.into());
            }
            self.pieces.push(bytes.len());
            let count = bytes.len().min(3000);
            self.written.extend_from_slice(&bytes[..count]);
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
        assert_eq!(write_lines(&mut &mut out, lines.as_bytes()), lines.len());
        assert_eq!(out.pieces, [4000, 1000, 97, 5000, 2000, 10]);
        assert_eq!(out.written, lines.as_bytes());
    }

    #[test]
    fn a_line_that_is_interrupted_or_finds_no_room_is_written_later() {
        let mut out =
            Out { failures: vec![io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted], ..Out::default() };
        assert_eq!(write_lines(&mut &mut out, b"a\nb\n"), 4);
        assert_eq!(out.written, b"a\nb\n");
    }

    #[test]
    fn counts_lost_lines_and_reports_them_later() {
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

    /// A disk with room for a number of bytes, until a test adds more.
    struct Disk {
        room: Arc<AtomicUsize>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.room.load(Ordering::SeqCst));
            if count == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room.fetch_sub(count, Ordering::SeqCst);
            self.written.lock().expect("no test panics with it").extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_cut_by_a_full_disk_does_not_touch_the_next() {
        // The room for the first batch, what is left of it, and the lines lost from both.
        for (room, left, lost) in [
            (0, "", 4),
            (2, "{}", 4),
            (3, "{}\n", 3),
            (7, "{}\n{\"a\"", 3),
            (10, "{}\n{\"a\":1}", 3),
            (11, "{}\n{\"a\":1}\n", 2),
            (12, "{}\n{\"a\":1}\n{", 2),
        ] {
            let disk = Disk { room: Arc::new(room.into()), written: Arc::default() };
            let (more, written) = (Arc::clone(&disk.room), Arc::clone(&disk.written));
            let queue = Queue::default();
            queue.push(b"{}\n{\"a\":1}\n{}\n");
            thread::scope(|scope| {
                scope.spawn(|| queue.write_to(disk, Lines(LogFormat::Json)));
                let wait = || {
                    while !queue.has_idle_writer() {
                        thread::yield_now();
                    }
                };
                wait();
                queue.push(b"lost\n");
                wait();
                more.store(usize::MAX, Ordering::SeqCst);
                queue.push(b"kept\n");
                queue.end();
            });
            let text = String::from_utf8(written.lock().expect("no test panics with it").clone());
            let text = text.expect("it is text");
            let end = if left.is_empty() || left.ends_with('\n') { "" } else { "\n" };
            assert!(text.starts_with(&format!("{left}{end}kept\n{{\"time\":")), "{room}: {text}");
            assert!(text.ends_with(&format!(",\"lines\":{lost}}}\n")), "{room}: {text}");
        }
    }
}
