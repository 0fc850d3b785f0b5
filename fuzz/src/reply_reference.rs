//! The replies in the bytes of a server, read slowly and by the letter of RFC 5321 §4.2 and RFC 2034 §4, with what
//! `ReplyReader` promises beyond them.

use mailchute_proto::next_hop::{BadReply, ServerReply};

/// Bytes of a line without its LF.
const LONGEST_LINE: usize = 4_096;
/// Bytes of all lines of a reply without their line ends.
const LONGEST_REPLY: usize = 65_536;

/// A reply: its code, its enhanced code, its text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Read(String, Option<String>, String);

impl Read {
    pub(crate) fn of(reply: &ServerReply) -> Self {
        let enhanced = reply.enhanced().map(|enhanced| enhanced.to_string());
        Self(reply.code().to_string(), enhanced, reply.text().to_owned())
    }
}

/// All replies up to the first mistake, and that.
pub(crate) fn replies(bytes: &[u8]) -> (Vec<Read>, Option<BadReply>) {
    let mut lines: Vec<&[u8]> = bytes.split(|&octet| octet == b'\n').collect();
    // What follows the last LF is not a line yet.
    let unfinished = lines.pop().unwrap_or_default();
    let (mut replies, mut texts, mut length) = (Vec::new(), Vec::new(), 0);
    for line in lines {
        if line.len() > LONGEST_LINE {
            return (replies, Some(BadReply::TooLong));
        }
        let line = match line {
            [line @ .., b'\r'] => line,
            line => line,
        };
        length += line.len();
        if length > LONGEST_REPLY {
            return (replies, Some(BadReply::TooLong));
        }
        let [severity @ b'2'..=b'5', second @ b'0'..=b'9', third @ b'0'..=b'9', rest @ ..] = line else {
            return (replies, Some(BadReply::NoCode));
        };
        let (is_last, text) = match rest {
            [] => (true, rest),
            [b' ', text @ ..] => (true, text),
            [b'-', text @ ..] => (false, text),
            _ => return (replies, Some(BadReply::NoCode)),
        };
        texts.push(String::from_utf8_lossy(text).into_owned());
        if is_last {
            // SMTP has no second digit above 5.
            let code = [*severity, *second.min(&b'5'), *third].map(char::from).into_iter().collect();
            replies.push(reply(code, &std::mem::take(&mut texts)));
            length = 0;
        }
    }
    let end = (unfinished.len() > LONGEST_LINE).then_some(BadReply::TooLong);
    (replies, end)
}

fn reply(code: String, texts: &[String]) -> Read {
    let class = &code[..1];
    let numbers = texts.first().and_then(|text| enhanced(class, text)).map(|(numbers, _)| numbers);
    let text = |text: &String| enhanced(class, text).map_or(text.clone(), |(_, text)| text);
    let texts: Vec<_> = texts.iter().map(text).collect();
    Read(code, enhanced_as_printed(numbers), texts.join("\n"))
}

/// `class "." subject "." detail`, and what follows the space after it. 3yz has none.
fn enhanced(class: &str, text: &str) -> Option<([String; 3], String)> {
    let end = text.find(' ').unwrap_or(text.len());
    let numbers: Vec<_> = text[..end].split('.').collect();
    let [first, subject, detail] = numbers[..] else { return None };
    let is_number = |digits: &str| {
        !digits.is_empty() && digits.len() <= 3 && digits.chars().all(|digit| digit.is_ascii_digit())
    };
    let is_good = class != "3" && first == class && is_number(subject) && is_number(detail);
    let rest = text.get(end + 1..).unwrap_or_default().to_owned();
    is_good.then(|| ([first, subject, detail].map(str::to_owned), rest))
}

/// Without the zeros in front, which RFC 2034 forbids and servers send.
fn enhanced_as_printed(numbers: Option<[String; 3]>) -> Option<String> {
    let shortest = |digits: &String| {
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() { "0".to_owned() } else { digits.to_owned() }
    };
    numbers.map(|numbers| numbers.iter().map(shortest).collect::<Vec<_>>().join("."))
}
