//! Records (RFC 7489 §6.3 and §6.4).

use std::fmt;

/// The wish of a domain for mail that fails DMARC, and what is done with a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// Nothing special.
    #[default]
    None,
    /// Suspicion: the message belongs into a directory for spam.
    Quarantine,
    /// The message is refused.
    Reject,
}

impl Policy {
    /// Returns the word of RFC 7489 §6.3: `none`, `quarantine` or `reject`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::None, Self::Quarantine, Self::Reject]
            .into_iter()
            .find(|policy| policy.as_str().eq_ignore_ascii_case(word))
    }

    /// Returns the policy for mail that `pct` exempts (RFC 7489 §6.6.4).
    pub(super) fn milder(self) -> Self {
        match self {
            Self::Reject => Self::Quarantine,
            _ => Self::None,
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How similar an authenticated domain must be to the author's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Alignment {
    /// Both have the same organizational domain.
    #[default]
    Relaxed,
    /// Both are the same domain.
    Strict,
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// `p`.
    pub(super) policy: Policy,
    /// `sp`, for subdomains.
    pub(super) subdomains: Option<Policy>,
    /// `np`, for subdomains that do not exist (RFC 9091).
    pub(super) nonexistent: Option<Policy>,
    /// `pct`, from 0 to 100.
    pub(super) percent: u8,
    pub(super) dkim: Alignment,
    pub(super) spf: Alignment,
}

/// Returns whether a TXT record is about DMARC: it begins with the version.
pub(super) fn is_dmarc(text: &[u8]) -> bool {
    let first = text.split(|&byte| byte == b';').next().unwrap_or_default();
    let mut parts = first.splitn(2, |&byte| byte == b'=').map(<[u8]>::trim_ascii);
    parts.next() == Some(b"v") && parts.next() == Some(b"DMARC1") && first.first() == Some(&b'v')
}

impl Record {
    /// Parses a record that [`is_dmarc`]. Unknown tags and mistakes are ignored, as RFC 7489 §6.3 demands. Returns `None`
    /// if there is no valid `p`, or if `sp` or `np` is not valid, unless somebody wants reports (§6.6.3).
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(text);
        let tag = |name: &str| {
            let tags = text.split(';').filter_map(|tag| tag.split_once('='));
            let found =
                tags.map(|(tag, value)| (tag.trim_ascii(), value.trim_ascii())).find(|(tag, _)| *tag == name);
            found.map(|(_, value)| value)
        };
        let alignment = |name| match tag(name) {
            Some("s" | "S") => Alignment::Strict,
            _ => Alignment::Relaxed,
        };
        let mut record = Self {
            policy: Policy::None,
            subdomains: None,
            nonexistent: None,
            percent: tag("pct").and_then(percent).unwrap_or(100),
            dkim: alignment("adkim"),
            spf: alignment("aspf"),
        };
        // `None` inside: the tag is there, but its value is not valid.
        let [policy, subdomains, nonexistent] = ["p", "sp", "np"].map(|name| tag(name).map(Policy::parse));
        match (policy, subdomains, nonexistent) {
            (Some(Some(policy)), None | Some(Some(_)), None | Some(Some(_))) => {
                record.policy = policy;
                record.subdomains = subdomains.flatten();
                record.nonexistent = nonexistent.flatten();
                Some(record)
            }
            _ => tag("rua").is_some_and(has_address).then_some(record),
        }
    }
}

/// A number from 0 to 100 without a sign.
fn percent(digits: &str) -> Option<u8> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|percent| is_number && *percent <= 100)
}

/// Returns whether reports may be sent to one of the addresses.
fn has_address(addresses: &str) -> bool {
    addresses.split(',').any(|address| {
        let address = address.trim_ascii();
        let (scheme, mailbox) = address.split_at_checked("mailto:".len()).unwrap_or_default();
        scheme.eq_ignore_ascii_case("mailto:")
            && mailbox.split_once('@').is_some_and(|(user, domain)| !user.is_empty() && !domain.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(tags: &str) -> Option<Record> {
        let text = format!("v=DMARC1;{tags}");
        assert!(is_dmarc(text.as_bytes()));
        Record::parse(text.as_bytes())
    }

    fn with_policy(policy: Policy) -> Record {
        Record {
            policy,
            subdomains: None,
            nonexistent: None,
            percent: 100,
            dkim: Alignment::Relaxed,
            spf: Alignment::Relaxed,
        }
    }

    #[test]
    fn a_record_begins_with_its_version() {
        for text in ["v=DMARC1", "v=DMARC1;", "v = DMARC1 ; p=none", "v\t=\tDMARC1;p=x", "v=DMARC1;v=x"] {
            assert!(is_dmarc(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "v",
            "v=",
            "V=DMARC1; p=none",
            "v=dmarc1; p=none",
            " v=DMARC1; p=none",
            "v=DMARC12; p=none",
            "v=DMARC1 p=none",
            "p=none; v=DMARC1",
            "v=DMARC1=; p=none",
            "v=spf1 -all",
            "\u{a0}v=DMARC1",
        ] {
            assert!(!is_dmarc(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn all_tags_are_read() {
        let record = parse(
            " p = Reject ; sp=quarantine;np=NONE; pct=7 ;adkim=s; aspf=S; x=y; fo=1; rua=mailto:a@b.example ;",
        );
        let expected = Record {
            policy: Policy::Reject,
            subdomains: Some(Policy::Quarantine),
            nonexistent: Some(Policy::None),
            percent: 7,
            dkim: Alignment::Strict,
            spf: Alignment::Strict,
        };
        assert_eq!(record, Some(expected));
    }

    #[test]
    fn mistakes_outside_of_policies_give_way_to_defaults() {
        for tags in [
            "p=reject",
            "p=reject;;;",
            "p=reject; reject",
            "p=reject; pct=101; adkim=x; aspf=",
            "p=reject; pct=-1",
            "p=reject; pct=+1",
            "p=reject; pct=",
            "x=y; p=reject; P=none; p=none",
            "p=reject; \u{fc}=\u{fc}",
        ] {
            assert_eq!(parse(tags), Some(with_policy(Policy::Reject)), "{tags}");
        }
    }

    #[test]
    fn without_a_valid_policy_only_reports_count() {
        for tags in ["", "p", "p=", "p=refuse", "sp=reject", "p=reject; sp=x", "p=reject; np=x"] {
            assert_eq!(parse(tags), None, "{tags}");
            let with_reports = format!("{tags}; rua=x, mailto:a@b.example");
            assert_eq!(parse(&with_reports), Some(with_policy(Policy::None)), "{tags}");
        }
        for address in ["", "mailto:", "mailto:@", "mailto:a", "https://b.example", "a@b.example"] {
            assert_eq!(parse(&format!("rua={address}")), None, "{address}");
        }
    }

    #[test]
    fn exempt_mail_gets_a_milder_policy() {
        assert_eq!(Policy::Reject.milder(), Policy::Quarantine);
        assert_eq!(Policy::Quarantine.milder(), Policy::None);
        assert_eq!(Policy::None.milder(), Policy::None);
        assert!(Policy::None < Policy::Quarantine && Policy::Quarantine < Policy::Reject);
    }
}
