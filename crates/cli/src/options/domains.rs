//! The domains of `--domain`.

use std::fmt;
use std::str::FromStr;

use mailchute::address::Domain;

/// The recipients that are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Domains {
    /// `*`: all recipients.
    All,
    /// `example.com`: recipients of this domain.
    Of(Domain),
    /// `.example.com`: recipients of all domains below this one.
    Below(Domain),
}

impl Domains {
    /// The domain as [`mailchute::Recipient::is_local_to`] takes it, in A-labels, so that an ASCII recipient needs no
    /// mapping. `None` stands for all.
    pub(crate) fn pattern(&self) -> Option<String> {
        match self {
            Self::All => None,
            Self::Of(domain) => Some(domain.to_ascii().into_owned()),
            Self::Below(parent) => Some(format!(".{}", parent.to_ascii())),
        }
    }

    /// Returns the pattern, with `*` for all domains.
    pub(crate) fn name(&self) -> String {
        self.pattern().unwrap_or_else(|| "*".to_owned())
    }

    /// The domain as shown to users.
    pub(crate) fn example(&self) -> String {
        match self {
            Self::All => "example.com".to_owned(),
            Self::Of(domain) => domain.to_string(),
            Self::Below(parent) => format!("sub.{parent}"),
        }
    }
}

impl FromStr for Domains {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::All);
        }
        let (name, make): (_, fn(Domain) -> Self) = match text.strip_prefix('.') {
            Some(parent) => (parent, Self::Below),
            None => (text, Self::Of),
        };
        let wrong = |what: &str| match meant(text) {
            Some(meant) => format!("{what}; write {meant}"),
            None => format!(
                "{what}; write a domain such as example.com, .example.com for all below it, or '*' for all"
            ),
        };
        let domain = Domain::parse(name).map_err(|error| wrong(&error.to_string()))?;
        if domain.as_str().len() > LONGEST {
            return Err("a domain has 253 characters at most; write a shorter one".to_owned());
        }
        if domain
            .as_str()
            .rsplit('.')
            .next()
            .is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Err(wrong("this is not a domain, because its last label is a number"));
        }
        Ok(make(domain))
    }
}

/// The longest DNS name as text, in octets (RFC 1035 §2.3.4).
const LONGEST: usize = 253;

/// Suggests the domain that an invalid text probably means.
fn meant(text: &str) -> Option<Domains> {
    let meant = match text.split_once('@') {
        Some((_, domain)) => domain.to_owned(),
        None if text.starts_with("*.") => text[1..].to_owned(),
        None => text.strip_suffix('.')?.to_owned(),
    };
    if meant == "*" || !meant.contains(|c: char| c.is_alphabetic()) { None } else { meant.parse().ok() }
}

impl fmt::Display for Domains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Of(domain) => domain.fmt(f),
            Self::Below(parent) => write!(f, ".{parent}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_domain_those_below_one_and_all() {
        assert_eq!("*".parse(), Ok(Domains::All));
        for (text, pattern) in [
            ("example.com", "example.com"),
            (".example.com", ".example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            (".BÜCHER.example", ".xn--bcher-kva.example"),
            ("localhost", "localhost"),
            ("4.example", "4.example"),
        ] {
            let domains: Domains = text.parse().expect(text);
            assert_eq!(domains.pattern().as_deref(), Some(pattern));
            assert_eq!(domains.to_string(), text);
        }
    }

    #[test]
    fn refuses_domains_that_can_never_match() {
        for (text, hint) in [
            ("*.example.com", "write .example.com"),
            ("@example.com", "write example.com"),
            ("you@example.com", "write example.com"),
            ("example.com.", "write example.com"),
            (".example.com.", "write .example.com"),
            ("..example.com", "write a domain"),
            (".", "write a domain"),
            ("**", "write a domain"),
            ("*.", "write a domain"),
            ("ex*mple.com", "write a domain"),
            ("192.0.2.1", "write a domain"),
            ("[192.0.2.1]", "write a domain"),
            ("x@192.0.2.1", "write a domain"),
            ("", "write a domain"),
            (&format!("{}example.com", "a.".repeat(122)), "write a shorter one"),
        ] {
            let error = text.parse::<Domains>().expect_err(text);
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
