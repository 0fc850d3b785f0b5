//! The metadata of an object: facts of its message.

use std::fmt::Write as _;

use mailchute::{Message, Session};
use object_store::{Attribute, Attributes};

use crate::group::Group;

/// The bytes that names and values may have together (`x-amz-meta-` is not counted), as S3 has it.
const MOST: usize = 2048;

/// The name under which stand the names of all that did not fit.
const OMITTED: &str = "omitted";

/// Returns the facts of a message, as metadata of the object for a group of its recipients.
pub(super) fn of(message: &Message, session: &Session, group: &Group) -> Attributes {
    let envelope = message.envelope();
    let recipients = group.named.iter().filter_map(|place| envelope.recipients.get(*place));
    let recipients: Vec<_> = recipients.map(|recipient| encoded(&recipient.to_string(), true)).collect();
    let sender = match encoded(&envelope.sender.to_string(), false) {
        address if address.is_empty() => "<>".to_owned(),
        address => address,
    };
    let mut facts = vec![
        ("id", Some(message.id().to_string())),
        ("sender", Some(sender)),
        ("client", Some(session.client_ip().to_string())),
        ("helo", session.helo_name().map(|name| encoded(name.as_str(), false))),
        ("protocol", Some(session.transmission_type().to_string())),
        ("tls", session.tls().map(|tls| encoded(&tls.version.to_string(), false))),
        ("user", session.identity().map(|user| encoded(&user, false))),
        ("hostname", Some(encoded(session.hostname(), false))),
        ("directory", message.directory().map(|directory| encoded(directory.as_ref(), false))),
    ];
    facts.push(("recipients", Some(recipients.join(", "))));
    bounded(facts.into_iter().filter_map(|(name, value)| Some((name, value?))))
}

/// Takes the facts that fit, the first before the last.
fn bounded(facts: impl Iterator<Item = (&'static str, String)>) -> Attributes {
    let mut attributes = Attributes::new();
    attributes.insert(Attribute::ContentType, "message/rfc822".into());
    let mut omitted: Vec<&str> = Vec::new();
    // The last fact of all says which are left out.
    let mut room = MOST - 128;
    for (name, value) in facts {
        match room.checked_sub(name.len() + value.len()) {
            Some(rest) => {
                room = rest;
                attributes.insert(Attribute::Metadata(name.into()), value.into());
            }
            None => omitted.push(name),
        }
    }
    if !omitted.is_empty() {
        attributes.insert(Attribute::Metadata(OMITTED.into()), omitted.join(", ").into());
    }
    attributes
}

/// Percent-encodes what a value cannot hold: all but visible ASCII, and `%`. In a list also the comma.
fn encoded(text: &str, is_in_list: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'%' => encoded.push_str("%25"),
            b',' if is_in_list => encoded.push_str("%2C"),
            0x21..=0x7e => encoded.push(byte.into()),
            // Writing to a String cannot fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(attributes: &Attributes, name: &'static str) -> Option<String> {
        attributes.get(&Attribute::Metadata(name.into())).map(|value| value.to_string())
    }

    #[test]
    fn a_value_is_visible_ascii_without_spaces() {
        for (text, expected) in [
            ("bob@example.com", "bob@example.com"),
            ("bücher@example.com", "b%C3%BCcher@example.com"),
            (r#""a b%,"@example.com"#, r#""a%20b%25%2C"@example.com"#),
            ("a\r\nb", "a%0D%0Ab"),
        ] {
            assert_eq!(encoded(text, true), expected);
        }
        assert_eq!(encoded("a,b", false), "a,b");
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_named() {
        let facts =
            [("sender", "<>".to_owned()), ("helo", "x".repeat(3000)), ("recipients", "y".repeat(1500))];
        let attributes = bounded(facts.into_iter());
        assert_eq!(value(&attributes, "sender").as_deref(), Some("<>"));
        assert_eq!(value(&attributes, "helo"), None);
        assert_eq!(value(&attributes, "recipients").map(|value| value.len()), Some(1500));
        assert_eq!(value(&attributes, "omitted").as_deref(), Some("helo"));
    }

    #[test]
    fn all_names_together_fit_where_all_values_are_left_out() {
        let names = "id, sender, client, helo, protocol, tls, user, hostname, directory, recipients";
        assert!(names.len() + OMITTED.len() <= 128);
    }
}
