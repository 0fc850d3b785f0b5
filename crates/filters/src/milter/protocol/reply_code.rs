//! The reply that a milter chooses for the client (REPLYCODE).

use std::fmt;

use mailchute::Refusal;

/// The most bytes of a reply. libmilter allows 32 lines of 980 bytes.
const LONGEST: usize = 32 * 1024;

/// Reads a reply: `550 5.7.1 text`, perhaps in several lines, ended by NUL.
///
/// `%%` stands for `%`, and a single `%` is dropped, as in Postfix: Sendmail takes the text for a format.
pub(super) fn parse(data: &[u8]) -> Result<Refusal, ReplyCodeError> {
    let text = data.strip_suffix(b"\0").unwrap_or(data);
    if text.len() > LONGEST {
        return Err(ReplyCodeError("it is too long".to_owned()));
    }
    let text = str::from_utf8(text).map_err(|_| ReplyCodeError("it is not UTF-8".to_owned()))?;
    let text = without_format(text.trim_end_matches(['\r', '\n']));
    if let Some(control) = text.chars().find(|c| c.is_control() && !matches!(c, '\r' | '\n' | '\t')) {
        return Err(ReplyCodeError(format!("it has the control character {control:?}")));
    }
    text.parse().map_err(|error: mailchute::reply::ReplyError| ReplyCodeError(error.to_string()))
}

fn without_format(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' => plain.extend(characters.next()),
            other => plain.push(other),
        }
    }
    plain
}

/// A reply that is not one, or does not refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReplyCodeError(String);

impl fmt::Display for ReplyCodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the milter's reply for the client is wrong: {}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(data: &[u8]) -> Result<String, ReplyCodeError> {
        parse(data).map(|refusal| refusal.to_string())
    }

    #[test]
    fn reads_a_reply_of_one_line_and_of_several() {
        assert_eq!(shown(b"550 5.7.1 100%% spam\0").unwrap(), "550 5.7.1 100% spam");
        assert_eq!(parse(b"451-4.7.1 One\r\n451 4.7.1 two\0"), Ok(Refusal::new(451, (4, 7, 1), "One\ntwo")));
        assert_eq!(shown(b"550 No\0").unwrap(), "550 5.0.0 No");
        assert!(parse(b"421 4.7.0 Bye\0").unwrap().hangs_up());
    }

    #[test]
    fn refuses_texts_that_are_not_refusals() {
        for data in [
            &b"250 2.0.0 Fine\0"[..],
            b"354 Go\0",
            b"",
            b"\0",
            b"5",
            b"550 5.7.1 a\0b\0",
            b"550 5.7.1 a\nb\0",
            b"550-5.7.1 a\r\n250 2.0.0 b\0",
            b"550 5.7.1 \xff\0",
            b"999 9.9.9 x\0",
        ] {
            assert!(parse(data).is_err(), "{} {:?}", data.escape_ascii(), parse(data));
        }
    }
}
