//! Where the Maildir of each destination is.

use std::io;
use std::path::{Component, Path, PathBuf};

use super::mistake::PlaceError;
use crate::destination::Destination;
use crate::template::{Template, directory_name};

/// The template of a path, and the directory at its beginning.
#[derive(Debug, Clone)]
pub(super) struct Place {
    template: Template,
    /// The length of the text up to the last `/` before what is filled in.
    constant: usize,
    root: PathBuf,
}

impl Place {
    pub(super) fn new(template: Template) -> Result<Self, PlaceError> {
        if template.constant().is_some() {
            return Err(PlaceError::Constant);
        }
        if template.has_detail() {
            return Err(PlaceError::Detail);
        }
        if template.has_id() {
            return Err(PlaceError::Id);
        }
        let constant = template.beginning().rfind('/').map_or(0, |slash| slash + 1);
        let rest = &template.to_string();
        let beginning = &template.beginning()[..constant];
        // The braces before it are doubled.
        let rest = rest.get(beginning.replace('{', "{{").replace('}', "}}").len()..).unwrap_or_default();
        if Path::new(rest).components().any(|part| part == Component::ParentDir) {
            return Err(PlaceError::Parent);
        }
        let root = PathBuf::from(if beginning.is_empty() { "." } else { beginning });
        Ok(Self { template, constant, root })
    }

    /// Returns the same with an absolute path, since the program may change its working directory.
    pub(super) fn absolute(self) -> io::Result<Self> {
        Ok(Self { root: std::path::absolute(&self.root)?, ..self })
    }

    pub(super) fn template(&self) -> &Template {
        &self.template
    }

    /// Returns the directory in which all Maildirs are.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the path of the destination's Maildir below the root.
    pub(super) fn of(&self, destination: &Destination) -> String {
        let mut path = self.template.fill(destination, "", directory_name);
        path.drain(..self.constant);
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(template: &str) -> Result<Place, PlaceError> {
        Place::new(Template::parse(template).expect(template))
    }

    #[test]
    fn the_root_is_the_last_directory_that_all_share() {
        for (template, root, below) in [
            ("/var/mail/{domain}/{user}", "/var/mail", "example.com/bob"),
            ("/var/mail/user-{user}/Maildir", "/var/mail", "user-bob/Maildir"),
            ("mail/{address}", "mail", "bob@example.com"),
            ("{user}", ".", "bob"),
            ("/{user}", "/", "bob"),
            ("/a{{b/{{{user}", "/a{b", "{bob"),
        ] {
            let place = place(template).expect(template);
            assert_eq!(place.root(), Path::new(root), "{template}");
            let bob = Destination::new(&"Bob@example.com".parse().expect("an address"), None);
            assert_eq!(place.of(&bob), below, "{template}");
        }
    }

    #[test]
    fn no_address_names_a_directory_above_its_own() {
        let place = place("/var/mail/{domain}/{user}").expect("a template");
        for (address, below) in [
            (r#"""@example.com"#, "example.com/%"),
            (r#"".."@example.com"#, "example.com/%2E."),
            (r#""../x"@example.com"#, "example.com/%2E.%2Fx"),
            (".mailchute@example.com", "example.com/%2Emailchute"),
            ("%@example.com", "example.com/%25"),
        ] {
            let Ok(mailbox) = address.parse() else { continue };
            assert_eq!(place.of(&Destination::new(&mailbox, None)), below, "{address}");
        }
    }

    #[test]
    fn says_what_a_template_cannot_name() {
        for (template, mistake) in [
            ("/var/mail", PlaceError::Constant),
            ("/var/mail/{user}/{detail}", PlaceError::Detail),
            ("/var/mail/{user}/{id}", PlaceError::Id),
            ("/var/mail/{user}/../x", PlaceError::Parent),
        ] {
            assert_eq!(place(template).err(), Some(mistake), "{template}");
        }
        assert!(place("../mail/{user}").is_ok());
    }
}
