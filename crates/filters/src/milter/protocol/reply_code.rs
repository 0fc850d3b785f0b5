//! The reply that a milter chooses for the client (REPLYCODE).

use std::fmt;

use mailchute::Refusal;

/// The most bytes of a reply. libmilter allows 32 lines of 980 bytes.
const LONGEST: usize = 32 * 1024;

/// Reads a reply: `550 5.7.1 text`, perhaps in several lines, ended by NUL.
///
/// `%%` stands for `%`, and a single `%` is dropped, as in Postfix: Sendmail takes the text for a format.
///
/// # Why
/// The code is the verdict, and the text only explains it. So a text in Latin-1, with control characters or with odd lines
/// takes no verdict away: Postfix and Sendmail keep it too.
pub(super) fn parse(data: &[u8]) -> Result<Refusal, ReplyCodeError> {
    let text = data.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = String::from_utf8_lossy(&text[..text.len().min(LONGEST)]);
    let text = without_format(text.trim_end_matches(['\r', '\n']));
    let wrong = || ReplyCodeError(text.chars().take(100).collect());
    let (code, first) = text.split_at_checked(3).ok_or_else(wrong)?;
    let [class @ (b'4' | b'5'), second @ b'0'..=b'9', b'0'..=b'9'] = code.as_bytes() else {
        return Err(wrong());
    };
    if !matches!(first.as_bytes().first(), None | Some(b' ' | b'-' | b'\r' | b'\n')) {
        return Err(wrong());
    }
    // SMTP has no second digit above 5.
    let known = if *second > b'5' { format!("{}50", char::from(*class)) } else { code.to_owned() };
    let lines = text.split('\n').map(|line| format!("{known} {}", said(line, code)));
    lines.collect::<Vec<_>>().join("\n").parse().map_err(|_| wrong())
}

/// Returns the text of a line, after the code that it may begin with.
fn said(line: &str, code: &str) -> String {
    let line = line.trim_end_matches('\r');
    let rest = line
        .strip_prefix(code)
        .and_then(|rest| if rest.is_empty() { Some(rest) } else { rest.strip_prefix([' ', '-']) });
    let printable = |c: char| if c.is_control() && c != '\t' { '?' } else { c };
    rest.unwrap_or(line).chars().map(printable).collect()
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

/// A reply without a code that refuses. It has the beginning of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReplyCodeError(String);

impl fmt::Display for ReplyCodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the milter's reply for the client does not begin with a code of 400 to 599: {:?}", self.0)
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
    fn an_odd_text_takes_no_verdict_away() {
        for (data, expected) in [
            (
                &b"550 5.7.1 Nachricht abgelehnt: f\xfcr Spam gehalten\0"[..],
                "Nachricht abgelehnt: f\u{fffd}r Spam gehalten",
            ),
            (b"550 5.7.1 gr\xc3\xbcn\0", "gr\u{fc}n"),
            (b"550 5.7.1 a\x1b[1mb\rc\0", "a?[1mb?c"),
            (b"550 5.7.1 a\nb\0", "a\nb"),
            (b"550-5.7.1 a\n550 5.7.1 b\0", "a\nb"),
            (b"550-5.7.1 a\r\n250 2.0.0 b\0", "a\n250 2.0.0 b"),
            (b"550 5.7.1 a\0b\0", "a"),
            (b"550 5.7.1 a", "a"),
        ] {
            assert_eq!(parse(data), Ok(Refusal::new(550, (5, 7, 1), expected)), "{}", data.escape_ascii());
        }
        let long = [b"450 4.7.1 ", &[b'x'; 100_000][..]].concat();
        assert_eq!(parse(&long).unwrap().code().get(), 450);
        // SMTP does not have these codes.
        assert_eq!(shown(b"571 5.7.1 x\0").unwrap(), "550 5.7.1 x");
        assert_eq!(shown(b"499 x\0").unwrap(), "450 4.0.0 x");
        assert_eq!(shown(b"550\0").unwrap(), "550 5.0.0 ");
    }

    #[test]
    fn refuses_texts_that_are_not_refusals() {
        for data in [
            &b"250 2.0.0 Fine\0"[..],
            b"354 Go\0",
            b"",
            b"\0",
            b"5",
            b"5\xfc0 x\0",
            b"550x\0",
            b"\n550 x\0",
            b"999 9.9.9 x\0",
        ] {
            assert!(parse(data).is_err(), "{} {:?}", data.escape_ascii(), parse(data));
        }
    }
}
