//! How the lines of a kept message end.

use bytes::Bytes;
use memchr::memchr2;

use super::buffer::Buffer;

/// How lines end in the files of a [`Maildir`](crate::Maildir). SMTP ends them with CRLF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum LineEnds {
    /// LF, as the readers of a Maildir expect it: Dovecot, mutt, procmail, `grep`.
    ///
    /// No other byte is changed, so the message can be restored as it reached the store. That would be
    /// impossible for a message with BODY=BINARYMIME, or with a bare CR or LF. Such a message keeps its
    /// CRLFs. The server may have changed bare line ends before, depending on its setting.
    #[default]
    Lf,
    /// CRLF: a message is kept as it reaches the store.
    Crlf,
}

/// Makes each CRLF an LF, until it meets a bare CR or LF.
#[derive(Debug, Default)]
pub(super) struct Converter {
    /// Whether the bytes so far end with a CR that was not passed on.
    after_cr: bool,
}

/// A bare CR or LF.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bare {
    /// Bytes of the chunk that were converted.
    pub(super) converted: usize,
    /// Whether a CR of an earlier chunk comes before the rest.
    pub(super) after_cr: bool,
}

impl Converter {
    /// Appends a chunk to a buffer.
    ///
    /// # Errors
    /// An error at the first bare CR or LF. Before it, only CRLFs were changed.
    pub(super) fn convert(&mut self, chunk: &[u8], buffer: &mut Buffer) -> Result<(), Bare> {
        if chunk.is_empty() {
            return Ok(());
        }
        let mut at = 0;
        if std::mem::take(&mut self.after_cr) {
            if chunk[0] != b'\n' {
                return Err(Bare { converted: 0, after_cr: true });
            }
            buffer.copy(b"\n");
            at = 1;
        }
        buffer.reserve(chunk.len() - at);
        while let Some(length) = memchr2(b'\r', b'\n', &chunk[at..]) {
            let end = at + length;
            match &chunk[end..] {
                [b'\r', b'\n', ..] => {
                    buffer.copy(&chunk[at..end]);
                    buffer.copy(b"\n");
                    at = end + 2;
                }
                b"\r" => {
                    buffer.copy(&chunk[at..end]);
                    self.after_cr = true;
                    return Ok(());
                }
                _ => {
                    buffer.copy(&chunk[at..end]);
                    return Err(Bare { converted: end, after_cr: false });
                }
            }
        }
        buffer.copy(&chunk[at..]);
        Ok(())
    }

    /// Returns whether the complete message ends with a bare CR.
    pub(super) fn ends_with_cr(&self) -> bool {
        self.after_cr
    }
}

/// Returns complete lines with each CRLF made an LF; `None` if a bare CR or LF is in them.
pub(super) fn with_lf(lines: &[u8]) -> Option<Bytes> {
    let (mut converter, mut buffer) = (Converter::default(), Buffer::default());
    converter.convert(lines, &mut buffer).ok()?;
    (!converter.ends_with_cr()).then(|| buffer.take().concat().into())
}

/// Appends bytes with each LF made a CRLF again.
pub(super) fn restore(octets: &[u8], restored: &mut Vec<u8>) {
    let mut rest = octets;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        restored.extend_from_slice(&rest[..end]);
        restored.extend_from_slice(b"\r\n");
        rest = &rest[end + 1..];
    }
    restored.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The converted bytes of a content in chunks of this size. An error has the bytes before the first bare line end, and
    /// those from there on.
    fn converted(content: &[u8], size: usize) -> Result<Vec<u8>, (Vec<u8>, Vec<u8>)> {
        let (mut converter, mut buffer) = (Converter::default(), Buffer::default());
        for (index, chunk) in content.chunks(size).enumerate() {
            if let Err(bare) = converter.convert(chunk, &mut buffer) {
                let from = index * size + bare.converted - usize::from(bare.after_cr);
                return Err((buffer.take().concat(), content[from..].to_vec()));
            }
        }
        let octets = buffer.take().concat();
        if converter.ends_with_cr() { Err((octets, b"\r".to_vec())) } else { Ok(octets) }
    }

    #[test]
    fn each_crlf_becomes_an_lf_at_every_cut() {
        let cases: [(&[u8], &[u8]); 6] = [
            (b"", b""),
            (b"\r\n", b"\n"),
            (b"a\r\n\r\n\r\nb", b"a\n\n\nb"),
            (b"Subject: x\r\n\r\n\0\xff.\r\n..\r\n", b"Subject: x\n\n\0\xff.\n..\n"),
            (b"no end", b"no end"),
            (b"\r\n\r\n", b"\n\n"),
        ];
        for (content, expected) in cases {
            for size in 1..=content.len().max(1) {
                assert_eq!(converted(content, size).as_deref(), Ok(expected), "{content:?} by {size}");
            }
        }
    }

    #[test]
    fn what_stands_before_a_bare_end_can_be_restored() {
        for content in [
            &b"\n"[..],
            b"\r",
            b"a\r\nb\nc\r\n",
            b"a\r\nb\rc\r\n",
            b"a\r\nb\r\r\nc",
            b"a\r\nb\n\rc",
            b"a\r\n\n",
            b"a\r\nb\r",
        ] {
            for size in 1..=content.len() {
                let (before, rest) = converted(content, size).unwrap_err();
                let mut restored = Vec::new();
                restore(&before, &mut restored);
                restored.extend_from_slice(&rest);
                assert_eq!(restored, content, "by {size}");
            }
        }
    }
}
