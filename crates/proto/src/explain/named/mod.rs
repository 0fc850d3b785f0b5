//! Explanations of the standard replies, by their names in the catalogue.
//!
//! # Why
//!
//! They stand apart from the catalogue, so that the conversation does not carry them. Clauses come from it.

mod accepted;
mod authentication;
mod limits;
mod order;
mod refused;
mod syntax;

use super::Explanation;
use crate::reply::catalog::{self, Name};

/// A row of a table: name, title, text.
type Row = (Name, &'static str, &'static str);

const TABLES: [&[Row]; 6] = [
    accepted::ACCEPTED,
    syntax::SYNTAX,
    order::ORDER,
    limits::LIMITS,
    authentication::AUTHENTICATION,
    refused::REFUSED,
];

/// Explains a standard reply by its name.
pub(super) fn named(name: Name) -> Option<Explanation> {
    let &(_, title, text) = TABLES.iter().copied().flatten().find(|(named, ..)| *named == name)?;
    let clause = catalog::all().find(|entry| entry.name == name).map_or("", |entry| entry.clause);
    Some(Explanation::new(title, text, clause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reply_of_the_catalogue_is_explained_once() {
        for entry in catalog::all() {
            let rows = TABLES.iter().copied().flatten().filter(|(name, ..)| *name == entry.name);
            assert_eq!(rows.count(), 1, "explain {} in crates/proto/src/explain/named", entry.name);
        }
    }
}
