//! The extensions that a server announces.

use super::ServerReply;

/// The extensions that a server announces in its reply to EHLO or LHLO (RFC 5321 §4.1.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities(Vec<(String, String)>);

impl Capabilities {
    /// Reads the reply to EHLO or LHLO. Its first line is the greeting.
    #[must_use]
    pub fn of_hello(hello: &ServerReply) -> Self {
        // Some servers send CR CR LF.
        let lines = hello.text().split('\n').skip(1).map(|line| line.trim_end_matches('\r'));
        // `AUTH=PLAIN` is an old form of `AUTH PLAIN`, which servers send next to it.
        let split = |line: &str| {
            let (keyword, words) = line.split_once([' ', '=']).unwrap_or((line, ""));
            (keyword.to_ascii_uppercase(), words.to_owned())
        };
        Self(lines.filter(|line| !line.is_empty()).map(split).collect())
    }

    /// Returns whether there is an extension, named by its keyword in capitals.
    #[must_use]
    pub fn offer(&self, keyword: &str) -> bool {
        self.0.iter().any(|(offered, _)| offered == keyword)
    }

    /// Returns whether a word stands after a keyword, in any case: a mechanism of `AUTH`, an attribute of `XFORWARD`.
    #[must_use]
    pub fn offer_word(&self, keyword: &str, word: &str) -> bool {
        let words = self.0.iter().filter(|(offered, _)| offered == keyword);
        words
            .flat_map(|(_, words)| words.split_whitespace())
            .any(|offered| offered.eq_ignore_ascii_case(word))
    }

    /// Returns the longest message that the server takes, in bytes, if it says so.
    #[must_use]
    pub fn max_size(&self) -> Option<u64> {
        let (_, words) = self.0.iter().find(|(offered, _)| offered == "SIZE")?;
        let digits = words.trim();
        // A number may begin with a sign for `parse`.
        let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
        digits.parse().ok().filter(|&size| is_number && size > 0)
    }
}
