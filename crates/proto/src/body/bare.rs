//! What becomes of a CR or LF by itself in the octets of a message.

use bytes::Bytes;

use super::line_forms::{Kept, LineForms};
use super::lone_dot::LoneDot;
use crate::question::Transfer;
use crate::settings::BareLineEnds;

/// The treatment of one message, whose content passes through it.
#[derive(Debug)]
pub(crate) enum Treatment {
    /// The content passes as it is; the decoder says whether it may.
    Untouched,
    Accepted(LineForms, LoneDot),
}

impl Treatment {
    pub(crate) fn new(setting: BareLineEnds, transfer: Transfer) -> Self {
        let kept = match setting {
            BareLineEnds::Refuse => return Self::Untouched,
            BareLineEnds::Tolerate => Kept::AsTheyCame,
            BareLineEnds::Normalize => Kept::AsCrlf,
        };
        Self::Accepted(LineForms::new(kept, transfer), LoneDot::new())
    }

    /// Takes the next octets of the message and returns those that are handed on.
    pub(crate) fn pass(&mut self, content: Bytes, is_end: bool) -> Bytes {
        match self {
            Self::Untouched => content,
            Self::Accepted(forms, lone_dot) => {
                lone_dot.look_at(&content, is_end);
                forms.pass(content, is_end)
            }
        }
    }

    /// Whether what is handed on could end elsewhere.
    pub(crate) fn has_lone_dot(&self) -> bool {
        match self {
            Self::Untouched => false,
            Self::Accepted(_, lone_dot) => lone_dot.is_found(),
        }
    }
}
