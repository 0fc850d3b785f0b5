//! Any of the stores of this crate.

use std::fmt;

use mailchute::{Message, Receipt, Refusal, Session, Store};

use crate::{Discard, LineEnds, Maildir};

/// Any of the stores of this crate, as [`from_url`](crate::from_url) returns them.
///
/// Its `Display` is a URL that makes the same store, unless its path has a `?` in it.
///
/// # Examples
/// ```
/// use mailchute_stores::{AnyStore, Discard};
///
/// let store = AnyStore::from(Discard);
/// assert_eq!(store.to_string(), "discard:");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum AnyStore {
    /// Messages become files.
    Maildir(Maildir),
    /// Messages are forgotten.
    Discard(Discard),
}

impl AnyStore {
    /// Takes back messages that were not answered yet, if the store has any: see [`Maildir::close`].
    pub fn close(&self) {
        match self {
            Self::Maildir(store) => store.close(),
            Self::Discard(_) => {}
        }
    }
}

impl Store for AnyStore {
    async fn store(&self, message: Message, session: &Session) -> Result<Receipt, Refusal> {
        match self {
            Self::Maildir(store) => store.store(message, session).await,
            Self::Discard(store) => store.store(message, session).await,
        }
    }
}

impl From<Maildir> for AnyStore {
    fn from(store: Maildir) -> Self {
        Self::Maildir(store)
    }
}

impl From<Discard> for AnyStore {
    fn from(store: Discard) -> Self {
        Self::Discard(store)
    }
}

impl fmt::Display for AnyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Maildir(store) => {
                write!(f, "maildir:{}", store.path().display())?;
                let mode = store.file_mode().map(|mode| format!("mode={mode:04o}"));
                let line_ends = (store.line_ends() == LineEnds::Crlf).then(|| "line-ends=crlf".to_owned());
                mode.into_iter()
                    .chain(line_ends)
                    .zip(std::iter::once('?').chain(std::iter::repeat('&')))
                    .try_for_each(|(option, sign)| write!(f, "{sign}{option}"))
            }
            Self::Discard(_) => f.write_str("discard:"),
        }
    }
}
