//! Attachments after the part of a message that the index reads.

use std::io::{BufRead as _, BufReader, Read};

/// The field that makes a part an attachment.
const DISPOSITION: &[u8] = b"content-disposition:";
const ATTACHMENT: &[u8] = b"attachment";

/// A line that begins a part is seen if it has its first bytes here.
const BEGINNING: usize = 64;

/// The bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// The most bytes of a message that are looked through.
const MOST: u64 = 32 * 1024 * 1024;

/// Counts the lines `Content-Disposition: attachment`. `before` is what was read of the message so far: its last line may
/// go on in `rest`. A file that cannot be read has none.
pub(super) fn count_attachments(before: &[u8], rest: impl Read) -> u32 {
    let line = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1);
    let unfinished = &before[line..];
    let mut lines = BufReader::with_capacity(PIECE, unfinished.chain(rest.take(MOST)));
    // A line whose beginning was read is counted already.
    let mut is_over = is_attachment(unfinished) && lines.skip_until(b'\n').is_err();
    let (mut count, mut beginning) = (0, Vec::with_capacity(BEGINNING));
    while !is_over {
        beginning.clear();
        let read = lines.by_ref().take(BEGINNING as u64).read_until(b'\n', &mut beginning);
        count += u32::from(is_attachment(&beginning));
        is_over = read.is_err()
            || beginning.is_empty()
            || !beginning.ends_with(b"\n") && lines.skip_until(b'\n').is_err();
    }
    count
}

/// Returns whether a line makes a part an attachment.
fn is_attachment(line: &[u8]) -> bool {
    let line = &line[..line.len().min(BEGINNING)];
    let Some((name, value)) = line.split_at_checked(DISPOSITION.len()) else { return false };
    let value = value.trim_ascii_start();
    let kind = value.get(..ATTACHMENT.len()).unwrap_or_default();
    name.eq_ignore_ascii_case(DISPOSITION) && kind.eq_ignore_ascii_case(ATTACHMENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives so many bytes at a time.
    struct Drops<'d>(&'d [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let length = self.1.min(into.len());
            (&mut self.0).take(length as u64).read(into)
        }
    }

    #[test]
    fn each_attachment_is_counted_once_wherever_the_index_stops() {
        let text = b"Content-Disposition: attachment; filename=a\n\nx\n--b\r\ncontent-disposition:  ATTACHMENT\r\n\r\n\
            Content-Disposition: inline\nX-Content-Disposition: attachment\nContent-Disposition:attachment";
        let all = |until: usize| {
            let lines = text[..until].split_inclusive(|byte| *byte == b'\n');
            lines.map(|line| u32::from(is_attachment(line))).sum::<u32>()
        };
        assert_eq!(all(text.len()), 3);
        for cut in 0..=text.len() {
            for size in [1, 7, 100, PIECE] {
                let counted = count_attachments(&text[..cut], Drops(&text[cut..], size));
                assert_eq!(all(cut) + counted, 3, "cut at {cut}, {size} at a time");
            }
        }
    }

    #[test]
    fn long_lines_and_long_messages_are_bounded() {
        let line = vec![b'x'; 3 * PIECE];
        assert_eq!(
            count_attachments(&line, [&line[..], b"\ncontent-disposition: attachment"].concat().as_slice()),
            1
        );
        let endless = std::io::repeat(b'\n').take(MOST).chain(&b"content-disposition: attachment\n"[..]);
        assert_eq!(count_attachments(b"", endless), 0);
    }
}
