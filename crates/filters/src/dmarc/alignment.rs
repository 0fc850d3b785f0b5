//! Whether an authenticated domain is that of the author (RFC 7489 §3.1 and §3.2).

use super::record::Alignment;

impl Alignment {
    /// Returns whether a domain is similar enough to that of the author. Both are in lower case and A-labels.
    pub(super) fn holds(self, domain: &str, author: &str) -> bool {
        match self {
            Self::Strict => domain == author,
            Self::Relaxed => organizational(domain) == organizational(author),
        }
    }
}

/// Returns the organizational domain of a domain, by the public suffix list. That of a public suffix is itself.
pub(super) fn organizational(domain: &str) -> &str {
    psl::domain_str(domain).unwrap_or(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_organizational_domain_is_one_label_below_a_public_suffix() {
        for (domain, expected) in [
            ("example.com", "example.com"),
            ("a.b.example.com", "example.com"),
            ("a.b.example.co.uk", "example.co.uk"),
            ("co.uk", "co.uk"),
            ("com", "com"),
            ("a.b.unknown-top", "b.unknown-top"),
            ("localhost", "localhost"),
            // A wildcard and an exception of the list.
            ("a.b.c.ck", "b.c.ck"),
            ("a.www.ck", "www.ck"),
            ("alice.github.io", "alice.github.io"),
            ("a.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"),
            ("a.b.xn--p1ai", "b.xn--p1ai"),
        ] {
            assert_eq!(organizational(domain), expected, "{domain}");
        }
    }

    #[test]
    fn relaxed_alignment_compares_organizational_domains() {
        use Alignment::{Relaxed, Strict};
        for (alignment, domain, author, expected) in [
            (Relaxed, "example.com", "example.com", true),
            (Relaxed, "mail.example.com", "example.com", true),
            (Relaxed, "example.com", "news.example.com", true),
            (Relaxed, "a.example.com", "b.example.com", true),
            (Relaxed, "example.com", "example.org", false),
            (Relaxed, "badexample.com", "example.com", false),
            (Relaxed, "com", "example.com", false),
            (Relaxed, "a.co.uk", "b.co.uk", false),
            (Relaxed, "co.uk", "b.co.uk", false),
            (Strict, "example.com", "example.com", true),
            (Strict, "mail.example.com", "example.com", false),
            (Strict, "example.com", "mail.example.com", false),
        ] {
            assert_eq!(alignment.holds(domain, author), expected, "{alignment:?} {domain} {author}");
        }
    }
}
