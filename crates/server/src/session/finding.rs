//! A finding of a check about a client or a message: `spf=pass`.

use std::borrow::Cow;
use std::fmt;

/// A fact that a check has found out, such as `spf=pass`.
///
/// [`Session::add_finding`](crate::Session::add_finding) and
/// [`Session::add_client_finding`](crate::Session::add_client_finding) make it. The log shows all findings with each message and
/// each refusal. The event [`Finding`](crate::events::Event::Finding) tells each one at once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Finding {
    check: Cow<'static, str>,
    result: Cow<'static, str>,
}

/// The longest word of a finding, in bytes.
const LONGEST: usize = 64;

impl Finding {
    pub(crate) fn new(check: Cow<'static, str>, result: Cow<'static, str>) -> Self {
        Self { check: word(check), result: word(result) }
    }

    /// Returns the name of the check: `spf`.
    #[must_use]
    pub fn check(&self) -> &str {
        &self.check
    }

    /// Returns what the check has found: `pass`.
    #[must_use]
    pub fn result(&self) -> &str {
        &self.result
    }

    /// Returns the bytes of memory that the words hold.
    pub(crate) fn held_bytes(&self) -> usize {
        [&self.check, &self.result]
            .map(|word| if matches!(word, Cow::Owned(_)) { word.len() } else { 0 })
            .iter()
            .sum()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.check, self.result)
    }
}

/// Returns the text as a word, which needs no quotes anywhere.
fn word(text: Cow<'static, str>) -> Cow<'static, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !text.is_empty() && text.len() <= LONGEST && text.chars().all(is_plain) {
        return text;
    }
    let plain: String = text.chars().map(|c| if is_plain(c) { c } else { '-' }).take(LONGEST).collect();
    if plain.is_empty() { Cow::Borrowed("-") } else { Cow::Owned(plain) }
}

/// Adds a finding. A later one of the same check replaces the earlier one.
pub(super) fn add(findings: &mut Vec<Finding>, finding: Finding) {
    match findings.iter_mut().find(|before| before.check == finding.check) {
        Some(before) => *before = finding,
        None => findings.push(finding),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow::Borrowed;

    fn shown(check: &'static str, result: &'static str) -> String {
        Finding::new(Borrowed(check), Borrowed(result)).to_string()
    }

    #[test]
    fn a_finding_is_two_plain_words_whatever_it_is_made_of() {
        assert_eq!(shown("spf", "pass"), "spf=pass");
        assert_eq!(shown("rspamd", "add header"), "rspamd=add-header");
        assert_eq!(shown("x y\r\nz", "\"ü=\u{202e}"), "x-y--z=-----"[..].replace("-----", "----"));
        assert_eq!(shown("", ""), "-=-");
        assert_eq!(
            shown("x", &*Box::leak("y".repeat(1000).into_boxed_str())),
            format!("x={}", "y".repeat(64))
        );
    }

    #[test]
    fn a_later_finding_of_a_check_replaces_the_earlier_one() {
        let mut findings = Vec::new();
        for result in ["neutral", "pass"] {
            add(&mut findings, Finding::new(Borrowed("spf"), Borrowed(result)));
        }
        add(&mut findings, Finding::new(Borrowed("dkim"), Borrowed("none")));
        let shown: Vec<_> = findings.iter().map(Finding::to_string).collect();
        assert_eq!(shown, ["spf=pass", "dkim=none"]);
    }
}
