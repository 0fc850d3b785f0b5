//! Templates that cannot name Maildirs.

use std::error::Error;
use std::fmt;

/// Why a [`Template`](crate::Template) cannot name the Maildirs of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlaceError {
    /// It is the same for all users. A [`Maildir`](crate::Maildir) keeps all mail in one directory.
    Constant,
    /// It has `{detail}`. Any sender could make any number of directories.
    Detail,
    /// It has `{id}`. Each message would have a Maildir of its own.
    Id,
    /// It has `..` after the first place to fill in.
    Parent,
}

impl fmt::Display for PlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Constant => "the path is the same for all users; write {user} in it, or open one Maildir",
            Self::Detail => {
                "{detail} cannot be in the path of a Maildir, since any sender could make directories; write {user}"
            }
            Self::Id => "{id} cannot be in the path of a Maildir, since each message has another; write {user}",
            Self::Parent => "the path leads out of a user's directory by ..; write it without",
        })
    }
}

impl Error for PlaceError {}
