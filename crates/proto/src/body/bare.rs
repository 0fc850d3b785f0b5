//! What becomes of a CR or LF by itself in the octets of a message.

use bytes::{Bytes, BytesMut};
use memchr::memchr2;

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
        if !self.holds_cr && LineEnds::are_whole(&content) {
            return content;
        }
        let mut whole = BytesMut::with_capacity(content.len() + content.len() / 16 + 4);
        let mut rest = &content[..];
        while let Some(&octet) = rest.first() {
            let is_held = std::mem::take(&mut self.holds_cr);
            if is_held || octet == b'\n' {
                whole.extend_from_slice(b"\r\n");
            }
            let taken = match octet {
                b'\n' => 1,
                b'\r' => {
                    self.holds_cr = true;
                    1
                }
                _ => {
                    let text = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
                    whole.extend_from_slice(&rest[..text]);
                    text
                }
            };
            rest = &rest[taken..];
        }
        if is_end && std::mem::take(&mut self.holds_cr) {
            whole.extend_from_slice(b"\r\n");
        }
        whole.freeze()
    }
}
