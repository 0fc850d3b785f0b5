//! The lines: their ends, their lengths, their bytes.

use memchr::memchr_iter;

use super::{Context, Finding, Severity, found};
use crate::mail::Mail;

/// The longest line of a message, without its end.
const LONGEST: usize = 998;

pub(super) fn check(mail: &Mail, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let raw = &mail.raw()[..];
    let facts = Facts::of(raw);
    // A Maildir may keep all line ends as LF. So a bare LF is seen here only next to CRLF.
    let is_mixed = facts.crlf > 0 && facts.lf > 0;
    if context.had_bare_line_ends || is_mixed || facts.bare_cr > 0 {
        found(
            findings,
            Severity::Error,
            "bare-line-ends",
            "The message has line ends of a lone CR or a lone LF.",
            "Write each line end as CR LF. Many servers refuse others, since they make SMTP smuggling possible.",
            Some("RFC 5321 §2.3.8"),
        );
    }
    if facts.longest > LONGEST {
        found(
            findings,
            Severity::Error,
            "long-line",
            format!("A line has {} bytes; 998 are allowed.", facts.longest),
            "Encode the body as quoted-printable or base64, and fold long fields.",
            Some("RFC 5322 §2.1.1"),
        );
    }
    if facts.nul > 0 {
        found(
            findings,
            Severity::Error,
            "nul-byte",
            "The message has a NUL byte.",
            "Encode binary content as base64.",
            Some("RFC 5322 §2.2"),
        );
    }
    if !raw.is_ascii() {
        eight_bit(mail, findings);
    }
}

fn eight_bit(mail: &Mail, findings: &mut Vec<Finding>) {
    let raw = mail.raw();
    let in_header = mail.fields().iter().any(|field| !raw[field.range.clone()].is_ascii());
    if in_header {
        found(
            findings,
            Severity::Warning,
            "8bit-header",
            "The header has bytes beyond ASCII.",
            "Write them as encoded words, or send the message with SMTPUTF8.",
            Some("RFC 5322 §2.2, RFC 6532"),
        );
    }
    let is_declared = mail.parts().iter().any(|part| {
        part.encoding.as_deref().is_some_and(|encoding| {
            encoding.eq_ignore_ascii_case("8bit") || encoding.eq_ignore_ascii_case("binary")
        })
    });
    let header_end = mail.fields().last().map_or(0, |field| field.range.end);
    if !raw[header_end..].is_ascii() && !is_declared {
        found(
            findings,
            Severity::Warning,
            "8bit-undeclared",
            "The body has bytes beyond ASCII, and no part says so.",
            "Add Content-Transfer-Encoding: 8bit, or encode the body as quoted-printable.",
            Some("RFC 2045 §6.2"),
        );
    }
}

#[derive(Debug, Default)]
struct Facts {
    crlf: usize,
    lf: usize,
    bare_cr: usize,
    longest: usize,
    nul: usize,
}

impl Facts {
    fn of(raw: &[u8]) -> Self {
        let mut facts = Self { nul: memchr_iter(0, raw).count(), ..Self::default() };
        let mut begin = 0;
        for at in memchr_iter(b'\n', raw).chain((!raw.ends_with(b"\n")).then_some(raw.len())) {
            let mut end = at;
            if at > begin && raw[at - 1] == b'\r' && at < raw.len() {
                facts.crlf += 1;
                end -= 1;
            } else if at < raw.len() {
                facts.lf += 1;
            }
            facts.bare_cr += memchr_iter(b'\r', &raw[begin..end]).count();
            facts.longest = facts.longest.max(end - begin);
            begin = at + 1;
        }
        facts
    }
}
