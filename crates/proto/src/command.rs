//! Commands: a verb and its argument (RFC 5321 §4.1.1).

use std::fmt;

use crate::protocol::Protocol;
use crate::settings::EnvelopeSyntax;

/// A verb that Mailchute knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// Greets the server and asks for the service extensions.
    Ehlo,
    /// Greets the server without service extensions.
    Helo,
    /// Greets an LMTP server (RFC 2033 §4.1).
    Lhlo,
    /// Asks for TLS (RFC 3207).
    StartTls,
    /// Authenticates (RFC 4954).
    Auth,
    /// Begins a transaction with its reverse-path.
    Mail,
    /// Adds a recipient.
    Rcpt,
    /// Announces the message.
    Data,
    /// Sends the message in chunks (RFC 3030).
    Bdat,
    /// Forgets the transaction.
    Rset,
    /// Does nothing.
    Noop,
    /// Ends the session.
    Quit,
    /// Asks whether a user exists.
    Vrfy,
    /// Asks who is on a list.
    Expn,
    /// Asks for help.
    Help,
    /// Tells which client a proxy speaks for (Postfix).
    Xclient,
    /// Tells where the next message came from (Postfix).
    Xforward,
    /// Any other verb: unknown, or added by the application.
    Other,
}

/// The length of the longest names, `STARTTLS` and `XFORWARD`.
const LONGEST: usize = 8;

impl Verb {
    const KNOWN: &'static [(&'static str, Self)] = &[
        ("EHLO", Self::Ehlo),
        ("HELO", Self::Helo),
        ("LHLO", Self::Lhlo),
        ("STARTTLS", Self::StartTls),
        ("AUTH", Self::Auth),
        ("MAIL", Self::Mail),
        ("RCPT", Self::Rcpt),
        ("DATA", Self::Data),
        ("BDAT", Self::Bdat),
        ("RSET", Self::Rset),
        ("NOOP", Self::Noop),
        ("QUIT", Self::Quit),
        ("VRFY", Self::Vrfy),
        ("EXPN", Self::Expn),
        ("HELP", Self::Help),
        ("XCLIENT", Self::Xclient),
        ("XFORWARD", Self::Xforward),
    ];

    /// Whether an application may answer it in its own way; the conversation itself needs the others.
    #[must_use]
    pub const fn is_free(self) -> bool {
        matches!(self, Self::Other | Self::Noop | Self::Rset | Self::Vrfy | Self::Expn | Self::Help)
    }

    /// All verbs that have a name, in the order of the enum.
    pub const ALL: &'static [Self] = &{
        let mut all = [Self::Other; Self::KNOWN.len()];
        let mut index = 0;
        while index < all.len() {
            all[index] = Self::KNOWN[index].1;
            index += 1;
        }
        all
    };

    /// The names padded with spaces, so that each comparison is one instruction.
    const PADDED: [[u8; LONGEST]; Self::KNOWN.len()] = {
        let mut padded = [[b' '; LONGEST]; Self::KNOWN.len()];
        let mut index = 0;
        while index < padded.len() {
            let name = Self::KNOWN[index].0.as_bytes();
            padded[index].split_at_mut(name.len()).0.copy_from_slice(name);
            index += 1;
        }
        padded
    };

    /// Returns the verb that a word names, in any case (RFC 5321 §2.4).
    #[must_use]
    pub fn of(word: &[u8]) -> Self {
        let mut padded = [b' '; LONGEST];
        match padded.get_mut(..word.len()) {
            // A trailing space would look like padding.
            Some(start) if word.last() != Some(&b' ') => start.copy_from_slice(word),
            _ => return Self::Other,
        }
        padded.make_ascii_uppercase();
        let known = Self::PADDED.iter().position(|&name| name == padded);
        known.map_or(Self::Other, |index| Self::KNOWN[index].1)
    }

    /// Returns the verb as the protocol knows it. SMTP has no LHLO; LMTP has neither EHLO nor HELO (RFC 2033 §4.1).
    pub(crate) fn spoken_in(self, protocol: Protocol) -> Self {
        match (protocol, self) {
            (Protocol::Smtp, Self::Lhlo) | (Protocol::Lmtp, Self::Ehlo | Self::Helo) => Self::Other,
            (_, verb) => verb,
        }
    }

    /// Returns the verb in capitals. [`Verb::Other`] has an empty name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::KNOWN.iter().find(|&&(_, verb)| verb == self).map_or("", |&(name, _)| name)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Returns whether a byte is `WSP` (RFC 5234): a space or a tab.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Returns whether a line begins with BDAT, also after blanks or before a tab. `start` is the line, or at least its
/// first five bytes. Blanks that fill these may hide the verb.
///
/// If such a line is not read as a BDAT, the start of the next command is unknown.
pub(crate) fn may_be_bdat(start: &[u8]) -> bool {
    let word = without_leading_blanks(start);
    let known = word.len().min(BDAT.len());
    word[..known].eq_ignore_ascii_case(&BDAT[..known])
        && word.get(BDAT.len()).is_none_or(|&byte| is_blank(byte))
}

const BDAT: &[u8] = b"BDAT";

/// Turns each tab between words into a space. A tab inside quotes stays and is an error, as it would be part of an
/// address.
pub(crate) fn level_tabs(line: &mut [u8]) {
    let (mut is_quoted, mut is_escaped) = (false, false);
    for byte in line {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'"' => is_quoted = !is_quoted,
            b'\\' => is_escaped = is_quoted,
            b'\t' if !is_quoted => *byte = b' ',
            _ => {}
        }
    }
}

fn without_leading_blanks(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.iter().position(|&byte| !is_blank(byte)).unwrap_or(bytes.len())..]
}

fn without_leading_spaces(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.iter().position(|&byte| byte != b' ').unwrap_or(bytes.len())..]
}

/// A command line, split into its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CommandLine<'a> {
    pub(crate) verb: Verb,
    /// The verb as written.
    pub(crate) word: &'a [u8],
    /// The argument, without white space around it.
    pub(crate) argument: &'a [u8],
}

impl<'a> CommandLine<'a> {
    /// Splits a line, with or without its CRLF.
    pub(crate) fn cut(line: &'a [u8], protocol: Protocol, syntax: EnvelopeSyntax) -> Self {
        // White space at the end is tolerated (RFC 5321 §4.1.1). Elsewhere a tab is a control character.
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let length = line.iter().rposition(|&byte| !is_blank(byte)).map_or(0, |last| last + 1);
        let line = &line[..length];
        let (line, end) = match syntax {
            EnvelopeSyntax::Strict => (line, line.iter().position(|&byte| byte == b' ')),
            EnvelopeSyntax::Lenient => {
                let line = without_leading_blanks(line);
                (line, line.iter().position(|&byte| is_blank(byte)))
            }
        };
        let (word, argument) = line.split_at(end.unwrap_or(line.len()));
        Self { verb: Verb::of(word).spoken_in(protocol), word, argument: without_leading_spaces(argument) }
    }

    /// Returns what follows `keyword` in the argument, as in `FROM:` and `TO:`.
    pub(crate) fn after(&self, keyword: &[u8]) -> Option<&'a [u8]> {
        let (head, rest) = self.argument.split_at_checked(keyword.len())?;
        head.eq_ignore_ascii_case(keyword).then_some(rest)
    }

    pub(crate) fn has_control_characters(&self) -> bool {
        self.argument.iter().any(u8::is_ascii_control)
    }

    /// Returns whether the verb is an HTTP method: a browser connected, or someone misuses one (cross-protocol
    /// scripting).
    pub(crate) fn is_http(&self) -> bool {
        const METHODS: [&[u8]; 9] =
            [b"GET", b"POST", b"HEAD", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH"];
        METHODS.contains(&self.word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_is_known_in_whatever_case_and_with_nothing_around_it() {
        for &(name, verb) in Verb::KNOWN {
            assert_eq!(Verb::of(name.as_bytes()), verb);
            assert_eq!(Verb::of(name.to_ascii_lowercase().as_bytes()), verb);
            for around in [format!("{name} "), format!(" {name}"), format!("{name}\0"), name[1..].to_owned()]
            {
                assert_eq!(Verb::of(around.as_bytes()), Verb::Other, "{around:?}");
            }
        }
        assert_eq!(Verb::of(b""), Verb::Other);
        let names: Vec<_> = Verb::KNOWN.iter().map(|&(name, _)| name).collect();
        assert_eq!(Verb::ALL.iter().map(|verb| verb.name()).collect::<Vec<_>>(), names);
        assert_eq!(Verb::of(b"STARTTLSS"), Verb::Other);
    }
}
