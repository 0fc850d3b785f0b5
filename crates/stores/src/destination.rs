//! Where a copy of a message goes.

use std::sync::Arc;

use mailchute::address::{Mailbox, fold_local_part};
use mailchute::{Message, Recipient, Session};

/// Where one copy of a message goes: a user of a domain, and the detail of a subaddress.
///
/// `Bob+Lists@Example.com` is the user `bob` of `example.com`, with the detail `Lists`, if `+` is the separator.
///
/// # Examples
/// ```
/// use mailchute::address::Mailbox;
/// use mailchute_stores::Destination;
///
/// let destination = Destination::new(&Mailbox::parse("Bob+Lists@Bücher.example")?, Some('+'));
/// assert_eq!(destination.user(), "bob");
/// assert_eq!(destination.detail(), Some("Lists"));
/// assert_eq!(destination.domain(), "xn--bcher-kva.example");
/// assert_eq!(destination.mailbox().as_str(), "Bob+Lists@Bücher.example");
/// # Ok::<(), mailchute::address::AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    mailbox: Mailbox,
    user: String,
    domain: String,
    detail: Option<String>,
}

impl Destination {
    /// Makes the destination of an address. The detail begins after the first `separator` that has a user before it.
    #[must_use]
    pub fn new(mailbox: &Mailbox, separator: Option<char>) -> Self {
        let local_part = mailbox.unquoted_local_part();
        let parts = separator.and_then(|separator| local_part.split_once(separator));
        let (user, detail) = match parts.filter(|(user, _)| !user.is_empty()) {
            Some((user, detail)) => (user, Some(detail.to_owned())),
            None => (&*local_part, None),
        };
        Self {
            user: fold_local_part(user),
            domain: mailbox.lookup_domain(),
            detail,
            mailbox: mailbox.clone(),
        }
    }

    /// Returns the address, which `Delivered-To:` names.
    #[must_use]
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// Returns the user: the local part without quotes and detail, [folded](fold_local_part).
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the domain in A-labels and lower case, or an address literal. It is the first name of a domain with
    /// [several](crate::recipients::LocalDomain::also).
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Returns the address of the user without the detail, which is the same for all spellings.
    pub(crate) fn user_address(&self) -> Mailbox {
        let plain = Mailbox::parse(&format!("{}@{}", self.user, self.domain));
        let quoted = || {
            let user = self.user.replace('\\', r"\\").replace('"', r#"\""#);
            Mailbox::parse(&format!("\"{user}\"@{}", self.domain))
        };
        plain.or_else(|_| quoted()).unwrap_or_else(|_| self.mailbox.clone())
    }

    /// Returns this destination as a recipient, with the parameters of the one that stands for it.
    pub(crate) fn recipient(&self, of: &Recipient) -> Option<Recipient> {
        let mut recipient: Recipient = self.mailbox.as_str().parse().ok()?;
        *recipient.parameters_mut() = of.parameters().clone();
        recipient.state().insert(Destinations::new(vec![self.clone()]));
        Some(recipient)
    }

    /// Returns the same destination as a user of `domain`, of which the domain of the address is another name.
    pub(crate) fn in_domain(self, domain: &str) -> Self {
        Self { domain: domain.to_owned(), ..self }
    }

    /// Returns what follows the separator, as the client wrote it.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }
}

/// The destinations of a recipient: one, or the members of an alias.
///
/// The hook that resolves recipients puts them into [`Recipient::state`]. Stores read them with
/// [`of`](Self::of).
///
/// # Examples
/// ```
/// use mailchute::{Message, Recipient, Session};
/// use mailchute_stores::{Destination, Destinations};
///
/// let sales: Recipient = "sales@example.com".parse()?;
/// let members = ["bob@example.com", "eve@example.com"];
/// let members: Result<Vec<_>, _> = members.iter().map(|member| member.parse()).collect();
/// let members = members?.iter().map(|member| Destination::new(member, None)).collect();
/// sales.state().insert(Destinations::new(members));
/// assert_eq!(Destinations::of(&sales, "mx.example.com").len(), 2);
///
/// let bob: Recipient = "Bob@example.com".parse()?;
/// assert_eq!(Destinations::of(&bob, "mx.example.com")[0].user(), "bob");
/// # Ok::<(), mailchute::address::AddressError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Destinations(Arc<[Destination]>);

impl Destinations {
    /// Makes a list of destinations.
    #[must_use]
    pub fn new(destinations: Vec<Destination>) -> Self {
        Self(destinations.into())
    }

    /// Returns the destinations that a hook has resolved; without one, the address itself, without a detail. The
    /// recipient `<Postmaster>`, which has no domain, is a user of the server's `hostname`.
    #[must_use]
    pub fn of(recipient: &Recipient, hostname: &str) -> Self {
        if let Some(resolved) = recipient.state().with(Self::clone).filter(|resolved| !resolved.is_empty()) {
            return resolved;
        }
        let mailbox = match recipient.mailbox() {
            Some(mailbox) => Ok(mailbox.clone()),
            None => Mailbox::parse(&format!("postmaster@{hostname}")),
        };
        Self(mailbox.iter().map(|mailbox| Destination::new(mailbox, None)).collect())
    }
}

impl std::ops::Deref for Destinations {
    type Target = [Destination];

    fn deref(&self) -> &[Destination] {
        &self.0
    }
}

/// Gives each recipient of a message one destination: aliases become their members. The client's reply for an alias is
/// then that of its members, so a refusal of one refuses the alias.
pub(crate) fn expand(message: &mut Message, session: &Session) {
    let hostname = session.hostname();
    let recipients = message.envelope().recipients.clone();
    // From the last to the first, as members shift the places after them.
    for (place, recipient) in recipients.iter().enumerate().rev() {
        let destinations = Destinations::of(recipient, hostname);
        if let [destination] = &*destinations
            && recipient.mailbox() == Some(destination.mailbox())
        {
            continue;
        }
        message
            .redirect(place, destinations.iter().filter_map(|destination| destination.recipient(recipient)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(address: &str) -> Destination {
        Destination::new(&Mailbox::parse(address).expect(address), Some('+'))
    }

    #[test]
    fn splits_user_and_detail_at_the_first_separator() {
        for (address, user, detail) in [
            ("bob@example.com", "bob", None),
            ("Bob+Lists@example.com", "bob", Some("Lists")),
            ("bob+a+b@example.com", "bob", Some("a+b")),
            ("bob+@example.com", "bob", Some("")),
            ("+bob@example.com", "+bob", None),
            (r#""John Doe+x y"@example.com"#, "john doe", Some("x y")),
            ("BÜCHER@example.com", "bücher", None),
            ("bu\u{308}cher@example.com", "bücher", None),
        ] {
            let destination = destination(address);
            assert_eq!((destination.user(), destination.detail()), (user, detail), "{address}");
            assert_eq!(destination.mailbox().as_str(), address);
        }
    }

    #[test]
    fn a_domain_is_one_in_each_spelling() {
        for domain in ["bücher.example", "BÜCHER.example", "xn--bcher-kva.example", "XN--bcher-kva.EXAMPLE"]
        {
            assert_eq!(destination(&format!("a@{domain}")).domain(), "xn--bcher-kva.example");
        }
        assert_eq!(destination("a@[192.0.2.1]").domain(), "[192.0.2.1]");
    }

    #[test]
    fn all_spellings_of_a_user_have_one_address() {
        for (address, user) in [
            ("Bob+Lists@Example.com", "bob@example.com"),
            (r#""bob"@example.com"#, "bob@example.com"),
            (r#""John Doe+x"@example.com"#, r#""john doe"@example.com"#),
            (r#""a\\b\"c"@example.com"#, r#""a\\b\"c"@example.com"#),
            (r#"""@example.com"#, r#"""@example.com"#),
        ] {
            assert_eq!(destination(address).user_address().as_str(), user, "{address}");
        }
    }

    #[test]
    fn postmaster_without_a_domain_is_a_user_of_the_host() {
        let postmaster = Recipient::new(mailchute::address::ForwardPath::Postmaster);
        let destinations = Destinations::of(&postmaster, "mx.example.com");
        assert_eq!(destinations[0].mailbox().as_str(), "postmaster@mx.example.com");
    }
}
