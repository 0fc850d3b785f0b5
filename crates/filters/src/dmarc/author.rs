//! The domains of the authors in `From:` (RFC 5322 §3.6.2, RFC 6854).
//!
//! # Why
//!
//! Readers disagree about odd fields, and forgers use that: the check sees one author and the reader another. So every
//! domain counts that any reader could take for the author's. Without an address that all of them read alike there is no
//! result.

use std::error::Error;
use std::fmt;

use super::from_lexer::{Lexer, Token};

/// The most domains that one field may have.
const MAX_DOMAINS: usize = 10;

/// The reason why a message has no author whose domain can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthorError {
    /// There is no `From:`.
    NoField,
    /// There are several `From:` fields.
    SeveralFields,
    /// `From:` has no address that all readers of mail read alike.
    Unreadable,
    /// `From:` has addresses of more than 10 domains.
    TooManyDomains,
}

impl fmt::Display for AuthorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoField => "the message has no From field",
            Self::SeveralFields => "the message has several From fields",
            Self::Unreadable => "the From field of the message is malformed",
            Self::TooManyDomains => "the From field of the message has too many domains",
        })
    }
}

impl Error for AuthorError {}

/// Returns the domains of the authors in lower case and A-labels, each once. There are none if the addresses have none.
pub(super) fn author_domains<F: AsRef<[u8]>>(
    fields: impl IntoIterator<Item = F>,
) -> Result<Vec<String>, AuthorError> {
    let mut fields = fields.into_iter();
    let field = fields.next().ok_or(AuthorError::NoField)?;
    if fields.next().is_some() {
        return Err(AuthorError::SeveralFields);
    }
    let mut authors = Authors::default();
    authors.read(&mut Lexer::new(field.as_ref()))?;
    Ok(authors.domains)
}

/// The field as far as it was read.
#[derive(Default)]
struct Authors {
    domains: Vec<String>,
    has_address: bool,
    is_in_group: bool,
}

/// One element of the list: an address with its name, as far as it was read.
#[derive(Default)]
struct Element<'a> {
    /// Words that belong to no domain.
    words: usize,
    /// The last token, if it may be a local part.
    local: Option<Token<'a>>,
    has_domain: bool,
}

impl Authors {
    fn read(&mut self, lexer: &mut Lexer<'_>) -> Result<(), AuthorError> {
        let mut element = Element::default();
        while let Some(token) = next(lexer)? {
            match token {
                // Some readers take it for the rest of the domain.
                Token::Atom([b'.', ..]) if element.has_domain && element.local.is_none() => {
                    return Err(AuthorError::Unreadable);
                }
                Token::Atom(_) | Token::Quoted(_) => {
                    element.words += 1;
                    element.local = Some(token);
                }
                Token::Special(b'@') => {
                    let local = element.local.take().ok_or(AuthorError::Unreadable)?;
                    self.add(&local, lexer)?;
                    element.has_domain = true;
                }
                Token::Special(b'<') => {
                    self.read_bracketed(lexer)?;
                    match next(lexer)? {
                        None => return Ok(()),
                        Some(Token::Special(b',')) => {}
                        Some(Token::Special(b';')) => self.end_group()?,
                        Some(_) => return Err(AuthorError::Unreadable),
                    }
                    element = Element::default();
                }
                Token::Special(b',') => self.end_element(std::mem::take(&mut element))?,
                Token::Special(b':') if !self.is_in_group && !element.has_domain && element.words > 0 => {
                    self.is_in_group = true;
                    self.has_address = true;
                    element = Element::default();
                }
                Token::Special(b';') => {
                    self.end_element(std::mem::take(&mut element))?;
                    self.end_group()?;
                }
                Token::Special(_) => return Err(AuthorError::Unreadable),
            }
        }
        self.end_element(element)?;
        if self.has_address { Ok(()) } else { Err(AuthorError::Unreadable) }
    }

    /// Reads the address after a `<`, up to its `>`.
    fn read_bracketed(&mut self, lexer: &mut Lexer<'_>) -> Result<(), AuthorError> {
        self.has_address = true;
        let mut local: Option<Token<'_>> = None;
        loop {
            let token = next(lexer)?;
            match token {
                Some(Token::Atom(_) | Token::Quoted(_)) if local.is_none() || !lexer.is_apart() => {
                    local.as_ref().map_or(Ok(()), check_local)?;
                    local = token;
                }
                Some(Token::Special(b'>')) => return local.as_ref().map_or(Ok(()), check_local),
                Some(Token::Special(b'@')) => {
                    let local = local.take().ok_or(AuthorError::Unreadable)?;
                    self.add(&local, lexer)?;
                    let is_closed = next(lexer)? == Some(Token::Special(b'>'));
                    return if is_closed { Ok(()) } else { Err(AuthorError::Unreadable) };
                }
                _ => return Err(AuthorError::Unreadable),
            }
        }
    }

    /// Adds the domain that follows an `@`.
    fn add(&mut self, local: &Token<'_>, lexer: &mut Lexer<'_>) -> Result<(), AuthorError> {
        check_local(local)?;
        self.has_address = true;
        let domain = lexer.domain().ok_or(AuthorError::Unreadable)?;
        let domain = domain.filter(|domain| !self.domains.contains(domain));
        if domain.is_some() && self.domains.len() == MAX_DOMAINS {
            return Err(AuthorError::TooManyDomains);
        }
        self.domains.extend(domain);
        Ok(())
    }

    fn end_element(&mut self, element: Element<'_>) -> Result<(), AuthorError> {
        match (element.has_domain, element.local) {
            (false, Some(local)) => {
                self.has_address = true;
                // A name, which has several words or quotes, is not an address.
                let is_atom = matches!(local, Token::Atom(_)) && element.words == 1;
                if is_atom { check_local(&local) } else { Err(AuthorError::Unreadable) }
            }
            _ => Ok(()),
        }
    }

    fn end_group(&mut self) -> Result<(), AuthorError> {
        if std::mem::take(&mut self.is_in_group) { Ok(()) } else { Err(AuthorError::Unreadable) }
    }
}

fn next<'a>(lexer: &mut Lexer<'a>) -> Result<Option<Token<'a>>, AuthorError> {
    lexer.next().ok_or(AuthorError::Unreadable)
}

/// Refuses a local part in which some readers find another address.
fn check_local(local: &Token<'_>) -> Result<(), AuthorError> {
    let is_odd = match local {
        Token::Atom(text) => has_encoded_word(text),
        Token::Quoted(text) => has_encoded_word(text) || text.contains(&b'@'),
        Token::Special(_) => true,
    };
    if is_odd { Err(AuthorError::Unreadable) } else { Ok(()) }
}

fn has_encoded_word(text: &[u8]) -> bool {
    text.windows(2).any(|two| two == b"=?")
}

#[cfg(test)]
mod tests {
    use super::*;
    use AuthorError::{NoField, SeveralFields, TooManyDomains, Unreadable};

    fn domains(field: &str) -> Result<String, AuthorError> {
        author_domains([field]).map(|domains| domains.join(" "))
    }

    #[test]
    fn the_domain_of_one_address_is_that_of_the_author() {
        for field in [
            "bob@bank.example",
            " <bob@bank.example> ",
            "Bob <bob@bank.example>",
            "Bob Q. Public <bob@Bank.EXAMPLE>",
            "\"a@other.example\" <bob@bank.example>",
            "\"x\\\" <a@other.example>\" <bob@bank.example>",
            "=?utf-8?q?a=40other.example?= <bob@bank.example>",
            "=?utf-8?q?Bob?=<bob&co@bank.example>",
            "bob@bank.example (a@other.example)",
            "(a@other.example (<b@other.example>) \\) ) bob@bank.example",
            "Bob (x)\r\n\t<bob(y)@(z)bank.example(.other.example)>",
            "bob@(x)bank.example",
            "[Tickets] Bob <bob@bank.example>",
            "\"b o b\"@bank.example",
            "<\"b.o\".b@bank.example>",
            "J\u{fc}rgen <bob@bank.example>",
            "authors: bob@bank.example, Bob <bob@bank.example>;",
            "Bank: Bob <bob@bank.example>",
            ", bob@bank.example,",
        ] {
            assert_eq!(domains(field).as_deref(), Ok("bank.example"), "{field}");
        }
        assert_eq!(author_domains([b"J\xfcrgen <bob@bank.example>"]), Ok(vec!["bank.example".to_owned()]));
    }

    #[test]
    fn domains_outside_ascii_become_a_labels() {
        for field in ["a@b\u{fc}cher.example", "a@B\u{dc}CHER.example", "a@XN--bcher-kva.example"] {
            assert_eq!(domains(field).as_deref(), Ok("xn--bcher-kva.example"));
        }
        assert_eq!(domains("a@b\u{fc}cher\u{3002}example").as_deref(), Ok("xn--bcher-kva.example"));
        assert_eq!(author_domains([b"a@b\xfccher.example"]), Err(Unreadable));
    }

    #[test]
    fn every_domain_that_a_reader_may_see_counts() {
        for (field, expected) in [
            ("a@a.example, b@b.example", "a.example b.example"),
            ("a@a.example <b@b.example>", "a.example b.example"),
            ("x a@a.example y <b@b.example>", "a.example b.example"),
            ("a@a.example b@b.example", "a.example b.example"),
            ("g: a@a.example, B <b@b.example>;, c@c.example", "a.example b.example c.example"),
            ("g: a@a.example; b@b.example", "a.example b.example"),
            ("root, b@b.example", "b.example"),
        ] {
            assert_eq!(domains(field).as_deref(), Ok(expected), "{field}");
        }
    }

    #[test]
    fn addresses_without_a_domain_have_no_author_domain() {
        for field in
            ["root", "Cron <root>", "<\"root\">", "<>", "nobody:;", "a@[192.0.2.1]", "<a@[IPv6:2001:db8::1]>"]
        {
            assert_eq!(domains(field).as_deref(), Ok(""), "{field}");
        }
    }

    #[test]
    fn a_field_that_readers_read_differently_is_an_error() {
        for field in [
            "",
            " , ",
            "Bob Public",
            "\"Bob\"",
            "=?utf-8?q?ceo=40bank.example?=",
            "<=?utf-8?q?ceo=40bank.example?=@other.example>",
            "<\"=?utf-8?q?ceo=40bank.example?=\"@other.example>",
            "\"ceo@bank.example\"@other.example",
            "<ceo@bank.example",
            "ceo@bank.example>",
            "<ceo@bank.example> <a@other.example>",
            "<ceo@bank.example> a@other.example",
            "<ceo@bank.example> x",
            "<<ceo@bank.example>>",
            "[<ceo@bank.example>] <a@other.example>",
            "<@bank.example:a@other.example>",
            "<@bank.example>",
            "@bank.example",
            "ceo@bank.example@other.example",
            "ceo@",
            "ceo@bank.example.",
            "ceo@bank..example",
            "ceo@bank .example",
            "ceo@\"bank.example\"",
            "ceo@bank_\u{ff20}other.example",
            "ceo@192.0.2.1",
            "<ceo bank@other.example>",
            "\"ceo@bank.example <a@other.example>",
            "(ceo@bank.example <a@other.example>",
            "x) <a@other.example>",
            "ceo@bank.example; a@other.example",
            "g: h: a@other.example;;",
            "ceo@bank.example\0<a@other.example>",
            "\"ceo\0\" <a@other.example>",
            "ceo\\@bank.example <a@other.example>",
            "a\rb <a@other.example>",
            "a\nb <a@other.example>",
            "a@[<ceo@bank.example>]",
            "a@[]",
            "a@[192.0.2.1",
        ] {
            let domains = domains(field);
            // An address literal or a name may stand next to words, but never a second domain.
            assert_eq!(domains, Err(Unreadable), "{field:?}");
        }
    }

    #[test]
    fn no_field_and_several_fields_are_errors() {
        assert_eq!(author_domains::<&str>([]), Err(NoField));
        assert_eq!(author_domains(["a@a.example", "a@a.example"]), Err(SeveralFields));
    }

    #[test]
    fn the_number_of_domains_is_bounded() {
        let list = |count: usize| (0..count).map(|n| format!("a@{n}.example")).collect::<Vec<_>>().join(", ");
        assert_eq!(author_domains([list(10)]).map(|domains| domains.len()), Ok(10));
        assert_eq!(author_domains([list(11)]), Err(TooManyDomains));
        assert_eq!(author_domains(["a@a.example, ".repeat(100_000)]).map(|domains| domains.len()), Ok(1));
    }

    #[test]
    fn deep_nesting_is_read_without_recursion() {
        for text in ["(", "<", "\"", "\\", "g:", "(\\"] {
            assert_eq!(domains(&text.repeat(500_000)), Err(Unreadable));
        }
        let comment = format!("{}{} a@a.example", "(".repeat(500_000), ")".repeat(500_000));
        assert_eq!(domains(&comment).as_deref(), Ok("a.example"));
    }
}
