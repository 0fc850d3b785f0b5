//! The header of a request: the facts of the session.

use mailchute::{Message, Session};
use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};

use super::RspamdBuilder;
use crate::dns::client_name;
use crate::http_client::header_value;

/// The bytes that the recipients may take. rspamd takes 80 KiB of header.
const MOST_OF_RECIPIENTS: usize = 32 * 1024;

/// Returns the header of the request about a message.
pub(super) fn header(options: &RspamdBuilder, message: &Message, session: &Session, size: u64) -> HeaderMap {
    let mut header = HeaderMap::new();
    let mut add = |name: &'static str, value: &str| {
        header.append(HeaderName::from_static(name), header_value(value));
    };
    let envelope = message.envelope();
    add("from", &format!("<{}>", envelope.sender));
    let mut left = MOST_OF_RECIPIENTS;
    for recipient in &envelope.recipients {
        let recipient = format!("<{recipient}>");
        left = match left.checked_sub(recipient.len() + "rcpt: \r\n".len()) {
            Some(left) => left,
            None => break,
        };
        add("rcpt", &recipient);
    }
    if let [recipient] = &*envelope.recipients {
        add("deliver-to", recipient.as_str());
    }
    if !session.is_over_unix_socket() && !session.client_ip().is_unspecified() {
        add("ip", &session.client_ip().to_string());
    }
    if let Some(name) = session.helo_name() {
        add("helo", name.as_str());
    }
    if let Some(name) = client_name(session) {
        add("hostname", &name);
    }
    if let Some(identity) = session.identity() {
        add("user", &identity);
    }
    if let Some(tls) = session.tls() {
        add("tls-cipher", tls.cipher);
        add("tls-version", &tls.version.to_string());
    }
    add("queue-id", &message.id().to_string());
    add("mta-name", session.hostname());
    if let Some(settings) = &options.settings {
        add("settings-id", settings);
    }
    header.insert(CONTENT_LENGTH, size.into());
    if let Some(password) = &options.password {
        let mut password: HeaderValue = header_value(password);
        password.set_sensitive(true);
        header.insert(HeaderName::from_static("password"), password);
    }
    header
}
