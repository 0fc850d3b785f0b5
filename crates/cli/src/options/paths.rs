//! Shorthands of shells and other programs in paths. Nothing expands them here, so each is a mistake: `~/mail` would be
//! a directory named `~`.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, TypedValueParser};

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
    check(["", &path.to_string_lossy(), ""], false).map(|()| path)
}

/// Reads the path of a file, which need not be UTF-8.
pub(crate) fn file_parser() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(file)
}

/// Parses the path of a Unix socket after `unix:`, as [`file`] does.
pub(crate) fn socket(path: &Path) -> Result<(), Unexpanded> {
    check(["unix:", &path.to_string_lossy(), ""], false)
}

/// Parses the URL of a store. Braces and percent-encoding are mistakes too.
///
/// # Errors
/// As [`file`].
pub(crate) fn store(url: &str) -> Result<String, Unexpanded> {
    let (scheme, rest) = url.split_at(url.find(':').map_or(0, |colon| colon + 1));
    let (path, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
    check([scheme, path, query], true).map(|()| url.to_owned())
}

/// Checks the path in a value, and keeps the text before and after it.
fn check([before, path, after]: [&str; 3], is_of_url: bool) -> Result<(), Unexpanded> {
    let (mut first, mut is_literal) = (None, false);
    let mut literal: Vec<&str> = Vec::new();
    for name in path.split('/') {
        let found = match (literal.is_empty(), is_literal) {
            (_, true) => None,
            (true, false) if name.starts_with('~') => Some((name, TILDE)),
            _ => name.char_indices().find_map(|(at, _)| shorthand(&name[at..], is_of_url)),
        };
        if found.is_some() {
            literal.push(".");
        }
        first = first.or(found);
        is_literal = name == ".";
        literal.push(name);
    }
    let Some((shorthand, reason)) = first else { return Ok(()) };
    let literal = format!("{before}{}{after}", literal.join("/"));
    Err(Unexpanded { shorthand: shorthand.to_owned(), reason, literal })
}

const TILDE: &str =
    "is not expanded: only a shell expands it, and only at the start of a word; write the absolute path";
const VARIABLE: &str = "is not expanded; write the absolute path";
const BRACES: &str = "is not replaced, because all mail goes to one directory; write its path";
const ENCODED: &str = "is not decoded; write the character itself";

/// Returns the shorthand at the start of a text, and what is wrong with it.
fn shorthand(text: &str, is_of_url: bool) -> Option<(&str, &'static str)> {
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
        b'%' if is_of_url && rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()) => {
            Some((&text[..3], ENCODED))
        }
        b'{' if is_of_url => Some((up_to('}'), BRACES)),
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
            ("maildir:$HOME/~/{user}", "maildir:./$HOME/~/./{user}"),
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
        let braces = "is not replaced, because all mail goes to one directory; write its path";
        let decoded = "is not decoded; write the character itself";
        for (url, complaint) in [
            (
                "maildir:/mail/{domain}/{user}",
                format!("\"{{domain}}\" {braces}, or maildir:/mail/./{{domain}}/./{{user}} if the name"),
            ),
            ("maildir:{", format!("\"{{\" {braces}, or maildir:./{{ if")),
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
        assert_eq!(store("maildir:./{x}"), Ok("maildir:./{x}".to_owned()));
        assert_eq!(store("discard:"), Ok("discard:".to_owned()));
    }
}
