//! Patterns of addresses: `*` stands for any bytes, without regard to case.

/// A pattern such as `*@example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(String);

/// The longest pattern.
const LONGEST: usize = 256;

impl Pattern {
    /// Returns `None` if it is too long or has control characters.
    pub(super) fn new(pattern: &str) -> Option<Self> {
        let is_fit = pattern.len() <= LONGEST && !pattern.chars().any(char::is_control);
        is_fit.then(|| Self(pattern.to_lowercase()))
    }

    /// Compares in time that grows with the product of both lengths, so no pattern is dear.
    pub(super) fn matches(&self, text: &str) -> bool {
        let (pattern, text) = (self.0.as_bytes(), text.to_lowercase());
        let text = text.as_bytes();
        let (mut at, mut of) = (0, 0);
        // Where to go on when what follows the last `*` does not match here.
        let mut retry = None;
        while of < text.len() {
            match pattern.get(at) {
                Some(b'*') => {
                    retry = Some((at + 1, of));
                    at += 1;
                }
                Some(byte) if *byte == text[of] => (at, of) = (at + 1, of + 1),
                _ => {
                    let Some((after_star, from)) = retry else { return false };
                    (at, of) = (after_star, from + 1);
                    retry = Some((after_star, from + 1));
                }
            }
        }
        pattern[at..].iter().all(|byte| *byte == b'*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_bytes() {
        for (pattern, yes, no) in [
            ("*@example.com", &["bob@EXAMPLE.com", "@example.com"][..], &["bob@example.com.org", ""][..]),
            ("bob@*", &["Bob@x"], &["alice@x"]),
            ("*a*b*", &["xxaxxbxx", "ab"], &["b-a", "xa"]),
            ("", &[""], &["x"]),
            ("*", &["", "x"], &[]),
            ("192.0.2.*", &["192.0.2.1"], &["192.0.20.1"]),
        ] {
            let pattern = Pattern::new(pattern).unwrap();
            assert!(yes.iter().all(|text| pattern.matches(text)), "{pattern:?}");
            assert!(!no.iter().any(|text| pattern.matches(text)), "{pattern:?}");
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = Pattern::new(&"*a".repeat(128)).unwrap();
        assert!(!pattern.matches(&("a".repeat(127) + &"b".repeat(100_000))));
    }
}
