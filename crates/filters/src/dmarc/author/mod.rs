//! The domains of the authors in `From:` (RFC 5322 §3.6.2, RFC 6854).
//!
//! # Why
//!
//! Readers disagree about odd fields, and forgers use that: the check sees one author and the reader another. So every
//! domain counts that any reader could take for the author's. Without an address that all of them read alike there is no
//! result.
//!
//! People write sloppy names: `ACME Inc., Support <support@acme.example>` or `Sales @ Joe's <sales@joe.example>`. A name in
//! which no reader can find a domain costs them no mail.

mod lexer;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;

use lexer::{Lexer, Token};

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
    /// Whether an element has no address, such as the first half of a name with a comma.
    has_bare_name: bool,
}

/// One element of the list: an address with its name, as far as it was read.
#[derive(Default)]
struct Element<'a> {
    /// Words that belong to no domain.
    words: usize,
    /// The last token, if it may be a local part.
    local: Option<Token<'a>>,
    has_domain: bool,
    /// Whether some reader could find an address in one of the words.
    has_odd_word: bool,
    /// Whether an `@` belongs to the name, so that the address must follow in `<>`.
    has_at: bool,
}

impl Authors {
    fn read(&mut self, lexer: &mut Lexer<'_>) -> Result<(), AuthorError> {
        let mut element = Element::default();
        while let Some(token) = next(lexer)? {
            match token {
                // Some readers take it for the rest of the domain.
                Token::Atom([b'.', ..])
                    if (element.has_domain || element.has_at) && element.local.is_none() =>
                {
                    return Err(AuthorError::Unreadable);
                }
                Token::Atom(_) | Token::Quoted(_) => {
                    element.words += 1;
                    element.has_odd_word |= check_local(&token).is_err();
                    element.local = Some(token);
                }
                Token::Special(b'@') => {
                    let local = element.local.take();
                    let mut ahead = *lexer;
                    match (&local, ahead.domain()) {
                        (Some(local), Some(_)) => {
                            self.add(local, lexer)?;
                            element.has_domain = true;
                        }
                        _ if !element.has_domain && is_word_without_domain(&next(lexer)?) => {
                            element.has_at = true;
                        }
                        _ => return Err(AuthorError::Unreadable),
                    }
                }
                Token::Special(b'<') => {
                    self.read_bracketed(lexer)?;
                    match next(lexer)? {
                        None => return self.end(),
                        Some(Token::Special(b',')) => {}
                        Some(Token::Special(b';')) => self.end_group()?,
                        Some(_) => return Err(AuthorError::Unreadable),
                    }
                    element = Element::default();
                }
                Token::Special(b',') => self.end_element(std::mem::take(&mut element))?,
                Token::Special(b':')
                    if !self.is_in_group && !element.has_domain && !element.has_at && element.words > 0 =>
                {
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
        self.end()
    }

    /// Ends the field. Without a domain a reader may take a name for the address.
    fn end(&self) -> Result<(), AuthorError> {
        let is_clear = self.has_address && !(self.has_bare_name && self.domains.is_empty());
        if is_clear { Ok(()) } else { Err(AuthorError::Unreadable) }
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

    /// Ends an element without `<>`.
    fn end_element(&mut self, element: Element<'_>) -> Result<(), AuthorError> {
        if element.has_at {
            return Err(AuthorError::Unreadable);
        }
        match (element.has_domain, element.local) {
            (false, Some(_)) if element.has_odd_word => Err(AuthorError::Unreadable),
            (false, Some(local)) => {
                // A name, which has several words or quotes, is not an address.
                let is_atom = matches!(local, Token::Atom(_)) && element.words == 1;
                self.has_address |= is_atom;
                self.has_bare_name |= !is_atom;
                Ok(())
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

/// Returns whether the text after an `@` is a word in which no reader finds a domain that a policy could be for: it has no
/// dot, in any script.
fn is_word_without_domain(token: &Option<Token<'_>>) -> bool {
    let Some(Token::Atom(text)) = token else { return false };
    let is_plain = |c: char| if c.is_ascii() { !matches!(c, '.' | '\\' | '[') } else { c.is_alphabetic() };
    !has_encoded_word(text) && std::str::from_utf8(text).is_ok_and(|text| text.chars().all(is_plain))
}

/// Refuses a local part in which some readers find another address.
fn check_local(local: &Token<'_>) -> Result<(), AuthorError> {
    let is_odd = match local {
        Token::Atom(text) => has_encoded_word(text) || text.contains(&b'\\'),
        Token::Quoted(text) => has_encoded_word(text) || text.contains(&b'@'),
        Token::Special(_) => true,
    };
    if is_odd { Err(AuthorError::Unreadable) } else { Ok(()) }
}

fn has_encoded_word(text: &[u8]) -> bool {
    text.windows(2).any(|two| two == b"=?")
}
