//! The envelope of a message: its sender and recipients (RFC 5321 §2.3.1).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use crate::address::{
    AddressError, ForwardPath, Mailbox, ReversePath, fold_local_part, is_below, same_domain, to_ascii,
};
use crate::params::{MailParameters, RcptParameters, Sparse};
use crate::typed_state::TypedState;

/// The sender of a message, from MAIL.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Sender {
    /// The reverse-path, which receives failure reports.
    pub path: ReversePath,
    pub(crate) parameters: Sparse<MailParameters>,
}

/// A recipient of a message, from RCPT.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Recipient {
    /// The forward-path.
    pub path: ForwardPath,
    pub(crate) parameters: Sparse<RcptParameters>,
    pub(crate) state: RecipientState,
}

/// Equals any other state, so that recipients are compared by what the client sent. Clones share the state once it
/// exists.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecipientState(OnceLock<Arc<TypedState>>);

impl PartialEq for RecipientState {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

macro_rules! path_questions {
    ($type:ty) => {
        impl $type {
            /// Returns the address without angle brackets.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.path.as_str()
            }

            /// Returns the mailbox, if the path names one.
            #[must_use]
            pub fn mailbox(&self) -> Option<&Mailbox> {
                self.path.mailbox()
            }

            /// Returns the domain as written, if there is one.
            #[must_use]
            pub fn domain(&self) -> Option<&str> {
                self.path.domain()
            }

            /// Returns whether the domain equals `domain`, compared as [`Mailbox::domain_is`] does.
            #[must_use]
            pub fn domain_is(&self, domain: &str) -> bool {
                self.path.domain_is(domain)
            }

            /// Returns the [key](Mailbox::lookup_key) of the address in a database. It is the same for all spellings:
            /// `postmaster` for `<Postmaster>`, and the empty text for `<>`.
            ///
            /// ```
            /// use mailchute_proto::{ForwardPath, Recipient};
            ///
            /// let bob: Recipient = r#""Bob"@Example.COM"#.parse()?;
            /// assert_eq!(bob.lookup_key(), "bob@example.com");
            /// assert_eq!(Recipient::new(ForwardPath::Postmaster).lookup_key(), "postmaster");
            /// # Ok::<(), mailchute_proto::AddressError>(())
            /// ```
            #[must_use]
            pub fn lookup_key(&self) -> String {
                match self.mailbox() {
                    Some(mailbox) => mailbox.lookup_key(),
                    None => fold_local_part(self.as_str()),
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.path.fmt(f)
            }
        }
    };
}

path_questions!(Sender);
path_questions!(Recipient);

impl Sender {
    /// Creates a sender without parameters.
    #[must_use]
    pub fn new(path: ReversePath) -> Self {
        Self { path, parameters: Sparse::default() }
    }

    /// Returns the ESMTP parameters.
    #[must_use]
    pub fn parameters(&self) -> &MailParameters {
        &self.parameters
    }

    /// Returns the ESMTP parameters, to change them.
    ///
    /// ```
    /// use mailchute_proto::{ReversePath, Sender};
    ///
    /// let mut sender = Sender::new(ReversePath::Null);
    /// assert_eq!(sender.parameters().size, None);
    /// sender.parameters_mut().size = Some(1_000);
    /// assert_eq!(sender.parameters().size, Some(1_000));
    /// ```
    pub fn parameters_mut(&mut self) -> &mut MailParameters {
        &mut self.parameters
    }

    /// Returns whether it is `<>`, the sender of reports (RFC 5321 §4.5.5).
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.path.is_null()
    }
}

impl Recipient {
    /// Returns the application's state of this recipient. A hook stores values at RCPT; later hooks, filters and the
    /// store read them. Refusing the recipient drops the state.
    ///
    /// ```
    /// use mailchute_proto::Recipient;
    ///
    /// struct Ticket(u32);
    ///
    /// let recipient: Recipient = "help+17@example.com".parse()?;
    /// if let Some((_, ticket)) = recipient.subaddress('+') {
    ///     recipient.state().insert(Ticket(ticket.parse().unwrap_or_default()));
    /// }
    /// assert_eq!(recipient.clone().state().with(|Ticket(number)| *number), Some(17));
    /// # Ok::<(), mailchute_proto::AddressError>(())
    /// ```
    pub fn state(&self) -> &TypedState {
        self.state.0.get_or_init(Arc::default)
    }

    /// Returns the two parts of an address such as `user+detail@example.com` (RFC 5233), before and after the
    /// separator, without quotes. `None` without the separator.
    ///
    /// ```
    /// use mailchute_proto::Recipient;
    ///
    /// let parts = |address: &str| {
    ///     let recipient: Recipient = address.parse().unwrap();
    ///     recipient.subaddress('+').map(|(user, detail)| format!("{user} {detail}"))
    /// };
    /// assert_eq!(parts("help+17@example.com").as_deref(), Some("help 17"));
    /// assert_eq!(parts("help+a+b@example.com").as_deref(), Some("help a+b"));
    /// assert_eq!(parts("help@example.com"), None);
    /// ```
    #[must_use]
    pub fn subaddress(&self, separator: char) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
        match self.mailbox()?.unquoted_local_part() {
            Cow::Borrowed(local) => {
                local.split_once(separator).map(|(user, detail)| (user.into(), detail.into()))
            }
            Cow::Owned(local) => {
                let (user, detail) = local.split_once(separator)?;
                Some((user.to_owned().into(), detail.to_owned().into()))
            }
        }
    }

    /// Returns whether it is `<Postmaster>`, without a domain (RFC 5321 §4.5.1).
    #[must_use]
    pub fn is_postmaster(&self) -> bool {
        self.path.is_postmaster()
    }

    /// Returns whether the recipient is local: its domain is one of `domains`, or it is `<Postmaster>`. Every server
    /// must accept mail for `<Postmaster>`, which has no domain (RFC 5321 §4.5.1). Domains are compared as
    /// [`Mailbox::domain_is`] does.
    ///
    /// A domain does not match its subdomains. With a leading dot, as in `.example.com`, it matches all subdomains at
    /// any depth, but not itself.
    ///
    /// ```
    /// use mailchute_proto::{ForwardPath, Recipient};
    ///
    /// fn is_local(path: &[u8]) -> bool {
    ///     let (path, _) = ForwardPath::parse_argument(path).unwrap();
    ///     Recipient::new(path).is_local_to(["example.com", "example.org", ".example.net"])
    /// }
    /// assert!(is_local(b"<alice@Example.ORG>"));
    /// assert!(is_local(b"<Postmaster>"));
    /// assert!(!is_local(b"<alice@sub.example.com>"));
    /// assert!(!is_local(b"<alice@notexample.com>"));
    /// assert!(is_local(b"<alice@sub.example.net>"));
    /// assert!(!is_local(b"<alice@example.net>"));
    /// ```
    #[must_use]
    pub fn is_local_to(&self, domains: impl IntoIterator<Item = impl AsRef<str>>) -> bool {
        // Mapped once, as there may be thousands of domains.
        let own = self.domain().map(to_ascii);
        self.is_postmaster()
            || own.is_some_and(|own| {
                domains.into_iter().any(|domain| match domain.as_ref().strip_prefix('.') {
                    Some(parent) => is_below(&own, parent),
                    None => same_domain(&own, domain.as_ref()),
                })
            })
    }

    /// Creates a recipient without parameters.
    #[must_use]
    pub fn new(path: ForwardPath) -> Self {
        Self { path, parameters: Sparse::default(), state: RecipientState::default() }
    }

    /// Returns the ESMTP parameters.
    #[must_use]
    pub fn parameters(&self) -> &RcptParameters {
        &self.parameters
    }

    /// Returns the ESMTP parameters, to change them.
    pub fn parameters_mut(&mut self) -> &mut RcptParameters {
        &mut self.parameters
    }
}

/// A recipient without parameters, whose address is a mailbox without angle brackets.
impl FromStr for Recipient {
    type Err = AddressError;

    fn from_str(address: &str) -> Result<Self, Self::Err> {
        Mailbox::parse(address).map(|mailbox| Self::new(ForwardPath::Mailbox(mailbox)))
    }
}

/// The envelope of one transaction.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Envelope {
    /// The sender.
    pub sender: Sender,
    /// The accepted recipients, in order.
    pub recipients: Vec<Recipient>,
}

impl Envelope {
    /// Creates an envelope without recipients.
    #[must_use]
    pub fn new(sender: Sender) -> Self {
        Self { sender, recipients: Vec::new() }
    }
}
