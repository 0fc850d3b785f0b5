//! Lists of users.

use std::collections::HashSet;

use mailchute::address::{Mailbox, fold_local_part};

use super::mistake::Mistake;
use crate::destination::Destination;

/// The users that a file lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Users {
    /// Users of each name of the domain.
    users: HashSet<String>,
    /// Users of one domain, as `user@domain`.
    addresses: HashSet<String>,
}

impl Users {
    pub(super) fn has(&self, destination: &Destination) -> bool {
        self.users.contains(destination.user())
            || self.addresses.contains(&format!(
                "{}@{}",
                destination.user(),
                destination.mailbox().lookup_domain()
            ))
    }

    /// Parses a list with a user or an address on each line. The rest after a colon or white space is ignored, so that the
    /// file of passwords can be the list too. Lines that begin with `#` are comments.
    pub(super) fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        let (mut list, mut mistakes) = (Self::default(), Vec::new());
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match line.strip_prefix('"') {
                None => list.add(line.split([':', ' ', '\t']).next().unwrap_or_default()),
                Some(_) => list.add(line),
            }
            .unwrap_or_else(|what| mistakes.push(Mistake::new(number + 1, what)));
        }
        if mistakes.is_empty() { Ok(list) } else { Err(mistakes) }
    }

    pub(super) fn add(&mut self, user: &str) -> Result<(), String> {
        if let Ok(mailbox) = Mailbox::parse(user) {
            self.addresses.insert(mailbox.lookup_key());
            return Ok(());
        }
        self.users.insert(local_part(user)?);
        Ok(())
    }
}

/// Reads a local part, quoted or not, and folds it.
pub(super) fn local_part(text: &str) -> Result<String, String> {
    let mailbox = Mailbox::parse(&format!("{text}@example.com"));
    let is_address = Mailbox::parse(text).is_ok();
    match mailbox {
        Ok(mailbox) if !is_address => Ok(fold_local_part(&mailbox.unquoted_local_part())),
        _ => Err(format!("{text:?} is not a user; write the part of an address before the @, such as bob")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(list: &str, address: &str) -> bool {
        let destination = Destination::new(&address.parse().expect(address), Some('+'));
        Users::parse(list).expect(list).has(&destination)
    }

    #[test]
    fn lists_users_addresses_and_lines_of_a_password_file() {
        let list =
            "# users\n\nBob\nalice@example.com\neve:SCRAM-SHA-256$4096:x$y:z 00\n\"john doe\"\nBÜCHER\n";
        for known in [
            "bob@example.com",
            "BOB+x@example.org",
            "alice@EXAMPLE.com",
            "eve@example.net",
            r#""john doe"@example.com"#,
            "bücher@example.com",
        ] {
            assert!(has(list, known), "{known}");
        }
        for unknown in ["alice@example.org", "bo@example.com", "SCRAM-SHA-256$4096@example.com"] {
            assert!(!has(list, unknown), "{unknown}");
        }
    }

    #[test]
    fn names_the_line_of_what_is_not_a_user() {
        let mistakes = Users::parse("bob\n.eve\n@example.com\n").expect_err("two lines");
        let lines: Vec<_> = mistakes.iter().map(|mistake| mistake.line).collect();
        assert_eq!(lines, [2, 3]);
        assert!(mistakes[0].to_string().contains("such as bob"), "{}", mistakes[0]);
    }
}
