//! Trace information: the fields on top of a message that is kept (RFC 5321 §4.4).

use std::collections::HashSet;
use std::fmt::Write as _;
use std::net::IpAddr;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::tz::TimeZone;
use mailchute_proto::{Domain, Envelope, Recipient, is_control};

use crate::message::id::MessageId;
use crate::net::peer::Peer;
use crate::session::Session;

pub(crate) fn fields(id: MessageId, envelope: &Envelope, session: &Session) -> String {
    fields_at(id, envelope, session, Timestamp::now())
}

fn fields_at(id: MessageId, envelope: &Envelope, session: &Session, now: Timestamp) -> String {
    let mut text = String::with_capacity(512);
    // Writing to a String cannot fail.
    let _ = write_fields(&mut text, id, envelope, session, now);
    text
}

fn write_fields(
    text: &mut String,
    id: MessageId,
    envelope: &Envelope,
    session: &Session,
    now: Timestamp,
) -> std::fmt::Result {
    write!(text, "Return-Path: <{}>\r\n", envelope.sender)?;
    let recipients = distinct(&envelope.recipients);
    for recipient in &recipients {
        write!(text, "Delivered-To: {recipient}\r\n")?;
    }
    let is_utf8 = envelope.sender.parameters().smtputf8;
    let hello = session
        .helo_name()
        .map_or_else(|| "unknown".into(), |name| printable(shortened(name.as_str(), 255), is_utf8));
    let client = match session.client_ip() {
        // No address: a comment tells instead (RFC 5321 §4.4).
        _ if session.origin() == Peer::UnixSocket => "local socket".into(),
        // A proxy that knows it no better.
        address if address.is_unspecified() => "unknown".into(),
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    };
    // Names that proxies tell are letters, digits, dots, hyphens and underscores.
    let name = session.client_name().map_or_else(String::new, |name| format!("{name} "));
    write!(text, "Received: from {hello} ({name}{client})\r\n")?;
    write!(text, "\tby {} (Mailchute) with {} id {id}", session.hostname(), session.transmission_type())?;
    if let Some(tls) = session.tls() {
        write!(text, "\r\n\t(version={} cipher={}", tls.version, tls.cipher)?;
        if let Some(client) = &tls.client {
            // As Sendmail has it: FAIL is a certificate that nobody vouches for.
            text.push_str(if client.is_verified() { " verify=OK" } else { " verify=FAIL" });
            if let Some(name) = client.name() {
                write!(text, " client={}", printable(shortened(name, 128), is_utf8))?;
            }
        }
        text.push(')');
    }
    // With several recipients the field would tell each of the others (RFC 5321 §7.2).
    if let [recipient] = recipients[..] {
        write!(text, "\r\n\tfor <{recipient}>")?;
    }
    let date = DateTimePrinter::new().zoned_to_string(&now.to_zoned(TimeZone::UTC));
    write!(text, "; {}\r\n", date.unwrap_or_default())
}

/// The recipients without repetitions, in the order of RCPT. As for mailboxes elsewhere, the form of the domain and
/// the quotes of the local part make no difference (RFC 5321 §2.4, §4.1.2).
fn distinct<'r>(recipients: &'r [Recipient]) -> Vec<&'r Recipient> {
    if let [only] = recipients {
        return vec![only];
    }
    let mut seen = HashSet::with_capacity(recipients.len());
    let key = |recipient: &'r Recipient| {
        let mailbox = recipient.mailbox()?;
        // An address literal is no domain.
        let domain = Domain::parse(mailbox.domain()).map_err(|_| mailbox.domain().to_ascii_lowercase());
        Some((mailbox.unquoted_local_part(), domain))
    };
    recipients.iter().filter(|recipient| seen.insert(key(recipient))).collect()
}

/// Cuts a name to at most so many octets. A field's line has room for 998 octets (RFC 5322 §2.1.1), while a certificate and a
/// hello have room for names of any length.
fn shortened(name: &str, longest: usize) -> &str {
    &name[..name.floor_char_boundary(longest)]
}

/// The client's word for itself, without what could end a comment or a field early.
fn printable(name: &str, is_utf8: bool) -> String {
    name.chars()
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' | ':' | '[' | ']' => c,
            c if is_utf8 && !c.is_ascii() && !is_control(c) => c,
            _ => '?',
        })
        .collect()
}
