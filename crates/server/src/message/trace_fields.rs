//! Trace fields: those on top of a message that is kept (RFC 5321 §4.4).

use std::collections::HashSet;
use std::fmt::Write as _;
use std::net::IpAddr;

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use mailchute_proto::{Domain, Recipient, Sender, is_control};

use super::date;
use super::field::{self, Field};
use crate::message::MessageId;
use crate::net::peer::Peer;
use crate::session::Session;

/// Trace fields as text. Other fields may stand between the two parts.
#[derive(Debug, Clone, Default)]
pub(crate) struct TraceFields {
    /// `Return-Path:`, which must be at the top, and `Delivered-To:`.
    envelope: String,
    received: String,
}

impl TraceFields {
    /// Returns all trace fields, for these recipients.
    pub(crate) fn of_delivery(
        id: MessageId,
        sender: &Sender,
        recipients: &[&Recipient],
        session: &Session,
    ) -> Self {
        let recipients = distinct(recipients);
        let mut envelope = format!("Return-Path: <{sender}>\r\n");
        for recipient in &recipients {
            // Writing to a String cannot fail.
            let _ = write!(envelope, "Delivered-To: {recipient}\r\n");
        }
        Self { envelope, received: received(id, sender, &recipients, session) }
    }

    /// Returns `Received:` alone.
    pub(crate) fn of_relay(
        id: MessageId,
        sender: &Sender,
        recipients: &[&Recipient],
        session: &Session,
    ) -> Self {
        Self { envelope: String::new(), received: received(id, sender, &distinct(recipients), session) }
    }

    /// Returns their text together with other fields. `Return-Path:` stays at the top.
    pub(crate) fn with(&self, above_trace: &[Field], below_trace: &[Field]) -> Bytes {
        let mut text = BytesMut::with_capacity(self.envelope.len() + self.received.len());
        text.extend_from_slice(self.envelope.as_bytes());
        field::write(&mut text, above_trace);
        text.extend_from_slice(self.received.as_bytes());
        field::write(&mut text, below_trace);
        text.freeze()
    }
}

/// Returns `Received:`. A message of a queue has the one from its client.
fn received(id: MessageId, sender: &Sender, recipients: &[&Recipient], session: &Session) -> String {
    if session.queued().is_some() {
        return String::new();
    }
    let mut text = String::with_capacity(512);
    let _ = write_received(&mut text, id, sender, recipients, session);
    text
}

fn write_received(
    text: &mut String,
    id: MessageId,
    sender: &Sender,
    recipients: &[&Recipient],
    session: &Session,
) -> std::fmt::Result {
    let is_utf8 = sender.parameters().smtputf8;
    let hello = session
        .helo_name()
        .map_or_else(|| "unknown".into(), |name| printable(shortened(name.as_str(), 255), is_utf8));
    let client = match session.client_ip() {
        // A local client has no address, so a comment says so (RFC 5321 §4.4).
        _ if session.origin() == Peer::UnixSocket => "local socket".into(),
        // The proxy does not know the address either.
        address if address.is_unspecified() => "unknown".into(),
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    };
    // Names from proxies are letters, digits, dots, hyphens and underscores.
    let name = session.client_name().map_or_else(String::new, |name| format!("{name} "));
    write!(text, "Received: from {hello} ({name}{client})\r\n")?;
    write!(text, "\tby {} (Mailchute) with {} id {id}", session.hostname(), session.transmission_type())?;
    if let Some(tls) = session.tls() {
        write!(text, "\r\n\t(version={} cipher={}", tls.version, tls.cipher)?;
        if let Some(client) = &tls.client {
            // Sendmail's words. FAIL means that no trusted authority vouches for the certificate.
            text.push_str(if client.is_verified() { " verify=OK" } else { " verify=FAIL" });
            if let Some(name) = client.name() {
                write!(text, " client={}", printable(shortened(name, 128), is_utf8))?;
            }
        }
        text.push(')');
    }
    // With several recipients the field would reveal each to the others (RFC 5321 §7.2).
    if let [recipient] = recipients {
        write!(text, "\r\n\tfor <{recipient}>")?;
    }
    write!(text, "; {}\r\n", date::format(Timestamp::now()))
}

/// Returns the recipients without repetitions, in the order of RCPT. As in mailboxes elsewhere, the form of
/// the domain and the quotes of the local part make no difference (RFC 5321 §2.4, §4.1.2).
fn distinct<'r>(recipients: &[&'r Recipient]) -> Vec<&'r Recipient> {
    if let [only] = recipients {
        return vec![*only];
    }
    let mut seen = HashSet::with_capacity(recipients.len());
    let key = |recipient: &'r Recipient| {
        let mailbox = recipient.mailbox()?;
        // An address literal is not a domain.
        let domain = Domain::parse(mailbox.domain()).map_err(|_| mailbox.domain().to_ascii_lowercase());
        Some((mailbox.unquoted_local_part(), domain))
    };
    recipients.iter().copied().filter(|recipient| seen.insert(key(recipient))).collect()
}

/// Cuts a name to at most `longest` bytes. A line of a field has room for 998 bytes (RFC 5322 §2.1.1). Names
/// in certificates and EHLO have no such limit.
fn shortened(name: &str, longest: usize) -> &str {
    &name[..name.floor_char_boundary(longest)]
}

/// Returns the client's name for itself, without characters that could end a comment or a field early.
fn printable(name: &str, is_utf8: bool) -> String {
    name.chars()
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' | ':' | '[' | ']' => c,
            c if is_utf8 && !c.is_ascii() && !is_control(c) => c,
            _ => '?',
        })
        .collect()
}
