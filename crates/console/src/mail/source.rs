//! The bytes of a message as lines, with what a reader cannot see made visible.

use memchr::memchr2;

/// How a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineEnd {
    Crlf,
    /// A bare line feed, or how the Maildir keeps all line ends.
    Lf,
    /// A bare carriage return. Some programs take it for a line end.
    Cr,
    /// The message ends, or what is shown of the line.
    None,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    /// A byte that cannot be shown, such as `NUL` or `0xE9`.
    Mark(String),
}

/// A line of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceLine {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) end: LineEnd,
    /// Whether the line goes on in the next one, because it is long.
    pub(crate) is_continued: bool,
}

/// Some lines of the source.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) lines: Vec<SourceLine>,
    /// Where the lines after these begin, to ask for them; `None` at the end.
    pub(crate) next: Option<usize>,
}

/// The longest piece of a line that is shown as one.
const LONGEST: usize = 2_000;

/// Returns lines from a place in the message, about as many bytes as `most`.
pub(crate) fn source(raw: &[u8], from: usize, most: usize) -> Source {
    let mut at = from.min(raw.len());
    let last = at.saturating_add(most.max(1)).min(raw.len());
    let mut lines = Vec::new();
    while at < last {
        let rest = &raw[at..];
        let text = memchr2(b'\r', b'\n', &rest[..rest.len().min(LONGEST + 1)]).unwrap_or(rest.len());
        let (length, end, is_continued) = if text > LONGEST {
            (whole_characters(&rest[..LONGEST]), LineEnd::None, true)
        } else {
            let end = match &rest[text..] {
                [b'\r', b'\n', ..] => LineEnd::Crlf,
                [b'\r', ..] => LineEnd::Cr,
                [b'\n', ..] => LineEnd::Lf,
                _ => LineEnd::None,
            };
            (text, end, false)
        };
        lines.push(SourceLine { pieces: pieces(&rest[..length]), end, is_continued });
        at += length + end.length();
    }
    Source { lines, next: (at < raw.len()).then_some(at) }
}

impl LineEnd {
    const fn length(self) -> usize {
        match self {
            Self::Crlf => 2,
            Self::Cr | Self::Lf => 1,
            Self::None => 0,
        }
    }
}

/// Returns the length without a character that was cut at the end.
fn whole_characters(bytes: &[u8]) -> usize {
    let is_cut =
        |begin: usize| std::str::from_utf8(&bytes[begin..]).is_err_and(|error| error.error_len().is_none());
    (bytes.len().saturating_sub(3)..bytes.len()).find(|begin| is_cut(*begin)).unwrap_or(bytes.len())
}

fn pieces(line: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut mark = |text: &mut String, name: String| {
        if !text.is_empty() {
            pieces.push(Piece::Text(std::mem::take(text)));
        }
        pieces.push(Piece::Mark(name));
    };
    for chunk in line.utf8_chunks() {
        for c in chunk.valid().chars() {
            match name(c) {
                Some(name) => mark(&mut text, name),
                None => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            mark(&mut text, format!("0x{byte:02X}"));
        }
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    pieces
}

/// Returns the name of a character that cannot be seen.
fn name(c: char) -> Option<String> {
    match c {
        '\t' => None,
        '\0' => Some("NUL".to_owned()),
        '\x08' => Some("BS".to_owned()),
        '\x1b' => Some("ESC".to_owned()),
        '\x7f' => Some("DEL".to_owned()),
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}' => Some(format!("U+{:04X}", u32::from(c))),
        c if c.is_control() => Some(format!("0x{:02X}", u32::from(c))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &[u8]) -> String {
        let lines = source(raw, 0, usize::MAX).lines;
        lines
            .iter()
            .map(|line| {
                let pieces = line.pieces.iter().map(|piece| match piece {
                    Piece::Text(text) => text.clone(),
                    Piece::Mark(name) => format!("[{name}]"),
                });
                let end = match line.end {
                    LineEnd::Crlf => "$",
                    LineEnd::Lf => "<LF>",
                    LineEnd::Cr => "<CR>",
                    LineEnd::None => "",
                };
                pieces.collect::<String>() + end
            })
            .collect()
    }

    #[test]
    fn line_ends_and_hidden_bytes_are_visible() {
        for (raw, expected) in [
            (&b"a\r\nb\nc\rd\r\r\n"[..], "a$b<LF>c<CR>d<CR>$"),
            (b"\0\x1b[31m\xe9\xc3\xa9\x7f\t", "[NUL][ESC][31m[0xE9]é[DEL]\t"),
            ("a\u{202e}b\u{200b}\u{85}".as_bytes(), "a[U+202E]b[U+200B][0x85]"),
            (b"", ""),
            (b"\r", "<CR>"),
            (b"\xff\xfe", "[0xFF][0xFE]"),
        ] {
            assert_eq!(shown(raw), expected);
        }
    }

    #[test]
    fn pages_of_the_source_have_every_byte_once() {
        let raw = "ä\r\nb".repeat(3_000) + &"ö".repeat(10_000) + "\n";
        let (mut from, mut text, mut lines) = (Some(0), String::new(), 0);
        while let Some(at) = from {
            let page = source(raw.as_bytes(), at, 100);
            for line in &page.lines {
                for piece in &line.pieces {
                    match piece {
                        Piece::Text(piece) => text.push_str(piece),
                        Piece::Mark(name) => panic!("{name}"),
                    }
                }
                text.push_str(match line.end {
                    LineEnd::Crlf => "\r\n",
                    LineEnd::Lf => "\n",
                    LineEnd::Cr => "\r",
                    LineEnd::None => "",
                });
                lines += 1;
            }
            from = page.next;
        }
        assert!(text == raw, "{lines} lines");
    }
}
