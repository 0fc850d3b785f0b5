//! Finds the lines that a client means if not all line ends are CRLF.
//!
//! A run of CRs and LFs is split into line ends. Each LF ends one line, with the CRs right before it: CR CR LF is one
//! line end. A CR without an LF ends a line too. The exception is the first CR after an LF in a run that begins with
//! LF: LF CR is one line end. So no form doubles lines, and no header section ends early.
//!
//! By DATA, two more sequences are not content. A client that sends bare LFs stuffs dots after them, or does not. Two
//! dots after a bare LF are one, unless a single dot after a bare LF has shown that this client stuffs none. A client
//! whose content ends with a bare LF adds a CRLF to end the data.
//!
//! A dot that begins a line is passed on after a CRLF. A client that relays the message stuffs exactly such dots.

use bytes::{BufMut as _, Bytes, BytesMut};
use memchr::memchr2;

use super::line_ends::LineEnds;
use crate::question::Transfer;

/// How bare line ends are passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    AsTheyCame,
    AsCrlf,
}

/// Maximum CRs that belong to the LF after them.
const MOST_RETURNS: u8 = 8;

const CRLF: &[u8] = b"\r\n";

/// The content of one message.
#[derive(Debug)]
pub(crate) struct LineForms {
    kept: Kept,
    by_data: bool,
    /// No single dot after a bare LF was seen.
    may_stuff: bool,
    /// The current run of CRs and LFs begins with LF.
    led_by_feed: bool,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    /// After a line end of CR and LF that was passed on.
    LineStart,
    /// After a bare LF, which is held back.
    Feed,
    /// After CRs, held back until the next byte shows whether an LF follows.
    Returns {
        count: u8,
        after: Before,
    },
    /// After LF, CR and LF, by DATA. The last two bytes may be the client's end of data. They are held back with the
    /// CRs before them.
    Added {
        returns: u8,
    },
    /// After a bare LF and a dot, which were passed on.
    Dot,
}

/// The content before CRs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Text, or a CR that ends a line.
    Text,
    LineStart,
    /// A bare LF, also held back.
    Feed,
}

impl LineForms {
    pub(super) fn new(kept: Kept, transfer: Transfer) -> Self {
        let by_data = transfer == Transfer::Dot;
        Self { kept, by_data, may_stuff: true, led_by_feed: false, place: Place::Text }
    }

    /// Takes the next content of the message and returns what is passed on.
    pub(super) fn pass(&mut self, content: Bytes, is_end: bool) -> Bytes {
        let is_quiet = self.place == Place::Text || (self.place == Place::LineStart && !self.led_by_feed);
        if is_quiet && LineEnds::are_whole(&content) {
            match content.last() {
                None => {}
                Some(b'\n') => (self.place, self.led_by_feed) = (Place::LineStart, false),
                Some(_) => self.place = Place::Text,
            }
            return content;
        }
        let mut whole = BytesMut::with_capacity(content.len() + content.len() / 16 + 4);
        let mut rest = &content[..];
        while let Some(&byte) = rest.first() {
            let taken = match (self.place, byte) {
                (Place::Dot, _) => {
                    self.place = Place::Text;
                    self.may_stuff = byte == b'.';
                    usize::from(self.may_stuff)
                }
                (_, b'\n') => {
                    self.feed(&mut whole);
                    1
                }
                (_, b'\r') => {
                    self.carriage_return(&mut whole);
                    1
                }
                _ => {
                    let length = self.text(rest, &mut whole);
                    whole.extend_from_slice(&rest[..length]);
                    length
                }
            };
            rest = &rest[taken..];
        }
        if is_end {
            self.end(&mut whole);
        }
        whole.freeze()
    }

    /// Takes the text at the front. Held back bytes come before it.
    fn text(&mut self, rest: &[u8], whole: &mut BytesMut) -> usize {
        let is_dot = rest.first() == Some(&b'.');
        let may_be_stuffed = is_dot && self.place == Place::Feed && self.by_data && self.may_stuff;
        self.hand_on_held(is_dot, whole);
        if may_be_stuffed {
            self.place = Place::Dot;
            return 1;
        }
        self.place = Place::Text;
        memchr2(b'\r', b'\n', rest).unwrap_or(rest.len())
    }

    fn feed(&mut self, whole: &mut BytesMut) {
        match self.place {
            Place::Text | Place::Dot => {
                self.led_by_feed = true;
                self.place = Place::Feed;
            }
            Place::LineStart => self.place = Place::Feed,
            Place::Feed => self.bare(b"\n", whole),
            Place::Returns { count, after: Before::Feed } => {
                self.bare(b"\n", whole);
                if self.by_data {
                    self.place = Place::Added { returns: count };
                } else {
                    self.crlf(count, whole);
                    self.place = Place::LineStart;
                }
            }
            Place::Returns { count, .. } => {
                self.crlf(count, whole);
                self.place = Place::LineStart;
            }
            Place::Added { returns } => {
                self.crlf(returns, whole);
                self.place = Place::Feed;
            }
        }
    }

    fn carriage_return(&mut self, whole: &mut BytesMut) {
        let (count, after) = match self.place {
            Place::Text | Place::Dot => {
                self.led_by_feed = false;
                (1, Before::Text)
            }
            Place::LineStart => (1, Before::LineStart),
            Place::Feed => (1, Before::Feed),
            Place::Returns { count, after } if count < MOST_RETURNS => (count + 1, after),
            Place::Returns { count, after } => {
                self.returns(1, after, whole);
                (count, Before::Text)
            }
            Place::Added { returns } => {
                self.crlf(returns, whole);
                (1, Before::LineStart)
            }
        };
        self.place = Place::Returns { count, after };
    }

    /// Passes on what was held back, as text follows.
    fn hand_on_held(&self, before_dot: bool, whole: &mut BytesMut) {
        let in_front = before_dot && self.kept == Kept::AsTheyCame;
        match self.place {
            Place::Text | Place::LineStart | Place::Dot => {}
            Place::Feed => self.bare(if in_front { CRLF } else { b"\n" }, whole),
            Place::Added { returns } => self.crlf(returns, whole),
            Place::Returns { count: 1, after: Before::Feed } if in_front && self.led_by_feed => {
                whole.extend_from_slice(CRLF);
            }
            Place::Returns { count: 1, after: Before::LineStart } if in_front && self.led_by_feed => {}
            Place::Returns { count, after } => {
                self.returns(count, after, whole);
                if in_front {
                    whole.put_u8(b'\n');
                }
            }
        }
    }

    /// Passes on CRs without an LF, and a held back LF before them.
    fn returns(&self, mut count: u8, after: Before, whole: &mut BytesMut) {
        match after {
            Before::Feed if self.led_by_feed => {
                self.bare(b"\n\r", whole);
                count -= 1;
            }
            Before::Feed => self.bare(b"\n", whole),
            Before::LineStart if self.led_by_feed => {
                if self.kept == Kept::AsTheyCame {
                    whole.put_u8(b'\r');
                }
                count -= 1;
            }
            Before::LineStart | Before::Text => {}
        }
        (0..count).for_each(|_| self.bare(b"\r", whole));
    }

    /// Passes on a line end that arrived as these bytes.
    fn bare(&self, bytes: &[u8], whole: &mut BytesMut) {
        whole.extend_from_slice(if self.kept == Kept::AsCrlf { CRLF } else { bytes });
    }

    /// Passes on a line end that arrived as CRs and an LF.
    fn crlf(&self, returns: u8, whole: &mut BytesMut) {
        if self.kept == Kept::AsTheyCame {
            whole.put_bytes(b'\r', usize::from(returns - 1));
        }
        whole.extend_from_slice(CRLF);
    }

    fn end(&mut self, whole: &mut BytesMut) {
        match self.place {
            Place::Added { returns } if self.kept == Kept::AsTheyCame => {
                whole.put_bytes(b'\r', usize::from(returns - 1));
            }
            Place::Added { .. } => {}
            _ => self.hand_on_held(false, whole),
        }
        self.place = Place::Text;
    }
}
