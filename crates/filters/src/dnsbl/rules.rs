//! The meaning of a list's codes.

use std::error::Error;
use std::fmt;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The consequence when a list knows a client or domain. If several apply, the last in this order holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It is only recorded.
    Mark,
    /// Recipients are refused.
    Refuse,
    /// No other list refuses.
    Skip,
}

impl Action {
    /// Returns the word of the finding: `mark`, `refuse` or `skip`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Refuse => "refuse",
            Self::Skip => "skip",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The meaning of a list's codes: an [`Action`] for some of them, or for all.
///
/// A list answers with addresses in `127.0.0.0/8`, its codes. Each list documents its own. As text, rules are separated by
/// spaces. A rule is an action, and may name codes after a colon, with ranges in each part.
///
/// | rules | meaning |
/// |---|---|
/// | `refuse` | every code refuses |
/// | `refuse:127.0.0.2-11` | only these ten codes refuse |
/// | `refuse:127.0.0.2,127.0.0.4-7 mark:127.0.0.10-11` | five codes refuse, two mark |
/// | `skip:127.0.0-255.1-3` | the fourth part decides |
///
/// # Examples
/// ```
/// use mailchute_filters::dnsbl::Rules;
///
/// assert!("refuse:127.0.0.2-11".parse::<Rules>().is_ok());
/// let error = "reject".parse::<Rules>().unwrap_err();
/// assert_eq!(error.to_string(), "there is no action \"reject\": write refuse, mark or skip");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    action: Action,
    /// No codes stand for all.
    codes: Vec<Codes>,
}

impl Rules {
    /// The action for the codes of one answer. Codes that are not listings are left out already.
    pub(super) fn action(&self, answer: &[Ipv4Addr]) -> Option<Action> {
        let applies = |rule: &&Rule| {
            rule.codes.is_empty() && !answer.is_empty()
                || rule.codes.iter().any(|codes| answer.iter().any(|code| codes.contains(*code)))
        };
        self.0.iter().filter(applies).map(|rule| rule.action).max()
    }
}

impl From<Action> for Rules {
    fn from(action: Action) -> Self {
        Self(vec![Rule { action, codes: Vec::new() }])
    }
}

/// Writes what [`FromStr`] reads.
impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Rule { action, codes }) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { " " };
            write!(f, "{separator}{action}")?;
            for (index, codes) in codes.iter().enumerate() {
                let separator = if index == 0 { ":" } else { "," };
                write!(f, "{separator}{codes}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Rules {
    type Err = RulesError;

    fn from_str(text: &str) -> Result<Self, RulesError> {
        let rules: Vec<Rule> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        if rules.is_empty() {
            Err(RulesError("write refuse, mark or skip".to_owned()))
        } else {
            Ok(Self(rules))
        }
    }
}

impl FromStr for Rule {
    type Err = RulesError;

    fn from_str(text: &str) -> Result<Self, RulesError> {
        let (action, codes) =
            text.split_once(':').map_or((text, None), |(action, codes)| (action, Some(codes)));
        let action = match action {
            "mark" => Action::Mark,
            "refuse" => Action::Refuse,
            "skip" => Action::Skip,
            _ => {
                return Err(RulesError(format!("there is no action {action:?}: write refuse, mark or skip")));
            }
        };
        let codes = codes.map_or(Ok(Vec::new()), |codes| codes.split(',').map(Codes::parse).collect())?;
        Ok(Self { action, codes })
    }
}

/// Codes: a range for each part of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Codes([RangeInclusive<u8>; 4]);

impl Codes {
    fn parse(text: &str) -> Result<Self, RulesError> {
        let parts: Option<Vec<_>> = text.split('.').map(range).collect();
        let parts = parts.and_then(|parts| <[_; 4]>::try_from(parts).ok());
        let codes = parts.filter(|[first, ..]| *first == (127..=127)).map(Self);
        codes.ok_or_else(|| {
            RulesError(format!("{text:?} is not a code of a list: write 127.0.0.2 or 127.0.0.2-11"))
        })
    }

    fn contains(&self, code: Ipv4Addr) -> bool {
        self.0.iter().zip(code.octets()).all(|(range, octet)| range.contains(&octet))
    }
}

impl fmt::Display for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "." };
            write!(f, "{separator}{}", range.start())?;
            if range.start() < range.end() {
                write!(f, "-{}", range.end())?;
            }
        }
        Ok(())
    }
}

/// Reads a number, or two with a hyphen between them.
fn range(text: &str) -> Option<RangeInclusive<u8>> {
    let number = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let range = number(first)?..=number(last)?;
    (!range.is_empty()).then_some(range)
}

/// Rules that cannot be read. It says what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesError(String);

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for RulesError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(rules: &str, codes: &[[u8; 4]]) -> Option<Action> {
        let codes: Vec<Ipv4Addr> = codes.iter().copied().map(Ipv4Addr::from).collect();
        rules.parse::<Rules>().expect(rules).action(&codes)
    }

    #[test]
    fn codes_choose_the_action() {
        for (rules, code, expected) in [
            ("refuse", [127, 0, 0, 2], Some(Action::Refuse)),
            ("mark", [127, 9, 9, 9], Some(Action::Mark)),
            ("refuse:127.0.0.2-11", [127, 0, 0, 2], Some(Action::Refuse)),
            ("refuse:127.0.0.2-11", [127, 0, 0, 11], Some(Action::Refuse)),
            ("refuse:127.0.0.2-11", [127, 0, 0, 12], None),
            ("refuse:127.0.0.2-11", [127, 0, 1, 2], None),
            ("refuse:127.0.0.2,127.0.0.4", [127, 0, 0, 4], Some(Action::Refuse)),
            ("refuse:127.0.0.2 mark", [127, 0, 0, 3], Some(Action::Mark)),
            ("skip:127.0.0-255.1-3", [127, 0, 15, 2], Some(Action::Skip)),
            ("skip:127.0.0-255.1-3", [127, 0, 15, 0], None),
        ] {
            assert_eq!(action(rules, &[code]), expected, "{rules} {code:?}");
        }
    }

    #[test]
    fn rules_are_written_as_they_are_read() {
        for rules in
            ["mark", "refuse:127.0.0.2,127.0.0.4-7 mark:127.0.0.10-11", "skip:127.0.0-255.1-3 refuse"]
        {
            assert_eq!(rules.parse::<Rules>().expect(rules).to_string(), rules);
        }
    }

    #[test]
    fn the_strongest_action_holds_and_no_code_has_none() {
        let rules = "mark:127.0.0.10 refuse:127.0.0.2 skip:127.0.0.3";
        assert_eq!(action(rules, &[[127, 0, 0, 10], [127, 0, 0, 2]]), Some(Action::Refuse));
        assert_eq!(action(rules, &[[127, 0, 0, 2], [127, 0, 0, 3]]), Some(Action::Skip));
        assert_eq!(action(rules, &[]), None);
        assert_eq!(action("refuse", &[]), None);
    }

    #[test]
    fn wrong_rules_are_told_with_what_to_write() {
        for (rules, error) in [
            ("", "write refuse, mark or skip"),
            ("Refuse", "there is no action \"Refuse\": write refuse, mark or skip"),
            ("refuse:", "\"\" is not a code of a list: write 127.0.0.2 or 127.0.0.2-11"),
            ("refuse:10.0.0.2", "\"10.0.0.2\" is not a code of a list: write 127.0.0.2 or 127.0.0.2-11"),
            (
                "mark:127.0.0.11-2",
                "\"127.0.0.11-2\" is not a code of a list: write 127.0.0.2 or 127.0.0.2-11",
            ),
            ("mark:127.0.0.256", "\"127.0.0.256\" is not a code of a list: write 127.0.0.2 or 127.0.0.2-11"),
            ("mark:127.0.0.+2", "\"127.0.0.+2\" is not a code of a list: write 127.0.0.2 or 127.0.0.2-11"),
            ("mark:127.0.0", "\"127.0.0\" is not a code of a list: write 127.0.0.2 or 127.0.0.2-11"),
            ("mark:127.0.0.2.3", "\"127.0.0.2.3\" is not a code of a list: write 127.0.0.2 or 127.0.0.2-11"),
            ("mark:127.0.0.2,", "\"\" is not a code of a list: write 127.0.0.2 or 127.0.0.2-11"),
        ] {
            assert_eq!(rules.parse::<Rules>().expect_err(rules).to_string(), error);
        }
    }
}
