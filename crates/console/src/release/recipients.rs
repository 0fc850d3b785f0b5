//! The recipients that mail may be released to.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use mailchute::Recipient;
use mailchute::address::{Domain, Mailbox};

/// Recipients that a [`Release`](super::Release) may reach: an address, a domain, or all domains below one.
///
/// # Examples
/// ```
/// use mailchute_console::ReleaseTo;
///
/// for text in ["bob@example.com", "example.com", ".example.com"] {
///     assert_eq!(text.parse::<ReleaseTo>()?.to_string(), text);
/// }
/// assert!("*".parse::<ReleaseTo>().is_err());
/// # Ok::<(), mailchute_console::NotReleaseTo>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseTo {
    /// As it was written.
    text: String,
    /// The key of an address. `None` for domains.
    address: Option<String>,
}

impl ReleaseTo {
    /// Returns whether a recipient is one of these.
    ///
    /// A domain allows no local part that could name another host (`victim%example.net`), as the next hop may still
    /// understand such addresses.
    pub(super) fn includes(&self, recipient: &Recipient) -> bool {
        let Some(mailbox) = recipient.mailbox() else { return false };
        match &self.address {
            Some(key) => mailbox.lookup_key() == *key,
            None => {
                let names_another_host = mailbox.unquoted_local_part().contains(['%', '!', '@', ':']);
                !names_another_host && recipient.is_local_to([&self.text])
            }
        }
    }
}

impl FromStr for ReleaseTo {
    type Err = NotReleaseTo;

    fn from_str(text: &str) -> Result<Self, NotReleaseTo> {
        let address = match Mailbox::parse(text) {
            Ok(mailbox) => Some(mailbox.lookup_key()),
            Err(_) => {
                Domain::parse(text.strip_prefix('.').unwrap_or(text)).map_err(|_| NotReleaseTo)?;
                None
            }
        };
        Ok(Self { text: text.to_owned(), address })
    }
}

impl fmt::Display for ReleaseTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The error for a text that is neither an address nor a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotReleaseTo;

impl fmt::Display for NotReleaseTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "this is neither an address nor a domain; write bob@example.com, example.com, or .example.com for all domains \
             below it",
        )
    }
}

impl Error for NotReleaseTo {}
