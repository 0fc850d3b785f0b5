//! The facts of messages that lists show.

use jiff::Timestamp;

use super::Id;
use crate::mail::Address;

/// A message in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) id: Id,
    /// The name that the server gave it, from our `Received:`. `None` for mail of other programs.
    pub(crate) queue_id: Option<String>,
    pub(crate) received: Timestamp,
    /// The sender of the envelope, which is empty for notifications. `None` if the file does not say it.
    pub(crate) envelope_from: Option<String>,
    /// The recipients of the envelope, or else those of the header.
    pub(crate) recipients: Vec<String>,
    pub(crate) from: Vec<Address>,
    pub(crate) to: Vec<Address>,
    pub(crate) cc: Vec<Address>,
    pub(crate) subject: Option<String>,
    pub(crate) message_id: Option<String>,
    /// The beginning of the text, on one line.
    pub(crate) snippet: String,
    /// The size of the file in bytes.
    pub(crate) size: u64,
    pub(crate) is_unread: bool,
    /// The number of attachments: those that the index has read, and parts that say so after that.
    pub(crate) attachments: u32,
    /// The path of the Maildir below the directory of the mailbox. Empty if that is the Maildir.
    pub(crate) mailbox: String,
    /// The directory in the Maildir, such as `Junk`.
    pub(crate) folder: Option<String>,
    /// The findings of checks, such as `spf=pass`.
    pub(crate) findings: Vec<String>,
    /// The client, as our `Received:` names it.
    pub(crate) client: Option<Client>,
    /// The name of the user who sent it, if somebody logged in.
    pub(crate) login: Option<String>,
    pub(crate) tags: Vec<String>,
}

impl Summary {
    /// Returns whether the message came with SMTPUTF8, as our `Received:` says.
    pub(crate) fn is_international(&self) -> bool {
        self.client.as_ref().is_some_and(|client| client.protocol.starts_with("UTF8"))
    }
}

/// The client that brought a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) helo: String,
    /// The address and, if a proxy knew it, the name: `192.0.2.1`.
    pub(crate) address: String,
    /// The `with` keyword, such as `ESMTPSA`.
    pub(crate) protocol: String,
}

/// A page of a list, the newest message first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) messages: Vec<Summary>,
    /// All messages that the search finds, on other pages too.
    pub(crate) total: u64,
    /// Those of them that are unread.
    pub(crate) unread: u64,
    /// Whether older messages follow.
    pub(crate) has_more: bool,
    /// How far the index is, if it does not hold all messages yet.
    pub(crate) progress: Option<Progress>,
}

/// How many messages the index holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) done: u64,
    pub(crate) total: u64,
}

/// The groups of all messages, the largest first. Each kind has at most [`Groups::LARGEST`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Groups {
    pub(crate) total: u64,
    pub(crate) unread: u64,
    pub(crate) recipients: Vec<Group>,
    pub(crate) domains: Vec<Group>,
    /// Names of users who sent messages.
    pub(crate) logins: Vec<Group>,
    pub(crate) tags: Vec<Group>,
    /// Maildirs, if there are several.
    pub(crate) mailboxes: Vec<Group>,
    /// Directories in Maildirs, such as `Junk`.
    pub(crate) folders: Vec<Group>,
}

impl Groups {
    /// The most groups of a kind.
    pub(crate) const LARGEST: usize = 500;
}

/// Messages that have something in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// The search that finds them, such as `mailbox:bob@example.com`.
    pub(crate) search: String,
    pub(crate) total: u64,
    pub(crate) unread: u64,
}
