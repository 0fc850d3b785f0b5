//! Aliases: names that stand for other recipients.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use mailchute::address::Mailbox;

use super::mistake::{self, FileError, Mistake};
use super::users::local_part;

/// The aliases of a domain.
///
/// ```text
/// # sales@ goes to two users of the domain, and one of another
/// sales: bob, eve,
///     carol@example.org
/// bob: bob, archive           # bob keeps his mail, and the archive gets a copy
/// @: postmaster               # every unknown user
/// ```
///
/// # Examples
/// ```
/// use mailchute_stores::recipients::Aliases;
///
/// assert!(Aliases::parse("sales: bob, eve\n@: bob\n").is_ok());
/// let mistakes = Aliases::parse("sales: |/usr/bin/sort\n").unwrap_err();
/// assert_eq!(mistakes[0].line, 1);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Aliases {
    aliases: HashMap<String, Alias>,
    pub(super) catch_all: Option<Alias>,
}

/// The members of an alias, and the line that names them.
#[derive(Debug, Clone)]
pub(super) struct Alias {
    pub(super) line: usize,
    pub(super) members: Vec<Member>,
}

#[derive(Debug, Clone)]
pub(super) enum Member {
    /// A user or alias of the same domain, as a local part may be written.
    Here(String),
    /// An address.
    At(Mailbox),
}

impl Aliases {
    /// Reads a file of aliases. It blocks.
    ///
    /// # Errors
    /// [`FileError`], with all mistakes.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, FileError> {
        mistake::read(path.as_ref(), Self::parse)
    }

    /// Parses the text of a file of aliases: `name: member, member` on each line, continued on lines that begin with
    /// white space. Members are users of the same domain, other aliases, or addresses of local domains. `@` stands for
    /// every user that is not known. A comment begins with `#`, at the start of a line or after white space.
    ///
    /// # Errors
    /// All mistakes.
    pub fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        let (mut aliases, mut mistakes) = (Self::default(), Vec::new());
        for (line, entry) in entries(text) {
            if let Err(what) = aliases.add(line, &entry) {
                mistakes.push(Mistake::new(line, what));
            }
        }
        if mistakes.is_empty() { Ok(aliases) } else { Err(mistakes) }
    }

    fn add(&mut self, line: usize, entry: &str) -> Result<(), String> {
        let (name, members) = split_outside_quotes(entry, ':')
            .ok_or_else(|| format!("{entry:?} has no colon; write sales: bob, eve"))?;
        let (name, mut rest) = (name.trim(), members.trim());
        let mut members = Vec::new();
        while !rest.is_empty() {
            let (text, after) = split_outside_quotes(rest, ',').unwrap_or((rest, ""));
            if !text.trim().is_empty() {
                members.push(member(text.trim())?);
            }
            rest = after.trim();
        }
        if members.is_empty() {
            return Err(format!("{name}: nobody is named; write {name}: bob, eve, or leave the line out"));
        }
        let alias = Alias { line, members };
        let before = match name {
            "@" => self.catch_all.replace(alias),
            name => self.aliases.insert(local_part(name)?, alias),
        };
        match before {
            Some(before) => {
                Err(format!("{name} is an alias on line {} already; write one line for both", before.line))
            }
            None => Ok(()),
        }
    }

    /// Returns the alias of a folded local part.
    pub(super) fn get(&self, user: &str) -> Option<&Alias> {
        self.aliases.get(user)
    }

    /// Returns all aliases by their lines, each with its name.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (&str, &Alias)> {
        let named = self.aliases.iter().map(|(name, alias)| (alias.line, (name.as_str(), alias)));
        let catch_all = self.catch_all.iter().map(|alias| (alias.line, ("@", alias)));
        named.chain(catch_all).collect::<BTreeMap<_, _>>().into_values()
    }
}

/// The entries of a file, each with its first line, without comments and with its continuations.
fn entries(text: &str) -> Vec<(usize, String)> {
    let mut entries: Vec<(usize, String)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let comment =
            line.starts_with('#').then_some(0).or_else(|| line.find(" #")).or_else(|| line.find("\t#"));
        let content = &line[..comment.unwrap_or(line.len())];
        if content.trim().is_empty() {
            continue;
        }
        match entries.last_mut() {
            Some((_, entry)) if content.starts_with([' ', '\t']) => {
                entry.push(' ');
                entry.push_str(content.trim());
            }
            _ => entries.push((number + 1, content.trim().to_owned())),
        }
    }
    entries
}

/// Splits at the first separator that is not within quotes.
fn split_outside_quotes(text: &str, separator: char) -> Option<(&str, &str)> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let at = text.char_indices().find_map(|(at, c)| {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            c if c == separator && !is_quoted => return Some(at),
            _ => {}
        }
        None
    })?;
    Some((&text[..at], &text[at + separator.len_utf8()..]))
}

fn member(text: &str) -> Result<Member, String> {
    if let Ok(mailbox) = Mailbox::parse(text) {
        return Ok(Member::At(mailbox));
    }
    if text.trim_start_matches('"').starts_with(['|', '/']) || text.starts_with(":include:") {
        return Err(format!(
            "{text:?} is a program, a file or an include, which aliases cannot name; write users or addresses"
        ));
    }
    local_part(text)?;
    Ok(Member::Here(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(aliases: &Aliases, name: &str) -> Vec<String> {
        let alias = if name == "@" { aliases.catch_all.as_ref() } else { aliases.get(name) };
        let members = alias.expect(name).members.iter();
        members
            .map(|member| match member {
                Member::Here(user) => user.clone(),
                Member::At(mailbox) => mailbox.as_str().to_owned(),
            })
            .collect()
    }

    #[test]
    fn reads_lists_continuations_comments_and_the_catch_all() {
        let text =
            "# aliases\nSales: bob, eve,\n\tcarol@example.org # a comment\n\n@: bob\n\"a:b, c\": \"d, e\"\n";
        let aliases = Aliases::parse(text).expect("no mistakes");
        assert_eq!(members(&aliases, "sales"), ["bob", "eve", "carol@example.org"]);
        assert_eq!(members(&aliases, "@"), ["bob"]);
        assert_eq!(members(&aliases, "a:b, c"), ["\"d, e\""]);
    }

    #[test]
    fn says_what_to_write_for_each_mistake() {
        for (line, hint) in [
            ("sales bob", "has no colon; write sales: bob, eve"),
            ("sales:", "nobody is named; write sales: bob, eve"),
            ("sales: ,", "nobody is named"),
            ("sales: |/bin/cat", "is a program, a file or an include"),
            ("sales: \"|/bin/cat\"", "is a program, a file or an include"),
            ("sales: /var/mail/x", "is a program, a file or an include"),
            ("sales: :include:/x", "is a program, a file or an include"),
            ("sales: a b", "\"a b\" is not a user"),
            (
                "sales@example.com: bob",
                "\"sales@example.com\" is not a user; write the part of an address before the @",
            ),
            ("a: b\nA: c", "A is an alias on line 1 already; write one line for both"),
        ] {
            let mistakes = Aliases::parse(line).expect_err(line);
            assert!(mistakes[0].text.contains(hint), "{line}: {}", mistakes[0]);
            assert_eq!(mistakes[0].line, line.lines().count());
        }
    }
}
