//! The content of a released message.

use bytes::Bytes;
use memchr::memchr2;

use crate::mail::Mail;

/// The fields of a delivery, which the next server writes itself (RFC 5321 §4.4, RFC 8601 §4). The last one may name the user.
const OF_DELIVERY: [&str; 3] = ["Return-Path", "Delivered-To", "Authentication-Results"];

/// Returns a message as it was received: without the fields of its delivery above the first `Received:`. Below that,
/// everything is the sender's. Lines end with CRLF, which the Maildir may hold as LF.
pub(crate) fn as_received(mail: &Mail) -> Bytes {
    let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
    let raw = mail.raw();
    let mut content = Vec::with_capacity(raw.len() + raw.len() / 32);
    let top = mail.fields().iter().position(|field| is(&field.name, "Received"));
    let above = mail.fields().iter().take(top.unwrap_or_default());
    for field in above.filter(|field| !OF_DELIVERY.iter().any(|name| is(&field.name, name))) {
        push(&mut content, &raw[field.range.clone()]);
    }
    push(&mut content, &raw[top.map_or(0, |top| mail.fields()[top].range.start)..]);
    content.into()
}

/// Adds lines. A bare CR or LF becomes CRLF, as for each next hop of a forward.
fn push(content: &mut Vec<u8>, mut lines: &[u8]) {
    while let Some(end) = memchr2(b'\r', b'\n', lines) {
        content.extend_from_slice(&lines[..end]);
        content.extend_from_slice(b"\r\n");
        let length = if lines[end..].starts_with(b"\r\n") { 2 } else { 1 };
        lines = &lines[end + length..];
    }
    content.extend_from_slice(lines);
}
