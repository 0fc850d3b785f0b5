//! The envelope of a message: who sends it and to whom (RFC 5321 §2.3.1).

use std::fmt;

use crate::address::{ForwardPath, Mailbox, ReversePath, is_below, same_domain, to_ascii};
use crate::params::{MailParameters, RcptParameters, Sparse};

/// Who sends: what MAIL said.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Sender {
    /// The reverse-path, where reports of failure go.
    pub path: ReversePath,
    /// The ESMTP parameters.
    pub parameters: Sparse<MailParameters>,
}

/// Who shall receive: what one RCPT said.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Recipient {
    /// The forward-path.
    pub path: ForwardPath,
    /// The ESMTP parameters.
    pub parameters: Sparse<RcptParameters>,
}

macro_rules! path_questions {
    ($type:ty) => {
        impl $type {
            /// The address without angle brackets.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.path.as_str()
            }

            /// The mailbox, if the path names one.
            #[must_use]
            pub fn mailbox(&self) -> Option<&Mailbox> {
                self.path.mailbox()
            }

            /// The domain as written, if there is one.
            #[must_use]
            pub fn domain(&self) -> Option<&str> {
                self.path.domain()
            }

            /// Whether the domain is this one, as [`Mailbox::domain_is`] has it.
            #[must_use]
            pub fn domain_is(&self, domain: &str) -> bool {
                self.path.domain_is(domain)
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
    /// A sender without parameters.
    #[must_use]
    pub fn new(path: ReversePath) -> Self {
        Self { path, parameters: Sparse::default() }
    }

    /// Whether it is `<>`, the sender of reports (RFC 5321 §4.5.5).
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.path.is_null()
    }
}

impl Recipient {
    /// Whether it is `<Postmaster>`, without a domain (RFC 5321 §4.5.1).
    #[must_use]
    pub fn is_postmaster(&self) -> bool {
        self.path.is_postmaster()
    }

    /// Whether mail to it is for this host, whose domains are `domains`: its domain is one of them, as
    /// [`Mailbox::domain_is`] has it, or it is `<Postmaster>`, which has no domain and which every server that takes mail
    /// has to accept (RFC 5321 §4.5.1).
    ///
    /// A domain stands for itself only, not for those below it. With a dot in front, as in `.example.com`, it stands for
    /// all domains below it, at any depth, and not for itself.
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
        // Mapped once for all domains; there may be thousands.
        let own = self.domain().map(to_ascii);
        self.is_postmaster()
            || own.is_some_and(|own| {
                domains.into_iter().any(|domain| match domain.as_ref().strip_prefix('.') {
                    Some(parent) => is_below(&own, parent),
                    None => same_domain(&own, domain.as_ref()),
                })
            })
    }

    /// A recipient without parameters.
    #[must_use]
    pub fn new(path: ForwardPath) -> Self {
        Self { path, parameters: Sparse::default() }
    }
}

/// The envelope of one transaction.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Envelope {
    /// Who sends.
    pub sender: Sender,
    /// Everybody who was accepted, in order.
    pub recipients: Vec<Recipient>,
}

impl Envelope {
    /// An envelope without recipients.
    #[must_use]
    pub fn new(sender: Sender) -> Self {
        Self { sender, recipients: Vec::new() }
    }
}
