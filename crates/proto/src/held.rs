//! The memory that a client's input takes, so that it can be bounded.
//!
//! # Why
//!
//! A bound on bytes sent is not enough: a long command line holds more memory than it took to send.

use std::mem::size_of;

use crate::address::HeloName;
use crate::envelope::{Envelope, Recipient, Sender};
use crate::params::{MailParameters, RcptParameters};
use crate::reply::Reply;

/// Bytes that an allocation takes beyond its content.
const ALLOCATION: usize = 16;

fn text(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { bytes + ALLOCATION }
}

fn others(others: &[(String, Option<String>)]) -> usize {
    let words = others.iter().map(|(keyword, value)| {
        size_of::<(String, Option<String>)>()
            + text(keyword.len())
            + text(value.as_ref().map_or(0, String::len))
    });
    words.sum()
}

impl MailParameters {
    fn held_bytes(&self) -> usize {
        let auth = self.auth.as_ref().and_then(|submitter| submitter.mailbox());
        size_of::<Self>()
            + ALLOCATION
            + text(auth.map_or(0, |mailbox| mailbox.as_str().len()))
            + text(self.envid.as_ref().map_or(0, String::len))
            + others(&self.other)
    }
}

impl RcptParameters {
    fn held_bytes(&self) -> usize {
        let original = self.orcpt.as_ref();
        size_of::<Self>()
            + ALLOCATION
            + original.map_or(0, |original| text(original.addr_type().len()) + text(original.address().len()))
            + others(&self.other)
    }
}

impl Sender {
    /// Returns how many bytes of memory it holds beyond its own size.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        text(self.as_str().len()) + self.parameters.made().map_or(0, MailParameters::held_bytes)
    }
}

impl Recipient {
    /// Returns how many bytes of memory it holds beyond its own size.
    ///
    /// ```
    /// use mailchute_proto::{ForwardPath, Recipient};
    ///
    /// let (path, _) = ForwardPath::parse_argument(b"<bob@example.com>").unwrap();
    /// assert_eq!(Recipient::new(path).held_bytes(), "bob@example.com".len() + 16);
    /// ```
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        text(self.as_str().len()) + self.parameters.made().map_or(0, RcptParameters::held_bytes)
    }
}

impl Envelope {
    /// Returns how many bytes of memory it holds beyond its own size.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let recipients = self.recipients.iter().map(Recipient::held_bytes).sum::<usize>();
        self.sender.held_bytes() + recipients + self.recipients.capacity() * size_of::<Recipient>()
    }
}

impl HeloName {
    /// Returns how many bytes of memory it holds beyond its own size.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        text(self.as_str().len())
    }
}

impl Reply {
    /// Returns how many bytes of memory its text holds beyond its own size. A static text holds none.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.owned_text().map_or(0, |owned| text(owned.capacity()))
    }
}
