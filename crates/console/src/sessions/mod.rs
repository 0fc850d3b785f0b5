//! The sessions, open and ended, line by line, in bounded memory.

mod advice;
mod copy;
mod explain;
mod filter;
mod handshake;
mod html;
mod json;
mod kept;
mod list;
mod record;
mod refusal;
mod ring;
mod row;
mod shell;
mod store;
mod summary;
mod transcript;

#[cfg(test)]
mod tests;

pub(crate) use filter::Filter;
pub(crate) use html::{head, list_rows, session_fragment, transcript_rows};
pub(crate) use list::{Listing, State as ListState};
pub(crate) use row::Row;
pub(crate) use store::Sessions;
pub(crate) use summary::Summary;
pub(crate) use transcript::Transcript;
