//! The treatment of a bare CR or LF in the content of a message.
//!
//! # Why
//!
//! The decoders know no setting, so the end of a message is the same in all three. The two milder settings pass on the
//! lines that the client means, with each dot at the start of a line after a CRLF, where a strict client stuffs it.
//! They refuse NULs, and a lone dot next to a bare line end: no client stuffs such a dot.

use bytes::Bytes;

use super::line_forms::{Kept, LineForms};
use super::lone_dot::LoneDot;
use crate::question::Transfer;
use crate::settings::BareLineEnds;

/// The treatment of one message's content.
#[derive(Debug)]
pub(crate) enum Treatment {
    /// The content passes unchanged. The decoder tells whether it is valid.
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

    /// Takes the next content of the message and returns what is passed on.
    pub(crate) fn pass(&mut self, content: Bytes, is_end: bool) -> Bytes {
        match self {
            Self::Untouched => content,
            Self::Accepted(forms, lone_dot) => {
                lone_dot.look_at(&content, is_end);
                forms.pass(content, is_end)
            }
        }
    }

    /// Returns whether the next server could end the message elsewhere.
    pub(crate) fn has_lone_dot(&self) -> bool {
        match self {
            Self::Untouched => false,
            Self::Accepted(_, lone_dot) => lone_dot.is_found(),
        }
    }
}
