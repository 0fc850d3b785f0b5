//! A domain whose mail is delivered here.

use std::collections::HashMap;

use mailchute::address::Domain;

use super::aliases::Aliases;
use super::known::Known;

/// A domain whose mail is delivered here: its names, its users and its aliases.
///
/// By default every user is known, there are no aliases, and the detail of an address follows `+`.
///
/// # Examples
/// ```
/// use mailchute_stores::recipients::{Aliases, Known, LocalDomain};
///
/// let domain = LocalDomain::new("example.com")?
///     .also("example.org")?
///     .known(Known::users(["bob", "eve"])?)
///     .aliases(Aliases::parse("sales: bob, eve").expect("no mistakes"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct LocalDomain {
    pub(super) names: Vec<Pattern>,
    pub(super) known: Known,
    pub(super) separator: Option<char>,
    pub(super) aliases: Aliases,
}

/// A name of a domain, or a pattern of names, in A-labels and lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pattern {
    All,
    Of(String),
    Below(String),
}

impl LocalDomain {
    /// Begins with a name: `example.com`, `.example.com` for all domains below it at any depth, or `*` for all domains.
    /// The most exact name decides where several match.
    ///
    /// # Errors
    /// [`AddressError`](mailchute::address::AddressError) if the name is not a domain.
    pub fn new(name: &str) -> Result<Self, mailchute::address::AddressError> {
        let (known, separator, aliases) = (Known::any(), Some('+'), Aliases::default());
        Ok(Self { names: vec![pattern(name)?], known, separator, aliases })
    }

    /// Adds another name with the same users and aliases. Stores see them as users of the first name.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn also(mut self, name: &str) -> Result<Self, mailchute::address::AddressError> {
        self.names.push(pattern(name)?);
        Ok(self)
    }

    /// Sets which users are known. Others are refused with `550 5.1.1`, except `postmaster`, which every domain must
    /// have (RFC 5321 §4.5.1).
    #[must_use]
    pub fn known(self, known: Known) -> Self {
        Self { known, ..self }
    }

    /// Sets the aliases. They come before the users of the same name.
    #[must_use]
    pub fn aliases(self, aliases: Aliases) -> Self {
        Self { aliases, ..self }
    }

    /// Sets the character after which the detail of an address begins, as in `bob+lists@example.com`. With `None` no
    /// address has a detail. Default is `+`.
    #[must_use]
    pub fn separator(self, separator: Option<char>) -> Self {
        Self { separator, ..self }
    }

    /// Returns the domain that stands for all of its names; none if it is a pattern.
    pub(super) fn first_name(&self) -> Option<&str> {
        match &self.names[0] {
            Pattern::Of(name) => Some(name),
            Pattern::All | Pattern::Below(_) => None,
        }
    }

    /// Returns the first name as it was given, for messages.
    pub(super) fn title(&self) -> String {
        self.names[0].to_string()
    }
}

pub(crate) fn pattern(name: &str) -> Result<Pattern, mailchute::address::AddressError> {
    if name == "*" {
        return Ok(Pattern::All);
    }
    let ascii = |name: &str| Domain::parse(name).map(|name| name.to_ascii().to_ascii_lowercase());
    match name.strip_prefix('.') {
        Some(parent) => ascii(parent).map(Pattern::Below),
        None => ascii(name).map(Pattern::Of),
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Of(name) => f.write_str(name),
            Self::Below(name) => write!(f, ".{name}"),
        }
    }
}

/// Finds the domain of an address.
#[derive(Debug, Clone, Default)]
pub(crate) struct DomainIndex {
    of: HashMap<String, usize>,
    below: HashMap<String, usize>,
    all: Option<usize>,
}

impl DomainIndex {
    /// Adds a name of the domain with this number, and returns whether it is new.
    pub(crate) fn add(&mut self, name: &Pattern, number: usize) -> bool {
        match name {
            Pattern::All => self.all.replace(number),
            Pattern::Of(name) => self.of.insert(name.clone(), number),
            Pattern::Below(name) => self.below.insert(name.clone(), number),
        }
        .is_none()
    }

    /// Finds the number of a domain, given in A-labels and lower case.
    pub(crate) fn find(&self, domain: &str) -> Option<usize> {
        let parents = domain.match_indices('.').map(|(at, _)| &domain[at + 1..]);
        let below = || parents.filter(|_| !self.below.is_empty()).find_map(|parent| self.below.get(parent));
        self.of.get(domain).or_else(below).copied().or(self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_exact_name_is_found() {
        let mut index = DomainIndex::default();
        for (number, name) in ["example.com", ".example.com", ".sub.example.com", "*"].iter().enumerate() {
            assert!(index.add(&pattern(name).expect(name), number));
        }
        assert!(!index.add(&pattern("EXAMPLE.com").expect("a name"), 4));
        let mut index = DomainIndex::default();
        for (number, name) in ["example.com", ".example.com", ".sub.example.com"].iter().enumerate() {
            index.add(&pattern(name).expect(name), number);
        }
        for (domain, number) in [
            ("example.com", Some(0)),
            ("a.example.com", Some(1)),
            ("sub.example.com", Some(1)),
            ("a.b.sub.example.com", Some(2)),
            ("example.org", None),
            ("notexample.com", None),
            ("[192.0.2.1]", None),
        ] {
            assert_eq!(index.find(domain), number, "{domain}");
        }
    }
}
