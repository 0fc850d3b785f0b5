//! The keys of objects.

use std::borrow::Cow;

use object_store::path::Path;

use crate::destination::Destination;
use crate::template::{Template, path_component};

/// The longest key that servers take, in bytes.
const LONGEST: usize = 1024;

/// Longer than any value that [`path_component`] returns.
const LONGEST_VALUE: usize = 160;

/// A template of keys, each of which is a path without empty components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key(Template);

impl Key {
    /// # Errors
    /// A text that says what is wrong with the template.
    pub(super) fn new(template: Template) -> Result<Self, String> {
        if !template.has_id() {
            return Err(format!(
                "the key {:?} is the same for each message to a user, so one would overwrite the other; write {{id}} in it, such as {{domain}}/{{id}}",
                template.to_string()
            ));
        }
        let any: Destination = Destination::new(&any_mailbox()?, None);
        let filled = template.fill(&any, "", |_| "x".repeat(LONGEST_VALUE).into());
        if filled.len() > LONGEST {
            return Err("the key is too long: servers take 1,024 bytes at most".to_owned());
        }
        match Path::parse(&filled) {
            Ok(path) if path.as_ref() == filled => Ok(Self(template)),
            _ => Err(format!(
                "the key {:?} has an empty part, '.', '..' or a control character; write parts with one / between two",
                template.to_string()
            )),
        }
    }

    /// Returns the key of the object for a destination.
    pub(super) fn of(&self, destination: &Destination, id: &str) -> String {
        self.0.fill(destination, id, component)
    }

    /// Returns the key of an object that belongs to no destination. `None` if the template needs one.
    pub(super) fn without_destination(&self, id: &str) -> Option<String> {
        self.0.fill_id(id)
    }
}

fn any_mailbox() -> Result<mailchute::address::Mailbox, String> {
    "a@example.com".parse().map_err(|error: mailchute::address::AddressError| error.to_string())
}

/// Makes a value safe as one part of a key. An empty one must not be an empty part.
fn component(value: &str) -> Cow<'_, str> {
    if value.is_empty() { Cow::Borrowed("%") } else { path_component(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(template: &str) -> Result<Key, String> {
        Key::new(Template::parse(template).expect(template))
    }

    #[test]
    fn each_key_is_a_path_that_servers_take() {
        let long = format!("{}@example.com", "ü".repeat(300));
        for (address, expected) in [
            ("Bob@example.com", "in/example.com/bob/%/1b"),
            (r#"""@example.com"#, "in/example.com/%/%/1b"),
            (r#"".."@example.com"#, "in/example.com/%2E./%/1b"),
            (r#""../x"@example.com"#, "in/example.com/%2E.%2Fx/%/1b"),
            (r#""a\b"@example.com"#, "in/example.com/ab/%/1b"),
            (&long, ""),
        ] {
            let Ok(mailbox) = address.parse() else { continue };
            let key = key("in/{domain}/{user}/{detail}/{id}").expect("a key");
            let key = key.of(&Destination::new(&mailbox, None), "1b");
            assert!(expected.is_empty() || key == expected, "{address}: {key}");
            assert_eq!(Path::parse(&key).expect("a path").as_ref(), key);
            assert!(key.len() < LONGEST);
        }
    }

    #[test]
    fn a_key_that_would_overwrite_another_is_refused() {
        for (template, hint) in [
            ("mail", "write {id} in it"),
            ("{domain}/{user}", "write {id} in it"),
            ("{domain}//{id}", "empty part"),
            ("/{id}", "empty part"),
            ("{id}/", "empty part"),
            ("../{id}", "empty part, '.', '..'"),
            ("a/./{id}", "empty part, '.', '..'"),
            ("a\u{1}/{id}", "control character"),
        ] {
            let error = key(template).expect_err(template);
            assert!(error.contains(hint), "{template}: {error}");
        }
        assert!(key(&format!("{}/{{id}}", "x".repeat(900))).expect_err("too long").contains("1,024"));
        assert_eq!(key("{id}").expect("a key").0.to_string(), "{id}");
    }

    #[test]
    fn a_key_without_destination_has_the_id_only() {
        assert_eq!(
            key("in/{id}.eml").expect("a key").without_destination("1b").as_deref(),
            Some("in/1b.eml")
        );
        assert_eq!(key("{domain}/{id}").expect("a key").without_destination("1b"), None);
    }
}
