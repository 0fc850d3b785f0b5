//! What becomes of a CR or LF by itself in the octets of a message.

use bytes::{Bytes, BytesMut};

use super::line_ends::LineEnds;
use crate::settings::BareLineEnds;

/// The treatment of one message, whose content passes through it.
#[derive(Debug)]
pub(crate) enum Treatment {
    /// It goes by as it is; whether it may is for the decoder to say.
    Untouched,
    Tolerate(LoneDot),
    Normalize(Normalizer),
}

impl Treatment {
    pub(crate) fn new(setting: BareLineEnds) -> Self {
        match setting {
            BareLineEnds::Refuse => Self::Untouched,
            BareLineEnds::Tolerate => Self::Tolerate(LoneDot::default()),
            BareLineEnds::Normalize => Self::Normalize(Normalizer::default()),
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
            Self::Normalize(normalizer) => normalizer.pass(content, is_end),
        }
    }
}

/// Looks for a dot alone between line ends of which the first is no CRLF. A client that passes the message on stuffs
/// dots behind CRLF only, so a server that takes other line ends for one would take this one for the end of the data.
/// A NUL counts as nothing, for there are servers that drop it.
#[derive(Debug, Default)]
pub(crate) struct LoneDot {
    before: Before,
    is_found: bool,
}

/// What stands before the next octet.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Text, or a CRLF, behind which a dot is stuffed.
    #[default]
    Harmless,
    /// A CR, of which nobody knows yet whether an LF follows.
    Cr,
    /// A CR or LF by itself.
    Bare,
    /// A dot behind one.
    Dot,
}

impl LoneDot {
    pub(crate) fn is_found(&self) -> bool {
        self.is_found
    }

    fn look_at(&mut self, octets: &[u8], is_end: bool) {
        for &octet in octets {
            self.is_found |= self.before == Before::Dot && matches!(octet, b'\r' | b'\n');
            self.before = match (self.before, octet) {
                (_, b'\r') => Before::Cr,
                (Before::Cr, b'\n') => Before::Harmless,
                (_, b'\n') | (Before::Cr | Before::Bare, 0) => Before::Bare,
                (Before::Cr | Before::Bare, b'.') | (Before::Dot, 0) => Before::Dot,
                _ => Before::Harmless,
            };
        }
        // Whoever passes on a message that lacks its last line end adds one.
        self.is_found |= is_end && self.before == Before::Dot;
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
