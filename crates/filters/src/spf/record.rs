//! Records: which one applies, and its terms (RFC 7208 §4.5 and §4.6).

use super::domain_spec::DomainSpec;
use super::macros::MacroString;
use super::mechanism::Directive;

const VERSION: &[u8] = b"v=spf1";

/// A record.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) directives: Vec<Directive>,
    pub(super) redirect: Option<DomainSpec>,
    pub(super) explanation: Option<DomainSpec>,
}

/// Returns whether a TXT record is about SPF: its version is exactly `v=spf1`.
pub(super) fn is_spf(text: &[u8]) -> bool {
    text.split_at_checked(VERSION.len()).is_some_and(|(version, rest)| {
        version.eq_ignore_ascii_case(VERSION) && rest.first().is_none_or(|&byte| byte == b' ')
    })
}

impl Record {
    /// Parses a record that [`is_spf`]. All of it must follow the grammar, whatever is evaluated later.
    ///
    /// # Errors
    /// The first term that does not.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let mut record = Self::default();
        let terms = text.get(VERSION.len()..).unwrap_or_default();
        for term in terms.split(|&byte| byte == b' ').filter(|term| !term.is_empty()) {
            let is_good = std::str::from_utf8(term).is_ok_and(|term| record.add(term).is_some());
            if !is_good {
                return Err(String::from_utf8_lossy(term).into_owned());
            }
        }
        Ok(record)
    }

    /// Adds a term. Returns `None` if it is wrong.
    fn add(&mut self, term: &str) -> Option<()> {
        let Some((name, value)) = modifier(term) else {
            self.directives.push(Directive::parse(term)?);
            return Some(());
        };
        let known = if name.eq_ignore_ascii_case("redirect") {
            &mut self.redirect
        } else if name.eq_ignore_ascii_case("exp") {
            &mut self.explanation
        } else {
            return MacroString::parse_unknown(value).map(drop);
        };
        let spec = DomainSpec::parse(value)?;
        known.replace(spec).is_none().then_some(())
    }
}

/// The name and the value of a modifier.
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    is_name.then_some((name, value))
}
