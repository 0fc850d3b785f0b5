//! Paths, keys and URLs with places to fill in for each destination.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::destination::Destination;

/// A text with `{user}`, `{domain}`, `{address}`, `{detail}` and `{id}`, to be filled in for each destination of a message.
///
/// `{{` and `}}` stand for the braces themselves.
///
/// # Examples
/// ```
/// use mailchute_stores::{Destination, Template, path_component};
///
/// let template = Template::parse("/var/mail/{domain}/{user}")?;
/// let bob = Destination::new(&"Bob@example.com".parse()?, None);
/// assert_eq!(template.fill(&bob, "1b", path_component), "/var/mail/example.com/bob");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    User,
    Domain,
    Address,
    Detail,
    Id,
}

const FIELDS: [(&str, Field); 5] = [
    ("user", Field::User),
    ("domain", Field::Domain),
    ("address", Field::Address),
    ("detail", Field::Detail),
    ("id", Field::Id),
];

impl Template {
    /// Parses a text.
    ///
    /// # Errors
    /// [`TemplateError`] if a brace has no partner, or its name is unknown.
    ///
    /// ```
    /// let error = mailchute_stores::Template::parse("/var/mail/{usr}").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "{usr} cannot be filled in; write {user}, {domain}, {address}, {detail} or {id}, or {{usr}} for these characters"
    /// );
    /// ```
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from_brace) = rest.split_at(at);
            literal.push_str(before);
            let (brace, after) = from_brace.split_at(1);
            if let Some(after) = after.strip_prefix(brace) {
                literal.push_str(brace);
                rest = after;
                continue;
            }
            let end = after.find('}').filter(|_| brace == "{");
            let end = end.ok_or_else(|| TemplateError::Unpaired(from_brace.to_owned()))?;
            let name = &after[..end];
            let field = FIELDS.iter().find(|(known, _)| *known == name);
            let (_, field) = field.ok_or_else(|| TemplateError::Unknown(name.to_owned()))?;
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(Part::Field(*field));
            rest = &after[end + 1..];
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self(parts))
    }

    /// Fills the text in. `id` names the message, and `escape` makes each value safe for where the text is used:
    /// [`path_component`] for paths.
    ///
    /// `{detail}` is empty if the destination has none.
    #[must_use]
    pub fn fill(&self, destination: &Destination, id: &str, escape: impl Fn(&str) -> Cow<'_, str>) -> String {
        let mut filled = String::new();
        for part in &self.0 {
            let value = match part {
                Part::Text(text) => {
                    filled.push_str(text);
                    continue;
                }
                Part::Field(Field::User) => destination.user(),
                Part::Field(Field::Domain) => destination.domain(),
                Part::Field(Field::Address) => &format!("{}@{}", destination.user(), destination.domain()),
                Part::Field(Field::Detail) => destination.detail().unwrap_or_default(),
                Part::Field(Field::Id) => id,
            };
            filled.push_str(&escape(value));
        }
        filled
    }

    /// Fills in `{id}` only. Returns `None` if the text differs for two destinations.
    #[cfg(feature = "s3")]
    pub(crate) fn fill_id(&self, id: &str) -> Option<String> {
        let part = |part: &Part| match part {
            Part::Text(text) => Some(text.clone()),
            Part::Field(Field::Id) => Some(id.to_owned()),
            Part::Field(_) => None,
        };
        self.0.iter().map(part).collect()
    }

    /// Returns the text if it is the same for all destinations and messages.
    #[must_use]
    pub fn constant(&self) -> Option<&str> {
        match &*self.0 {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Returns the text before the first place to fill in.
    #[must_use]
    pub fn beginning(&self) -> &str {
        match self.0.first() {
            Some(Part::Text(text)) => text,
            _ => "",
        }
    }

    /// Returns whether the text differs for two messages to the same destination.
    #[must_use]
    pub fn has_id(&self) -> bool {
        self.0.contains(&Part::Field(Field::Id))
    }

    /// Returns whether the text differs for two details of a user.
    #[must_use]
    pub fn has_detail(&self) -> bool {
        self.0.contains(&Part::Field(Field::Detail))
    }

    /// Returns whether the text differs for two users of a domain.
    #[must_use]
    pub fn has_user(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Field(Field::User | Field::Address)))
    }
}

/// The text as it was written.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}")),
            Part::Field(field) => FIELDS
                .iter()
                .filter(|(_, known)| known == field)
                .try_for_each(|(name, _)| write!(f, "{{{name}}}")),
        })
    }
}

/// Why a text is not a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplateError {
    /// No value has this name.
    Unknown(String),
    /// A brace has no partner. The text begins with it.
    Unpaired(String),
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(
                f,
                "{{{name}}} cannot be filled in; write {{user}}, {{domain}}, {{address}}, {{detail}} or {{id}}, or \
                 {{{{{name}}}}} for these characters"
            ),
            Self::Unpaired(text) => {
                write!(f, "a brace of {text:?} has no partner; write {{{{ or }}}} for the brace itself")
            }
        }
    }
}

impl Error for TemplateError {}

/// The longest value, in bytes, that a path shows in full.
const LONGEST: usize = 120;

/// Makes a value safe as one component of a path.
///
/// Percent-encoded are `/`, `%`, control characters, and a dot at the beginning. So a value never leads out of its
/// directory, and never makes a hidden file. Values that are equal stay equal, and others stay different: a value
/// of more than 120 bytes is cut, and a hash of all of it follows.
///
/// ```
/// use mailchute_stores::path_component;
///
/// assert_eq!(path_component("bob"), "bob");
/// assert_eq!(path_component("../etc/passwd"), "%2E.%2Fetc%2Fpasswd");
/// ```
#[must_use]
pub fn path_component(value: &str) -> Cow<'_, str> {
    let is_safe = |c: char| !(mailchute::syntax::is_control(c) || matches!(c, '/' | '%' | '\\'));
    if value.len() <= LONGEST && !value.is_empty() && !value.starts_with('.') && value.chars().all(is_safe) {
        return Cow::Borrowed(value);
    }
    let mut component = String::new();
    for (at, c) in value.char_indices() {
        if is_safe(c) && !(at == 0 && c == '.') {
            component.push(c);
        } else {
            let mut bytes = [0; 4];
            c.encode_utf8(&mut bytes).bytes().for_each(|byte| component.push_str(&format!("%{byte:02X}")));
        }
    }
    if component.len() > LONGEST {
        component.truncate(component.floor_char_boundary(LONGEST));
        component.push_str("%~");
        Sha256::digest(value)[..8].iter().for_each(|byte| component.push_str(&format!("{byte:02x}")));
    }
    Cow::Owned(component)
}

/// Makes a value safe as the name of a directory, as [`path_component`] does. An empty user (`""@example.com`) must not be
/// the directory above it.
pub(crate) fn directory_name(value: &str) -> Cow<'_, str> {
    if value.is_empty() { Cow::Borrowed("%") } else { path_component(value) }
}

#[cfg(test)]
mod tests {
    use mailchute::address::Mailbox;

    use super::*;

    fn filled(template: &str, address: &str) -> String {
        let destination = Destination::new(&Mailbox::parse(address).expect(address), Some('+'));
        Template::parse(template).expect(template).fill(&destination, "1b", path_component)
    }

    #[test]
    fn fills_in_each_name() {
        for (template, text) in [
            ("/mail", "/mail"),
            ("{user}", "bob"),
            ("/{domain}/{user}/{detail}/{id}", "/example.com/bob/x/1b"),
            ("{address}", "bob@example.com"),
            ("{{user}}-{user}", "{user}-bob"),
            ("}}{{", "}{"),
        ] {
            assert_eq!(filled(template, "Bob+x@Example.com"), text, "{template}");
            assert_eq!(
                Template::parse(template).map(|template| template.to_string()),
                Ok(template.to_owned())
            );
        }
        assert_eq!(filled("a{detail}b", "bob@example.com"), "ab");
    }

    #[test]
    fn names_what_cannot_be_filled_in() {
        for (template, hint) in [
            ("{usr}", "{usr} cannot be filled in; write {user}, "),
            ("{}", "{} cannot be filled in"),
            ("{user", "a brace of \"{user\" has no partner"),
            ("user}", "a brace of \"}\" has no partner"),
            ("{User}", "{User} cannot be filled in"),
        ] {
            let error = Template::parse(template).expect_err(template).to_string();
            assert!(error.starts_with(hint), "{template}: {error}");
        }
    }

    #[test]
    fn no_user_leads_out_of_the_directory() {
        for (address, path) in [
            (r#""../../etc/passwd"@example.com"#, "/mail/%2E.%2F..%2Fetc%2Fpasswd".to_owned()),
            (r#""."@example.com"#, "/mail/%2E".to_owned()),
            (r#""a b"@example.com"#, "/mail/a b".to_owned()),
            ("a%2Fb@example.com", "/mail/a%252fb".to_owned()),
            ("a/b@example.com", "/mail/a%2Fb".to_owned()),
            ("a\u{202e}b@example.com", "/mail/a%E2%80%AEb".to_owned()),
        ] {
            assert_eq!(filled("/mail/{user}", address), path, "{address}");
        }
    }

    #[test]
    fn long_users_stay_different_and_fit_a_file_name() {
        let user = |last: &str| format!("{}{last}@example.com", "ü".repeat(200));
        let (one, other) = (filled("{user}", &user("a")), filled("{user}", &user("b")));
        assert_ne!(one, other);
        assert_eq!(one, filled("{user}", &user("a")));
        assert!(one.len() < 160, "{}", one.len());
        let cut = format!("{}%~", "ü".repeat(60));
        assert!(one.starts_with(&cut) && other.starts_with(&cut), "{one}");
    }
}
