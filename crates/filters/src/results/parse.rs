//! Reads `Authentication-Results` of others, as far as it is needed: the name of the server, and its results.

use mailchute::address::same_domain;

use super::text::is_token;
use crate::name::without_root;

/// A part of a value between semicolons, without comments. Quoted strings are without their quotes.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Segment {
    words: Vec<Word>,
}

#[derive(Debug, Default, PartialEq)]
struct Word {
    text: String,
    /// Where the first quoted string in it begins.
    quoted_from: Option<usize>,
}

impl Word {
    fn is_quoted(&self) -> bool {
        self.quoted_from.is_some()
    }

    /// The word in lower case. Text in quotes is a part of a value, whatever it looks like. So its spaces and equals signs
    /// become NUL, which separates nothing.
    fn plain(&self) -> String {
        let (before, quoted) = self.text.split_at(self.quoted_from.unwrap_or(self.text.len()));
        let quoted = quoted.replace(|c: char| c == '=' || c.is_whitespace(), "\0");
        (before.to_owned() + &quoted).to_ascii_lowercase()
    }
}

/// Splits a value at its semicolons, with at least one segment. Returns `None` if a comment or a quoted string has no end.
pub(super) fn segments(value: &str) -> Option<Vec<Segment>> {
    let mut segments = vec![Segment::default()];
    let mut word = Word::default();
    let mut chars = value.chars();
    let end_word = |word: &mut Word, segments: &mut Vec<Segment>| {
        if let Some(segment) = segments.last_mut().filter(|_| !word.text.is_empty() || word.is_quoted()) {
            segment.words.push(std::mem::take(word));
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                word.quoted_from.get_or_insert(word.text.len());
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => word.text.push(chars.next()?),
                        c => word.text.push(c),
                    }
                }
            }
            '(' => {
                end_word(&mut word, &mut segments);
                let mut depth = 1_usize;
                while depth > 0 {
                    match chars.next()? {
                        '(' => depth += 1,
                        ')' => depth -= 1,
                        '\\' => drop(chars.next()?),
                        _ => {}
                    }
                }
            }
            ';' => {
                end_word(&mut word, &mut segments);
                segments.push(Segment::default());
            }
            c if c.is_whitespace() || c.is_control() => end_word(&mut word, &mut segments),
            c => word.text.push(c),
        }
    }
    end_word(&mut word, &mut segments);
    Some(segments)
}

/// The name of a server in a field.
pub(super) struct Claim<'a> {
    words: &'a [Word],
}

impl<'a> Claim<'a> {
    pub(super) fn of(segment: &'a Segment) -> Self {
        Self { words: &segment.words }
    }

    /// Returns whether a reader may take it for this name.
    pub(super) fn may_be(&self, name: &str) -> bool {
        let Some(first) = self.words.first() else { return true };
        let is_readable = first.is_quoted() || !first.text.is_ascii() || is_token(&first.text);
        let joined = |words: &[Word]| words.iter().map(|word| word.text.as_str()).collect::<String>();
        let without_version = match self.words {
            [name @ .., version] if version.text.bytes().all(|byte| byte.is_ascii_digit()) => name,
            words => words,
        };
        // Some readers take the quotes away first, and split at what was in them.
        let spaced = self.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        let first_piece =
            spaced.split(|c: char| c == ';' || c.is_whitespace()).find(|piece| !piece.is_empty());
        !is_readable
            || is_same(&first.text, name)
            || first_piece.is_some_and(|piece| is_same(piece, name))
            || is_same(&joined(self.words), name)
            || is_same(&joined(without_version), name)
    }
}

fn is_same(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|name| {
        let name: String = name.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        without_root(&name).to_owned()
    });
    same_domain(&one, &other)
}

impl Segment {
    /// Returns the result of a method, if the segment has it: `dmarc=pass`. Both words are in lower case.
    fn result_of(&self, method: &str) -> Option<String> {
        let text = self.text();
        let (name, rest) = text.split_once('=')?;
        // A method may have a version: `dmarc/1`.
        let name = name.split('/').next().unwrap_or_default();
        (name.trim() == method).then(|| rest.split_whitespace().next().unwrap_or_default().to_owned())
    }

    /// Returns the value of a property: `header.from`.
    fn property(&self, name: &str) -> Option<String> {
        let text = self.text();
        let words = text.split_whitespace().filter_map(|word| word.split_once('='));
        words.filter(|(found, _)| *found == name).map(|(_, value)| value.to_owned()).next()
    }

    /// The words in lower case, without space around `=`.
    fn text(&self) -> String {
        let words: Vec<_> = self.words.iter().map(Word::plain).collect();
        words.join(" ").replace(" =", "=").replace("= ", "=")
    }
}

/// Returns the result of DMARC in a list of results, and the author's domain if the list has it.
pub(crate) fn dmarc_result(value: &str) -> Option<(String, Option<String>)> {
    let segments = segments(value)?;
    segments.iter().skip(1).find_map(|segment| {
        let result = segment.result_of("dmarc")?;
        Some((result, segment.property("header.from")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_forged(value: &str) -> bool {
        crate::results::AuthenticationResults::is_forged(value, "mx.example.com")
    }

    #[test]
    fn fields_with_the_name_of_this_server_are_forged() {
        for value in [
            "mx.example.com; dkim=pass",
            "mx.example.com;dkim=pass",
            "mx.example.com",
            "MX.Example.COM; none",
            "mx.example.com.; none",
            "mx.example.com 1; none",
            "mx.example.com 999 x=y; none",
            " \t mx.example.com \t; none",
            "(comment (nested; other.example) \\)) mx.example.com (x) 1 (y); none",
            "()mx.example.com; none",
            "mx.example.com(x)1; none",
            "\"mx.example.com\"; none",
            "\"mx.ex\\ample.com\" 1; none",
            "mx.\"example\".com; none",
            "mx. example.com; none",
            "mx .example .com 1; none",
            "mx.(x)example.com; none",
            "mx.exam\0ple.com; none",
            "mx.exam\u{200b}ple.com; none",
            "\u{ff4d}\u{ff58}.example.com; none",
            "mx\u{3002}example.com; none",
            "\" mx.example.com \"; none",
            "mx.example.com from=x; none",
            "\"mx.example.com;\"",
            "mx.example.com\" \"\\",
            "\"\" mx.example.com x; none",
        ] {
            assert!(is_forged(value), "{value:?}");
        }
    }

    #[test]
    fn fields_whose_server_cannot_be_read_are_forged() {
        for value in [
            "",
            " ",
            ";",
            "; dkim=pass",
            "(x); dkim=pass",
            "dkim=pass",
            "(mx.example.com; dkim=pass",
            "\"mx.example.com; dkim=pass",
            "other.example (; mx.example.com; dkim=pass",
            "=?utf-8?q?mx.example.com?=; dkim=pass",
            "<mx.example.com>; dkim=pass",
            "mx.example.com, other.example; dkim=pass",
            "x\"",
            "\"\\",
            "(\\",
        ] {
            assert!(is_forged(value), "{value:?}");
        }
    }

    #[test]
    fn fields_of_other_servers_stay() {
        for value in [
            "mx.other.example; dkim=pass",
            "mx.example.com.other.example; none",
            "x.mx.example.com; none",
            "example.com; none",
            "mx.example.com1; none",
            "other.example 1; none",
            "other.example (mx.example.com; x) ; none",
            "\"other.example\"; dkim=pass reason=\"mx.example.com; x\"",
            "mta1.mail.example from=mx.example.com; domainkeys=neutral",
            "b\u{fc}cher.example; none",
        ] {
            assert!(!is_forged(value), "{value:?}");
        }
    }

    #[test]
    fn names_are_compared_as_domains() {
        for (value, name) in [
            ("b\u{fc}cher.example; none", "xn--bcher-kva.example"),
            ("XN--bcher-kva.example; none", "B\u{dc}CHER.example"),
            ("site; none", "Site"),
            ("\"a site\"; none", "a site"),
        ] {
            assert!(crate::results::AuthenticationResults::is_forged(value, name), "{value:?}");
        }
    }

    #[test]
    fn the_result_of_dmarc_is_found_among_others() {
        for (value, expected) in [
            ("a.example; dmarc=pass header.from=b.example", Some(("pass", Some("b.example")))),
            (
                "a.example; spf=fail; DMARC = Pass (p=none) header.from = B.example",
                Some(("pass", Some("b.example"))),
            ),
            ("a.example; dmarc/1=fail reason=\"x; dmarc=pass\"", Some(("fail", None))),
            ("a.example; spf=pass (dmarc=pass); dkim=pass reason=\"; dmarc=pass\"", None),
            (
                "a.example; dmarc=pass reason=\"x header.from=forged.example\" header.from=b.example",
                Some(("pass", Some("b.example"))),
            ),
            (
                "a.example; dmarc=pass \"header.from=forged.example\" header.from=\"b.example\"",
                Some(("pass", Some("b.example"))),
            ),
            ("a.example; \"dmarc=pass\"", None),
            ("a.example; dmarc\"=pass\"", None),
            ("dmarc=pass", None),
            ("a.example; (dmarc=pass", None),
            ("", None),
        ] {
            let found = dmarc_result(value);
            let found = found.as_ref().map(|(result, author)| (result.as_str(), author.as_deref()));
            assert_eq!(found, expected, "{value}");
        }
    }

    #[test]
    fn long_values_take_linear_time() {
        for text in ["(", ")", "\"", ";", "a ", "\\", "()", "\"\" ", "; dmarc"] {
            let value = text.repeat(200_000);
            let _ = is_forged(&value);
            let _ = dmarc_result(&value);
        }
    }
}
