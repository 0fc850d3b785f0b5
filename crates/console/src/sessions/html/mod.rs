//! Sessions as HTML.

mod format;
mod list;
mod refusal;
mod transcript;

pub(crate) use list::list_rows;
pub(crate) use transcript::{head, session_fragment, transcript_rows};
