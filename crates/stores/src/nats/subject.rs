//! The subjects of a message: one for each group of its recipients.

use std::borrow::Cow;

use mailchute::Recipient;

use crate::destination::Destinations;
use crate::template::{Template, path_component};

/// Bytes of headers for the recipients of one message in the stream. JetStream takes 64 KiB of all headers.
const RECIPIENTS: usize = 24 * 1024;

/// The recipients who share a message in the stream.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub(super) subject: String,
    /// Their places in the envelope.
    pub(super) places: Vec<usize>,
    bytes: usize,
}

impl Group {
    /// Groups recipients by their subject. A group whose headers would be too long becomes several.
    pub(super) fn all(template: &Template, recipients: &[Recipient], id: &str, hostname: &str) -> Vec<Self> {
        let mut groups: Vec<Self> = Vec::new();
        for (place, recipient) in recipients.iter().enumerate() {
            let destinations = Destinations::of(recipient, hostname);
            let Some(destination) = destinations.first() else { continue };
            let subject = template.fill(destination, id, token);
            let words = recipient.parameters().iter();
            let words: usize =
                words.map(|(word, value)| word.len() + value.map_or(0, |value| value.len()) + 2).sum();
            // The names of two headers, and what stands between them.
            let bytes = recipient.as_str().len() + words + 64;
            let has_room = |group: &&mut Self| group.subject == subject && group.bytes + bytes <= RECIPIENTS;
            match groups.iter_mut().find(has_room) {
                Some(group) => {
                    group.places.push(place);
                    group.bytes += bytes;
                }
                None => groups.push(Self { subject, places: vec![place], bytes }),
            }
        }
        groups
    }
}

/// Says what is wrong with a template of subjects.
pub(super) fn check(template: &Template) -> Result<(), &'static str> {
    let beginning = template.beginning();
    // Otherwise a client could choose a subject of the system by the address.
    if beginning.is_empty() || beginning.starts_with(['$', '_', '.']) {
        return Err("a subject begins with a word of its own; write mail.{domain} or the like");
    }
    let text = template.to_string();
    let is_wrong = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '*' | '>');
    if text.len() > 255 || text.contains(is_wrong) || text.contains("..") || text.ends_with('.') {
        return Err("a subject has at most 255 bytes, no white space, no * or >, and no empty words");
    }
    Ok(())
}

/// Makes a value safe in a subject. Dots separate words there, as in `mail.example.com`.
fn token(value: &str) -> Cow<'_, str> {
    let is_safe = |c: char| !(c.is_whitespace() || matches!(c, '*' | '>'));
    // No longer than a name of a file, and without control characters and a dot in front.
    let value = path_component(value);
    if value.chars().all(is_safe) && !value.contains("..") && !value.ends_with('.') && !value.is_empty() {
        return value;
    }
    let mut token = String::new();
    let mut rest = value.chars().peekable();
    while let Some(c) = rest.next() {
        let is_lone = c != '.' || !matches!(rest.peek(), None | Some('.'));
        if is_safe(c) && is_lone {
            token.push(c);
        } else {
            let mut bytes = [0; 4];
            c.encode_utf8(&mut bytes).bytes().for_each(|byte| token.push_str(&format!("%{byte:02X}")));
        }
    }
    if token.is_empty() { Cow::Borrowed("%") } else { Cow::Owned(token) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Template {
        Template::parse(text).expect(text)
    }

    #[test]
    fn recipients_of_a_subject_share_a_message() {
        let recipients: Vec<Recipient> = ["a@example.com", "b@example.org", "c@Example.COM"]
            .map(|address| address.parse().expect(address))
            .to_vec();
        let groups = Group::all(&template("mail.{domain}"), &recipients, "1b-0", "mx.example.com");
        let groups: Vec<_> = groups.iter().map(|group| (&*group.subject, &*group.places)).collect();
        assert_eq!(groups, [("mail.example.com", &[0, 2][..]), ("mail.example.org", &[1][..])]);
    }

    #[test]
    fn many_recipients_become_several_messages() {
        let address = |number| format!("{}{number}@example.com", "x".repeat(50));
        let recipients: Vec<Recipient> =
            (0..1000).map(|number| address(number).parse().expect("an address")).collect();
        let groups = Group::all(&template("mail"), &recipients, "1b-0", "mx.example.com");
        assert!(groups.len() > 1 && groups.iter().all(|group| group.bytes <= RECIPIENTS));
        let places: Vec<_> = groups.into_iter().flat_map(|group| group.places).collect();
        assert_eq!(places, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn no_value_breaks_a_subject() {
        for (value, expected) in [
            ("example.com", "example.com"),
            ("john.doe", "john.doe"),
            ("a..b", "a%2E.b"),
            (".a", "%2Ea"),
            ("a.", "a%2E"),
            ("*", "%2A"),
            (">", "%3E"),
            ("a b\tc", "a%20b%09c"),
            ("a%2Eb", "a%252Eb"),
            ("", "%"),
            ("bücher", "bücher"),
        ] {
            assert_eq!(token(value), expected, "{value:?}");
        }
        let long = token(&"*.".repeat(500)).into_owned();
        assert!(long.len() < 400 && !long.contains(['*', ' ']) && !long.contains(".."), "{long}");
    }

    #[test]
    fn a_subject_begins_with_a_word_of_its_own() {
        for good in ["mail", "mail.{domain}", "mail.{domain}.{user}.{id}", "a{user}"] {
            assert_eq!(check(&template(good)), Ok(()), "{good}");
        }
        for bad in
            ["", "{user}", "{domain}.mail", "$JS.API", "_INBOX.x", ".a", "a..b", "a.", "a.*", "a.>", "a b"]
        {
            assert!(check(&template(bad)).is_err(), "{bad}");
        }
    }
}
