//! From a recipient to its destinations.

use std::collections::HashSet;

use mailchute::address::{Mailbox, fold_local_part};
use mailchute::{Recipient, Refusal, Session};

use super::aliases::{Alias, Member};
use super::domain::LocalDomain;
use super::mistake::Mistake;
use super::{Domains, RecipientsError};
use crate::destination::{Destination, Destinations};

/// The most destinations of one recipient.
const MOST: usize = 1000;

/// The user that every domain has (RFC 5321 §4.5.1).
const POSTMASTER: &str = "postmaster";

/// An alias: the number of its domain, and its name.
type AliasName = (usize, String);

/// The destinations of an address before anybody is asked whether they exist.
#[derive(Default)]
struct Expansion {
    /// Destinations, each with the number of its domain.
    found: Vec<(usize, Destination)>,
    followed: HashSet<AliasName>,
    /// Addresses of other domains.
    foreign: Vec<Mailbox>,
}

impl Domains {
    /// Finds who gets the mail of a recipient.
    pub(super) async fn resolve(
        &self,
        recipient: &Recipient,
        session: &Session,
    ) -> Result<Destinations, Refusal> {
        let mailbox = match recipient.mailbox() {
            Some(mailbox) => mailbox.clone(),
            None => self.postmaster(session)?,
        };
        let mut expansion = Expansion::default();
        self.expand(&mailbox, None, &mut expansion);
        if expansion.found.is_empty() {
            return Err(Refusal::new(550, (5, 7, 1), "Relaying denied"));
        }
        let mut known = Vec::new();
        for (number, destination) in std::mem::take(&mut expansion.found) {
            if self.knows(number, &destination, session).await? {
                known.push(destination);
            } else if let Some(alias) = &self.domains[number].aliases.catch_all {
                let name = (number, "@".to_owned());
                if expansion.followed.insert(name.clone()) {
                    self.follow(&name, alias, &destination, &mut expansion);
                }
            }
        }
        for (number, destination) in expansion.found {
            if self.knows(number, &destination, session).await? {
                known.push(destination);
            }
        }
        if known.is_empty() {
            return Err(Refusal::new(550, (5, 1, 1), "No such user here"));
        }
        let mut seen = HashSet::new();
        known.retain(|destination| {
            seen.insert((destination.user().to_owned(), destination.domain().to_owned()))
        });
        Ok(Destinations::new(known))
    }

    async fn knows(
        &self,
        number: usize,
        destination: &Destination,
        session: &Session,
    ) -> Result<bool, Refusal> {
        let is_known = self.domains[number].known.knows(destination, session).await?;
        Ok(is_known || destination.user() == POSTMASTER && self.domains[number].aliases.catch_all.is_none())
    }

    /// The address of `<Postmaster>`, who has no domain: the first domain's, or the host's.
    fn postmaster(&self, session: &Session) -> Result<Mailbox, Refusal> {
        let first = self.domains.iter().find_map(LocalDomain::first_name);
        let domain = first.map_or_else(|| session.hostname().to_string(), ToOwned::to_owned);
        Ok(Mailbox::parse(&format!("{POSTMASTER}@{domain}"))?)
    }

    /// Adds what an address stands for. `via` is the alias that names it.
    fn expand(&self, mailbox: &Mailbox, via: Option<&AliasName>, expansion: &mut Expansion) {
        if expansion.found.len() >= MOST {
            return;
        }
        let Some((number, destination)) = self.destination(mailbox) else {
            expansion.foreign.push(mailbox.clone());
            return;
        };
        match self.alias(number, &destination) {
            // A member that has the alias's own name is the user of this name.
            Some((name, alias)) if via != Some(&name) => {
                if expansion.followed.insert(name.clone()) {
                    self.follow(&name, alias, &destination, expansion);
                }
            }
            _ => expansion.found.push((number, destination)),
        }
    }

    /// Returns the destination of an address, and the number of its domain.
    fn destination(&self, mailbox: &Mailbox) -> Option<(usize, Destination)> {
        let number = self.index.find(&mailbox.lookup_domain())?;
        let domain = &self.domains[number];
        let destination = Destination::new(mailbox, domain.separator);
        Some(match domain.first_name() {
            Some(name) => (number, destination.in_domain(name)),
            None => (number, destination),
        })
    }

    /// Finds the alias of an address: of the whole local part, or of the user.
    fn alias(&self, number: usize, destination: &Destination) -> Option<(AliasName, &Alias)> {
        let whole = fold_local_part(&destination.mailbox().unquoted_local_part());
        [whole.as_str(), destination.user()]
            .into_iter()
            .find_map(|name| Some(((number, name.to_owned()), self.domains[number].aliases.get(name)?)))
    }

    /// Adds what the members of an alias stand for.
    fn follow(&self, name: &AliasName, alias: &Alias, of: &Destination, expansion: &mut Expansion) {
        for member in &alias.members {
            if let Some(mailbox) = self.address(name.0, member, of) {
                self.expand(&mailbox, Some(name), expansion);
            }
        }
    }

    /// Returns the address of a member. It gets the detail of the address that led to it, unless it has its own.
    fn address(&self, number: usize, member: &Member, of: &Destination) -> Option<Mailbox> {
        let user = match member {
            Member::At(mailbox) => return Some(mailbox.clone()),
            Member::Here(user) => user,
        };
        let domain = of.mailbox().domain();
        let detail = self.domains[number].separator.zip(of.detail());
        let detailed =
            detail.filter(|(separator, _)| !user.contains(*separator)).and_then(|(separator, detail)| {
                Mailbox::parse(&format!("{user}{separator}{detail}@{domain}")).ok()
            });
        detailed.or_else(|| Mailbox::parse(&format!("{user}@{domain}")).ok())
    }

    /// Finds aliases that lead in a circle, to foreign domains, or to too many destinations.
    pub(super) fn check_aliases(&self) -> Result<(), RecipientsError> {
        for (number, domain) in self.domains.iter().enumerate() {
            for (name, alias) in domain.aliases.in_order() {
                let of = self.destination_of_alias(number, name);
                let key = (number, name.to_owned());
                let mut expansion =
                    Expansion { followed: HashSet::from([key.clone()]), ..Expansion::default() };
                self.follow(&key, alias, &of, &mut expansion);
                let text = if let Some(foreign) = expansion.foreign.first() {
                    format!(
                        "{name} leads to {foreign}, whose domain is not local; name users of local domains only"
                    )
                } else if expansion.found.len() >= MOST {
                    format!("{name} leads to more than {MOST} addresses; use a program for mailing lists")
                } else if let Some(last) = self.circle(&key, alias, &of) {
                    format!("{name} leads back to itself, through {last}; end the circle with a user")
                } else {
                    continue;
                };
                let mistake = Mistake::new(alias.line, text);
                return Err(RecipientsError::Alias { domain: domain.title(), mistake });
            }
        }
        Ok(())
    }

    /// Any address that leads to this alias.
    fn destination_of_alias(&self, number: usize, name: &str) -> Destination {
        let host = self.domains[number].first_name().unwrap_or("example.com");
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        let spellings =
            [format!("{name}@{host}"), format!("\"{quoted}\"@{host}"), format!("{POSTMASTER}@{host}")];
        let mailbox = spellings.iter().find_map(|text| Mailbox::parse(text).ok());
        Destination::new(&mailbox.expect("postmaster is an address"), self.domains[number].separator)
    }

    /// Returns the alias that leads back to this one, if there is one.
    fn circle(&self, start: &AliasName, alias: &Alias, of: &Destination) -> Option<String> {
        let (mut waiting, mut seen) = (vec![(start.clone(), alias, of.clone())], HashSet::new());
        while let Some((name, alias, of)) = waiting.pop() {
            for member in &alias.members {
                let found = self.address(name.0, member, &of).and_then(|mailbox| self.destination(&mailbox));
                let Some((number, destination)) = found else { continue };
                let Some((next, alias)) = self.alias(number, &destination) else { continue };
                if next == *start && name != *start {
                    return Some(name.1);
                }
                if next != name && seen.insert(next.clone()) {
                    waiting.push((next, alias, destination));
                }
            }
        }
        None
    }
}
