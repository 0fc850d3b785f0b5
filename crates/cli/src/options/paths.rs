//! Shorthands of shells and other programs in paths. Nothing expands them here, so each is a mistake: `~/mail` would be
//! a directory named `~`.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, TypedValueParser};
use mailchute_stores::{SecretError, SecretSource};

/// A shorthand in a path, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unexpanded {
    shorthand: String,
    reason: &'static str,
    /// The replacement to suggest.
    literal: String,
}

impl fmt::Display for Unexpanded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shorthand, reason, literal } = self;
        // A quoted value stays on one line.
        let plain = |text: &str| mailchute::syntax::escaped(text.as_bytes());
        let (shorthand, literal) = (plain(shorthand), plain(literal));
        write!(f, "\"{shorthand}\" {reason}, or {literal} if the name really contains \"{shorthand}\"")
    }
}

impl Error for Unexpanded {}

/// Parses the path of a file.
///
/// # Errors
/// Finds the first shorthand. A name after `./` is taken literally.
pub(crate) fn file(path: PathBuf) -> Result<PathBuf, Unexpanded> {
    check(["", &path.to_string_lossy(), ""], Kind::Plain).map(|()| path)
}

/// Reads the path of a file, which need not be UTF-8.
pub(crate) fn file_parser() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(file)
}

/// Parses the path of a Unix socket after `unix:`, as [`file`] does.
pub(crate) fn socket(path: &Path) -> Result<(), Unexpanded> {
    check(["unix:", &path.to_string_lossy(), ""], Kind::Plain)
}

/// Parses the URL of a store. Percent-encoding is a mistake too, and so are braces, except in a Maildir's path, where the
/// store itself fills them in. The subject of a stream, the key of an object and the URL of
/// a web server are not paths.
///
/// # Errors
/// As [`file`].
pub(crate) fn store(url: &str) -> Result<String, Unexpanded> {
    let (scheme, rest) = url.split_at(url.find(':').map_or(0, |colon| colon + 1));
    let (path, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
    let others = ["nats:", "tls:", "https:", "http:", "s3:"];
    if others.iter().any(|other| scheme.eq_ignore_ascii_case(other)) {
        return Ok(url.to_owned());
    }
    let kind = if scheme.eq_ignore_ascii_case("maildir:") { Kind::Template } else { Kind::Url };
    check([scheme, path, query], kind).map(|()| url.to_owned())
}

/// Parses where a secret stands.
///
/// # Errors
/// A text that says what to write instead. It does not repeat what may be the secret.
pub(crate) fn secret(text: &str) -> Result<SecretSource, String> {
    let source = text.parse().map_err(|error: SecretError| error.to_string())?;
    if let SecretSource::File(path) = &source {
        file(path.clone()).map_err(|error| error.to_string())?;
        if path.to_string_lossy().contains('&') {
            return Err("the name of the file has a &, which separates options; rename the file".to_owned());
        }
    }
    Ok(source)
}

/// The kind of value that a path is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Url,
    /// The path of a URL with braces for users and domains. Doubled braces are braces.
    Template,
}

/// Checks the path in a value, and keeps the text before and after it.
fn check([before, path, after]: [&str; 3], kind: Kind) -> Result<(), Unexpanded> {
    let (mut first, mut is_literal) = (None, false);
    let mut literal: Vec<Cow<'_, str>> = Vec::new();
    for name in path.split('/') {
        let found = match (literal.is_empty(), is_literal) {
            (_, true) => None,
            (true, false) if name.starts_with('~') => Some((name, TILDE)),
            _ => name.char_indices().find_map(|(at, _)| shorthand(&name[at..], kind)),
        };
        first = first.or(found);
        is_literal = name == ".";
        match found {
            Some(_) => literal.extend([
                ".".into(),
                if kind == Kind::Template { with_plain_braces(name) } else { name.into() },
            ]),
            None => literal.push(name.into()),
        }
    }
    let Some((shorthand, reason)) = first else { return Ok(()) };
    let literal = format!("{before}{}{after}", literal.join("/"));
    Err(Unexpanded { shorthand: shorthand.to_owned(), reason, literal })
}

/// Doubles the braces of each shorthand in a name.
fn with_plain_braces(name: &str) -> Cow<'_, str> {
    let (mut doubled, mut rest) = (String::new(), name);
    while let Some(first) = rest.chars().next() {
        let (found, _) = shorthand(rest, Kind::Template).unwrap_or((&rest[..first.len_utf8()], ""));
        if found.len() > first.len_utf8() {
            doubled.push_str(&found.replace('{', "{{").replace('}', "}}"));
        } else {
            doubled.push_str(found);
        }
        rest = &rest[found.len()..];
    }
    doubled.into()
}

const TILDE: &str =
    "is not expanded: only a shell expands it, and only at the start of a word; write the absolute path";
const VARIABLE: &str = "is not expanded; write the absolute path";
const BRACES: &str = "is not filled in for this kind of store; write the path itself";
const ENCODED: &str = "is not decoded; write the character itself";

/// Returns the shorthand at the start of a text, and what is wrong with it.
fn shorthand(text: &str, kind: Kind) -> Option<(&str, &'static str)> {
    let rest = text.get(1..)?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let word = rest.len() - rest.trim_start_matches(is_word).len();
    let up_to = |end: char| text.find(end).map_or(text, |at| &text[..=at]);
    match text.as_bytes()[0] {
        b'$' | b'%' if rest.starts_with('{') => Some((up_to('}'), VARIABLE)),
        b'$' if rest.starts_with('(') => Some((up_to(')'), VARIABLE)),
        b'$' if word > 0 => Some((&text[..=word], VARIABLE)),
        // The specifiers of systemd, and the variables of Dovecot.
        b'%' if word == 1 && rest.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            Some((&text[..2], VARIABLE))
        }
        b'%' if kind != Kind::Plain
            && rest.len() >= 2
            && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()) =>
        {
            Some((&text[..3], ENCODED))
        }
        b'{' if kind == Kind::Url => Some((up_to('}'), BRACES)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(outcome: Result<impl Sized, Unexpanded>) -> String {
        outcome.err().expect("it is a mistake").to_string()
    }

    /// The value that the error suggests.
    fn literal(complaint: &str) -> String {
        let (_, literal) = complaint.rsplit_once(", or ").expect("it says one");
        literal.split_once(" if the name ").expect("it says when").0.to_owned()
    }

    #[test]
    fn says_on_one_line_what_is_wrong_with_several() {
        let told = told(socket(Path::new("/ale.%e.\nb")));
        assert!(told.ends_with(r#"or unix:/./ale.%e.\nb if the name really contains "%e""#), "{told}");
    }

    #[test]
    fn says_the_whole_value_to_write_which_is_then_taken() {
        for (url, whole) in [
            ("maildir:~/mail", "maildir:./~/mail"),
            ("maildir:~/mail?mode=0660", "maildir:./~/mail?mode=0660"),
            ("maildir:///my%20mail/%41", "maildir:///./my%20mail/./%41"),
            ("maildir:$HOME/~/{user}", "maildir:./$HOME/~/{user}"),
            ("maildir:/mail/${HOME:-x}-%h-{user}", "maildir:/mail/./${{HOME:-x}}-%h-{user}"),
            ("lmtp:unix:/run/{user}", "lmtp:unix:/run/./{user}"),
            ("~/mail", "./~/mail"),
        ] {
            let told = told(store(url));
            assert!(told.contains(&format!(", or {whole} if the name really contains \"")), "{told}");
            assert_eq!(store(&literal(&told)), Ok(whole.to_owned()));
        }
        let told = told(socket(Path::new("~/lmtp")));
        assert!(told.ends_with(", or unix:./~/lmtp if the name really contains \"~\""), "{told}");
    }

    #[test]
    fn names_each_shorthand_and_what_to_write() {
        for (path, complaint) in [
            (
                "~",
                "\"~\" is not expanded: only a shell expands it, and only at the start of a word; write the absolute path, \
                 or ./~ if the name really contains \"~\"",
            ),
            (
                "~bob/x",
                "\"~bob\" is not expanded: only a shell expands it, and only at the start of a word; write the absolute path, \
                 or ./~bob/x if the name really contains \"~bob\"",
            ),
            (
                "$HOME/x",
                "\"$HOME\" is not expanded; write the absolute path, or ./$HOME/x if the name really contains \"$HOME\"",
            ),
            (
                "/srv/mail-${USER:-x}.d/y",
                "\"${USER:-x}\" is not expanded; write the absolute path, or /srv/./mail-${USER:-x}.d/y if the \
                 name really contains \"${USER:-x}\"",
            ),
        ] {
            assert_eq!(told(file(path.into())), complaint, "{path}");
        }
        for (path, shorthand) in [
            ("a$B_1-c", "$B_1"),
            ("/a/$(pwd)/b", "$(pwd)"),
            ("${", "${"),
            ("%h/x", "%h"),
            ("/x/%i.toml", "%i"),
            ("/mail/%d/%n", "%d"),
            ("/mail/%{user}", "%{user}"),
            ("./mail/$USER", "$USER"),
            ("é$x", "$x"),
        ] {
            for complaint in [told(file(path.into())), told(store(&format!("maildir:{path}")))] {
                assert!(complaint.starts_with(&format!("\"{shorthand}\" is not expanded; ")), "{complaint}");
            }
            assert!(socket(Path::new(path)).is_err());
            assert_eq!(file(literal(&told(file(path.into()))).into()).err(), None, "{path}");
        }
    }

    #[test]
    fn braces_and_percent_encoding_are_mistakes_in_a_store() {
        let braces = "is not filled in for this kind of store; write the path itself";
        let decoded = "is not decoded; write the character itself";
        for (url, complaint) in [
            (
                "lmtp:unix:/run/{domain}/{user}",
                format!("\"{{domain}}\" {braces}, or lmtp:unix:/run/./{{domain}}/./{{user}} if the name"),
            ),
            ("discard:{", format!("\"{{\" {braces}, or discard:./{{ if")),
            ("maildir:///my%20mail", format!("\"%20\" {decoded}, or maildir:///./my%20mail if")),
            ("maildir:/%c3%a9", format!("\"%c3\" {decoded}, or maildir:/./%c3%a9 if")),
        ] {
            let told = told(store(url));
            assert!(told.starts_with(&complaint), "{told}");
        }
        assert!(file("/etc/{a}/my%20file".into()).is_ok());
    }

    #[test]
    fn takes_every_other_name() {
        for path in [
            "",
            ".",
            "/",
            "./mail",
            "/var/mail/in",
            "a~b",
            "/home/~",
            "mail~",
            "/c$/x",
            "a$",
            "$",
            "$-",
            "100%",
            "%%",
            "100%sure.pem",
            "%1",
            "./~",
            "./~/mail",
            "./$HOME",
            "/srv/./${x}",
            "/srv/./%h/y",
            "é",
        ] {
            assert_eq!(file(path.into()), Ok(path.into()), "{path}");
            let url = format!("maildir:{path}?mode=0660");
            assert_eq!(store(&url), Ok(url.clone()), "{path}");
        }
        for url in ["maildir:./{{x}}", "maildir:/mail/{domain}/{user}", "MailDir:{user}"] {
            assert_eq!(store(url), Ok(url.to_owned()));
        }
        assert_eq!(store("discard:"), Ok("discard:".to_owned()));
    }
}
