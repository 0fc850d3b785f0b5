//! Explanations of the parameters of MAIL and RCPT.

use super::Explanation;
use crate::command::Verb;

/// Explains a parameter of MAIL or RCPT by its keyword, in any case, and its value.
///
/// ```
/// use mailchute_proto::{Verb, explain};
///
/// assert_eq!(explain::parameter(Verb::Mail, "ret", Some("HDRS")).title, "Short error reports");
/// ```
#[must_use]
pub fn parameter(verb: Verb, keyword: &str, value: Option<&str>) -> Explanation {
    let keyword = keyword.to_ascii_uppercase();
    let value = value.unwrap_or_default().to_ascii_uppercase();
    let explained = match verb {
        Verb::Mail => of_mail(&keyword, &value),
        Verb::Rcpt => of_rcpt(&keyword, &value),
        _ => None,
    };
    let (title, text, clause) = explained.unwrap_or((
        "A parameter outside the standard",
        "Mailchute does not know this parameter. A server refuses parameters that it has not announced.",
        "RFC 5321 §4.1.1.11",
    ));
    Explanation::new(title, text, clause)
}

type Row = (&'static str, &'static str, &'static str);

fn of_mail(keyword: &str, value: &str) -> Option<Row> {
    Some(match keyword {
        "SIZE" => (
            "Size of the message",
            "The client says how many bytes the message will have, so that the server can refuse a large one early.",
            "RFC 1870 §6",
        ),
        "BODY" => return body(value),
        "SMTPUTF8" => (
            "Characters outside ASCII",
            "Addresses and header fields of this message may have any characters.",
            "RFC 6531 §3.4",
        ),
        "REQUIRETLS" => (
            "TLS all the way",
            "Each server on the way must pass the message on by TLS only, and know the next server by its certificate.",
            "RFC 8689 §2",
        ),
        "AUTH" if value == "<>" => (
            "Unknown submitter",
            "The client does not say who submitted the message first, or does not believe it.",
            "RFC 4954 §5",
        ),
        "AUTH" => (
            "Submitter",
            "The client says who submitted the message first. A server believes this only from servers that it trusts.",
            "RFC 4954 §5",
        ),
        "RET" if value == "FULL" => {
            ("Full error reports", "A report of a failure brings back the whole message.", "RFC 3461 §4.3")
        }
        "RET" if value == "HDRS" => (
            "Short error reports",
            "A report of a failure brings back only the header of the message.",
            "RFC 3461 §4.3",
        ),
        "RET" => (
            "Size of error reports",
            "RET is FULL for the whole message, or HDRS for its header.",
            "RFC 3461 §4.3",
        ),
        "ENVID" => (
            "Id of the message in reports",
            "A report about the message names this text, so that the sender can tell which message it is about.",
            "RFC 3461 §4.4",
        ),
        "BY" => (
            "Deadline",
            "The message must be delivered within so many seconds. After that, R returns it, and N only sends a notice.",
            "RFC 2852 §4",
        ),
        "MT-PRIORITY" => (
            "Priority",
            "The priority of the message is a number from -9 to 9. Messages of a higher number go first.",
            "RFC 6710 §4",
        ),
        "HOLDFOR" => (
            "Hold the message",
            "The server holds the message for so many seconds before it goes on.",
            "RFC 4865 §4",
        ),
        "HOLDUNTIL" => (
            "Hold the message",
            "The server holds the message until this time before it goes on.",
            "RFC 4865 §4",
        ),
        "SUBMITTER" => (
            "Responsible sender",
            "The client says which address is responsible for the message. Hardly any server uses it.",
            "RFC 4405 §4",
        ),
        "MTRK" => ("Tracking", "The sender may ask later where the message is.", "RFC 3885 §3"),
        "TRANSID" => ("Restart", "A name by which an interrupted transfer can go on.", "RFC 1845 §4"),
        "SOLICIT" => ("Advertising", "The message is marked as an advertisement.", "RFC 3865 §2"),
        "CONPERM" => ("Conversion", "Servers on the way may convert the content.", "RFC 4141 §3"),
        "PRDR" => (
            "A reply for each recipient",
            "The client wants a reply for each recipient after the message. This is an extension of Exim.",
            "",
        ),
        _ => return None,
    })
}

fn body(value: &str) -> Option<Row> {
    Some(match value {
        "7BIT" => ("Plain ASCII", "The message has only 7-bit characters.", "RFC 6152 §2"),
        "8BITMIME" => {
            ("8-bit content", "The message may have bytes outside ASCII in its body.", "RFC 6152 §2")
        }
        "BINARYMIME" => (
            "Binary content",
            "The message may have any bytes, without lines. It must be sent by BDAT.",
            "RFC 3030 §3",
        ),
        _ => ("Kind of content", "BODY is 7BIT, 8BITMIME or BINARYMIME.", "RFC 6152 §2"),
    })
}

fn of_rcpt(keyword: &str, value: &str) -> Option<Row> {
    Some(match keyword {
        "NOTIFY" if value == "NEVER" => (
            "No reports",
            "The sender wants no report about this recipient, not even of a failure.",
            "RFC 3461 §4.1",
        ),
        "NOTIFY" => (
            "When to report",
            "The sender wants a report about this recipient in these cases: SUCCESS, FAILURE or DELAY.",
            "RFC 3461 §4.1",
        ),
        "ORCPT" => (
            "First recipient",
            "The address that the sender wrote first, before any forwarding. Reports name it.",
            "RFC 3461 §4.2",
        ),
        "RRVS" => (
            "Owner of the mailbox",
            "The message is only for the one who has owned the mailbox since this time.",
            "RFC 7293 §3",
        ),
        "CONNEG" => ("Conversion", "The client asks what content the recipient can show.", "RFC 4141 §3"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{MailParameters, RcptParameters};

    #[test]
    fn each_parameter_that_the_server_knows_is_explained() {
        let mail = MailParameters::KEYWORDS.map(|keyword| of_mail(keyword, ""));
        let rcpt = RcptParameters::KEYWORDS.map(|keyword| of_rcpt(keyword, ""));
        assert!(mail.iter().chain(&rcpt).all(Option::is_some));
    }
}
