//! A reply from its text, as another server has sent it.

use std::str::FromStr;

use super::{Code, Enhanced, Reply, ReplyError};

/// Reads a reply as a server sends it, in one or more lines: `550 5.1.1 No such user`. The lines end with LF or CRLF, and the
/// enhanced status code may be missing. An enhanced status code that does not go with the code is part of the text.
///
/// # Errors
/// [`ReplyError::NotAReply`] if a line has no code, or another than the first. [`ReplyError::BadCode`] if SMTP has no such
/// code.
///
/// ```
/// use mailchute_proto::Reply;
///
/// let reply: Reply = "550-5.1.1 No such user;\r\n550 5.1.1 ask carol\r\n".parse()?;
/// assert_eq!(reply, Reply::new(550, (5, 1, 1), "No such user;\nask carol"));
/// # Ok::<(), mailchute_proto::ReplyError>(())
/// ```
impl FromStr for Reply {
    type Err = ReplyError;

    fn from_str(text: &str) -> Result<Self, ReplyError> {
        let not_a_reply = || ReplyError::NotAReply(text.chars().take(100).collect());
        let mut lines = Vec::new();
        let mut number = None;
        for line in text.lines() {
            let (digits, said) = line.split_at_checked(3).ok_or_else(not_a_reply)?;
            if number.is_some_and(|first| first != digits)
                || !digits.bytes().all(|digit| digit.is_ascii_digit())
            {
                return Err(not_a_reply());
            }
            number = Some(digits);
            lines.push(match said.as_bytes().first() {
                None => said,
                Some(b' ' | b'-') => &said[1..],
                Some(_) => return Err(not_a_reply()),
            });
        }
        let number: u16 = number.and_then(|digits| digits.parse().ok()).ok_or_else(not_a_reply)?;
        let code = Code::new(number).ok_or(ReplyError::BadCode(number))?;
        let enhanced = lines.first().and_then(|line| leading(line, code));
        if let Some(enhanced) = enhanced {
            let enhanced = enhanced.to_string();
            for line in &mut lines {
                let rest =
                    line.strip_prefix(&*enhanced).filter(|rest| rest.is_empty() || rest.starts_with(' '));
                *line = rest.map_or(*line, |rest| rest.strip_prefix(' ').unwrap_or(rest));
            }
        }
        let text = lines.join("\n").into();
        Ok(Self {
            code,
            enhanced,
            text,
            closes: number == 421,
            is_one_line: false,
            is_utf8: false,
            name: None,
        })
    }
}

/// The enhanced status code that a line begins with, if it goes with the reply code.
fn leading(line: &str, code: Code) -> Option<Enhanced> {
    let mut numbers = line.split(' ').next()?.split('.').map(|digits| {
        let is_number = matches!(digits.len(), 1..=3) && digits.bytes().all(|digit| digit.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|_| is_number)
    });
    let (class, subject, detail) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let enhanced = Enhanced::new(u8::try_from(class).ok()?, subject, detail);
    let goes_with = numbers.next().is_none() && enhanced.is_well_formed() && class == code.get() / 100;
    goes_with.then_some(enhanced)
}
