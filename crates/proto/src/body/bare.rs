//! What becomes of a CR or LF by itself in the octets of a message.

use bytes::{Bytes, BytesMut};

use super::line_ends::LineEnds;
use super::lone_dot::{Kept, LoneDot};
use crate::settings::BareLineEnds;

/// The treatment of one message, whose content passes through it.
#[derive(Debug)]
pub(crate) enum Treatment {
    /// It goes by as it is; whether it may is for the decoder to say.
    Untouched,
    Tolerate(LoneDot),
    Normalize(Normalizer, LoneDot),
}

impl Treatment {
    pub(crate) fn new(setting: BareLineEnds) -> Self {
        match setting {
            BareLineEnds::Refuse => Self::Untouched,
            BareLineEnds::Tolerate => Self::Tolerate(LoneDot::new(Kept::AsTheyCame)),
            BareLineEnds::Normalize => Self::Normalize(Normalizer::default(), LoneDot::new(Kept::AsCrlf)),
        }
    }

    /// Takes the next octets of the message and gives those that are handed on.
    pub(crate) fn pass(&mut self, content: Bytes, is_end: bool) -> Bytes {
        match self {
            Self::Untouched => content,
            Self::Tolerate(lone_dot) => {
                lone_dot.look_at(&content, is_end);
                content
            }
            Self::Normalize(normalizer, lone_dot) => {
                lone_dot.look_at(&content, is_end);
                normalizer.pass(content, is_end)
            }
        }
    }

    /// Whether what is handed on could end elsewhere.
    pub(crate) fn has_lone_dot(&self) -> bool {
        match self {
            Self::Untouched => false,
            Self::Tolerate(lone_dot) | Self::Normalize(_, lone_dot) => lone_dot.is_found(),
        }
    }
}

/// Makes a CRLF of each CR and LF by itself.
#[derive(Debug, Default)]
pub(crate) struct Normalizer {
    /// The last octet was a CR, and is held back until it is known what follows.
    holds_cr: bool,
}

impl Normalizer {
    fn pass(&mut self, content: Bytes, is_end: bool) -> Bytes {
        let mut line_ends = LineEnds::default();
        line_ends.look_at(&content);
        let ends_open = content.last() == Some(&b'\r');
        if !self.holds_cr && !line_ends.has_bare && !ends_open {
            return content;
        }
        let mut whole = BytesMut::with_capacity(content.len() + content.len() / 16 + 4);
        for &octet in &content {
            match (std::mem::take(&mut self.holds_cr), octet) {
                (_, b'\n') => whole.extend_from_slice(b"\r\n"),
                (held, octet) => {
                    if held {
                        whole.extend_from_slice(b"\r\n");
                    }
                    if octet == b'\r' {
                        self.holds_cr = true;
                    } else {
                        whole.extend_from_slice(&[octet]);
                    }
                }
            }
        }
        if is_end && std::mem::take(&mut self.holds_cr) {
            whole.extend_from_slice(b"\r\n");
        }
        whole.freeze()
    }
}
