//! The contents of messages.

/// The content of a message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Text {
    /// Lines of this many bytes, without CRLF.
    Lines(usize),
    /// Short lines, of which every other one begins with a dot.
    Dots,
    /// Lines of 72 bytes that end with a bare LF, except the last one, which the final dot needs.
    FeedsOnly,
}

const HEADER: &str = "From: <sender@client.example.net>\r\nTo: <recipient@mx.example.com>\r\nSubject: Lines\r\n\
                      Message-ID: <1@client.example.net>\r\n\r\n";

impl Text {
    /// A message of about `size` bytes, as its reader sees it.
    pub(super) fn bytes(self, size: usize) -> Vec<u8> {
        let lines = match self {
            Self::Lines(length) => "x".repeat(length) + "\r\n",
            Self::Dots => ". a line with a dot\r\nand one without\r\n".to_owned(),
            Self::FeedsOnly => "x".repeat(72) + "\n",
        };
        let text = HEADER.to_owned() + &lines.repeat(size.saturating_sub(HEADER.len()) / lines.len());
        (text.trim_end_matches(['\r', '\n']).to_owned() + "\r\n").into_bytes()
    }

    /// The same message in its DATA form.
    pub(super) fn stuffed(self, size: usize) -> Vec<u8> {
        let mut stuffed = Vec::new();
        for line in self.bytes(size).split_inclusive(|&byte| byte == b'\n') {
            if line.starts_with(b".") {
                stuffed.push(b'.');
            }
            stuffed.extend_from_slice(line);
        }
        stuffed
    }
}
